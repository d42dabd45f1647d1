import { makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import { SignalMessage } from '../../server/decode/message.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import * as s from '../correlate/steps.ts';
import { type Bench, median } from './bench.ts';

/** The fields of a message that the stream uses, each a column. */
const fields = [
  'timeUs',
  'link',
  'opc',
  'dpc',
  'sccpType',
  'sourceLocalReference',
  'destinationLocalReference',
  'bssmapType',
  'protocolDiscriminator',
  'dtapType',
  'transactionId',
  'cellPlmn',
  'cellLac',
  'cellCi',
  'laiPlmn',
  'laiLac',
  'imsi',
  'imsiDigits',
  'tmsi',
  'locationUpdatingType',
  'cmServiceType',
  'rpType',
] as const;
type Columns = Record<(typeof fields)[number], Float64Array>;

const startUs = 1_790_000_000_000_000;
const bscs = 40;
/** Messages per second of event time: a large city's evening. */
const rate = 10_000;
const perDialogue = 11;

/** The n-th dialogue: a location update, a call or a short message of one of `population` subscribers. */
function dialogue(n: number, population: number, timeUs: number): s.Step[] {
  const phone = n % population;
  const bsc: s.Bsc = { link: n % bscs, pointCode: 1000 + (n % bscs), msc: 500 };
  const cell = { cellPlmn: s.plmn, cellLac: 100 + (n % bscs), cellCi: (n * 7919) % 250 };
  const area = { laiPlmn: s.plmn, laiLac: cell.cellLac };
  const round = Math.floor(n / population);
  const before = (round * population + phone) >>> 0;
  const line = new s.Line(bsc, n & 0x7fff, timeUs);
  switch (n % 3) {
    case 0:
      return line
        .open({ ...s.completeLayer3, ...cell, ...s.locationUpdatingRequest, ...area, tmsi: before })
        .confirm()
        .down({ ...s.commonId, ...s.imsi(phone + 1) })
        .down({ ...s.locationUpdatingAccept, ...area, tmsi: before + population })
        .up(s.tmsiReallocationComplete)
        .clear().steps;
    case 1:
      return line
        .open({ ...s.completeLayer3, ...cell, ...s.cmServiceRequest(1), tmsi: before })
        .confirm()
        .down({ ...s.commonId, ...s.imsi(phone + 1) })
        .up(s.call(s.setup, 0))
        .down(s.call(s.connect, 8))
        .up(s.call(s.connectAcknowledge, 0))
        .up({ bssmapType: 0x17, ...cell, cellCi: cell.cellCi + 1 })
        .up(s.call(s.disconnect, 0))
        .up(s.call(s.releaseComplete, 0))
        .clear().steps;
    default:
      return [
        s.paging(timeUs - 500_000, bsc, { ...s.imsi(phone + 1), tmsi: before }),
        ...line
          .open({ ...s.completeLayer3, ...cell, ...s.pagingResponse, tmsi: before })
          .confirm()
          .down(s.sms(s.cpData, 0, 1))
          .up(s.sms(s.cpData, 8, 2))
          .down(s.sms(s.cpAck, 0))
          .clear().steps,
      ];
  }
}

/** `count` messages of dialogues that interleave, in order of time, as columns. */
function makeStream(count: number, population: number): Columns {
  const blank = new SignalMessage();
  const columns = Object.fromEntries(fields.map((field) => [field, new Float64Array(count)])) as Columns;
  const order: { timeUs: number; at: number }[] = [];
  for (let n = 0; order.length < count; n++) {
    for (const step of dialogue(n, population, startUs + Math.floor((n * perDialogue * 1_000_000) / rate))) {
      const at = order.length;
      if (at === count) break;
      order.push({ timeUs: step.timeUs, at });
      const message: Partial<SignalMessage> = {
        timeUs: step.timeUs,
        link: step.bsc.link,
        opc: step.up ? step.bsc.pointCode : step.bsc.msc,
        dpc: step.up ? step.bsc.msc : step.bsc.pointCode,
        ...step.fields,
      };
      for (const field of fields) columns[field][at] = message[field] ?? blank[field];
    }
  }
  order.sort((a, b) => a.timeUs - b.timeUs || a.at - b.at);
  return Object.fromEntries(
    fields.map((field) => [field, Float64Array.from(order, ({ at }) => columns[field][at])]),
  ) as Columns;
}

export interface CorrelateFigures {
  messagesPerSecond: number;
  bytesPerConnection: number;
  bytesPerTmsi: number;
  events: number;
  orphans: number;
  openConnectionsMax: number;
}

/**
 * Messages per second of correlation alone, on one core: a stream of dialogues that interleave, copied from columns
 * into the reusable record (which counts), rows to a sink that adds them up. Median of several runs over one stream.
 */
export function benchCorrelate(options: { messages: number; population?: number; runs?: number }): CorrelateFigures {
  const { messages, population = 200_000, runs = 5 } = options;
  const stream = makeStream(messages, population);
  const config = makeConfig({ where: 'bench', settings: {} });
  const rates: number[] = [];
  let figures: Omit<CorrelateFigures, 'messagesPerSecond'> | undefined;
  // One for all runs, as in a server that has been up for a while.
  const pseudonymiser = new Pseudonymiser(s.testKey);
  for (let run = 0; run < runs + 2; run++) {
    let sum = 0;
    const correlator = new Correlator({
      config,
      sorted: false,
      defaultPlmn: s.plmn,
      pseudonymiser,
      sink: {
        event(timeUs, subLo, _subHi, cgi) {
          sum += timeUs + subLo + cgi.length;
        },
      },
    });
    let openConnectionsMax = 0;
    let memory = correlator.memory();
    const m = new SignalMessage();
    const begunMs = performance.now();
    for (let i = 0; i < messages; i++) {
      fill(m, stream, i);
      correlator.message(m);
      if ((i & 0xffff) === 0xffff && correlator.stats.openConnections > openConnectionsMax) {
        openConnectionsMax = correlator.stats.openConnections;
        memory = correlator.memory();
      }
    }
    const seconds = (performance.now() - begunMs) / 1000;
    if (!Number.isFinite(sum)) throw new Error('the sink got no numbers');
    if (run >= 2) rates.push(messages / seconds);
    const { events, orphans } = correlator.stats;
    figures = { ...memory, bytesPerTmsi: correlator.memory().bytesPerTmsi, events, orphans, openConnectionsMax };
  }
  return { messagesPerSecond: median(rates), ...figures! };
}

function fill(m: SignalMessage, stream: Columns, i: number): void {
  m.timeUs = stream.timeUs[i];
  m.link = stream.link[i];
  m.opc = stream.opc[i];
  m.dpc = stream.dpc[i];
  m.fromLower = m.opc < m.dpc;
  m.sccpType = stream.sccpType[i];
  m.sourceLocalReference = stream.sourceLocalReference[i];
  m.destinationLocalReference = stream.destinationLocalReference[i];
  m.bssmapType = stream.bssmapType[i];
  m.protocolDiscriminator = stream.protocolDiscriminator[i];
  m.dtapType = stream.dtapType[i];
  m.transactionId = stream.transactionId[i];
  m.cellPlmn = stream.cellPlmn[i];
  m.cellLac = stream.cellLac[i];
  m.cellCi = stream.cellCi[i];
  m.laiPlmn = stream.laiPlmn[i];
  m.laiLac = stream.laiLac[i];
  m.imsi = stream.imsi[i];
  m.imsiDigits = stream.imsiDigits[i];
  m.tmsi = stream.tmsi[i];
  m.locationUpdatingType = stream.locationUpdatingType[i];
  m.cmServiceType = stream.cmServiceType[i];
  m.rpType = stream.rpType[i];
}

export const correlateBench: Bench = {
  name: 'correlate',
  meaning:
    'messages per second of following connections and subscribers alone, on one core; memory of what is followed',
  async run(scale) {
    const figures = benchCorrelate(scale === 'full' ? { messages: 1_000_000 } : { messages: 5_000, runs: 1 });
    return [
      { key: 'correlate.messagesPerS', value: figures.messagesPerSecond, unit: 'messages/s' },
      { key: 'correlate.bytesPerConnection', value: figures.bytesPerConnection, unit: 'bytes' },
      { key: 'correlate.bytesPerTmsi', value: figures.bytesPerTmsi, unit: 'bytes' },
    ];
  },
};
