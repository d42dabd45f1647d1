import { type Config, makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import { part, SignalMessage } from '../../server/decode/message.ts';
import { causeListName, causeValue } from '../../server/events/cause.ts';
import { type EventSink, noCause, type Peer } from '../../server/events/event-batch.ts';
import { eventFlag, eventKinds, outcomes, peerClasses } from '../../server/events/kinds.ts';
import { formatPlmn, parsePlmn } from '../../server/events/plmn.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { formatIso } from '../../server/reference/country-codes.ts';

/** A message to be: what a decoder would fill in. */
export interface Step {
  timeUs: number;
  /** Which BSC: each has one link to its MSC. */
  bsc: Bsc;
  up: boolean;
  fields: Partial<SignalMessage>;
}

export interface Bsc {
  link: number;
  pointCode: number;
  msc: number;
}

export const msc = 185;
export const bscA: Bsc = { link: 1, pointCode: 187, msc };
export const bscB: Bsc = { link: 2, pointCode: 188, msc };
/** Of another MSC, and below it, so that the directions are the other way round. */
export const bscC: Bsc = { link: 3, pointCode: 100, msc: 186 };

export const plmn = parsePlmn('460-00');
export const cellOne = { cellPlmn: plmn, cellLac: 42285, cellCi: 101 };
export const cellTwo = { cellPlmn: plmn, cellLac: 42285, cellCi: 102 };
export const cellThree = { cellPlmn: plmn, cellLac: 42290, cellCi: 103 };
export const asTarget = (cell: typeof cellOne) => ({
  targetCellPlmn: cell.cellPlmn,
  targetCellLac: cell.cellLac,
  targetCellCi: cell.cellCi,
});
export const lai = { laiPlmn: plmn, laiLac: 42285 };
export const cgi = (cell: typeof cellOne) => `${formatPlmn(cell.cellPlmn)}-${cell.cellLac}-${cell.cellCi}`;

export const imsi = (subscriber: number) => ({ imsi: 1_010_000_000_000 + subscriber, imsiDigits: 15 });
export const imsiText = (subscriber: number) => String(imsi(subscriber).imsi).padStart(15, '0');

export const completeLayer3 = { bssmapType: 0x57 };
export const locationUpdatingRequest = { protocolDiscriminator: 5, dtapType: 0x08, locationUpdatingType: 0 };
export const locationUpdatingAccept = { protocolDiscriminator: 5, dtapType: 0x02 };
export const locationUpdatingReject = { protocolDiscriminator: 5, dtapType: 0x04 };
export const tmsiReallocationCommand = { protocolDiscriminator: 5, dtapType: 0x1a };
export const tmsiReallocationComplete = { protocolDiscriminator: 5, dtapType: 0x1b };
export const identityResponse = { protocolDiscriminator: 5, dtapType: 0x19 };
export const authenticationResponse = { protocolDiscriminator: 5, dtapType: 0x14 };
export const authenticationReject = { protocolDiscriminator: 5, dtapType: 0x11 };
export const imsiDetach = { protocolDiscriminator: 5, dtapType: 0x01 };
export const cmServiceRequest = (type: number) => ({ protocolDiscriminator: 5, dtapType: 0x24, cmServiceType: type });
export const cmServiceReject = { protocolDiscriminator: 5, dtapType: 0x22 };
export const pagingResponse = { protocolDiscriminator: 6, dtapType: 0x27 };
export const commonId = { bssmapType: 0x2f };
export const clearCommand = { bssmapType: 0x20, bssmapCause: 9 };
export const clearComplete = { bssmapType: 0x21 };
export const clearRequest = { bssmapType: 0x22, bssmapCause: 1 };
export const call = (dtapType: number, transactionId: number) => ({
  protocolDiscriminator: 3,
  dtapType,
  transactionId,
});
export const sms = (dtapType: number, transactionId: number, rpType = -1) => ({
  protocolDiscriminator: 9,
  dtapType,
  transactionId,
  rpType,
});
export const setup = 0x05;
export const connect = 0x07;
export const connectAcknowledge = 0x0f;
export const disconnect = 0x25;
export const releaseComplete = 0x2a;
export const cpData = 0x01;
export const cpAck = 0x04;

/** Writes the messages of one SCCP connection, a second apart unless told. */
export class Line {
  readonly steps: Step[] = [];
  timeUs: number;
  private readonly bsc: Bsc;
  private readonly bscReference: number;
  mscReference: number;
  private readonly mscOpens: boolean;

  constructor(bsc: Bsc, reference: number, timeUs: number, { mscOpens = false } = {}) {
    this.bsc = bsc;
    this.timeUs = timeUs;
    this.bscReference = reference;
    this.mscReference = reference + 0x8000;
    this.mscOpens = mscOpens;
  }

  wait(us: number): this {
    this.timeUs += us;
    return this;
  }

  open(fields: Partial<SignalMessage>): this {
    const own = this.mscOpens ? this.mscReference : this.bscReference;
    return this.put(!this.mscOpens, { sccpType: 1, sourceLocalReference: own, ...fields });
  }

  confirm(fields: Partial<SignalMessage> = {}): this {
    const [own, other] = this.mscOpens
      ? [this.bscReference, this.mscReference]
      : [this.mscReference, this.bscReference];
    return this.put(this.mscOpens, {
      sccpType: 2,
      sourceLocalReference: own,
      destinationLocalReference: other,
      ...fields,
    });
  }

  up(fields: Partial<SignalMessage>): this {
    return this.put(true, { sccpType: 6, destinationLocalReference: this.mscReference, ...fields });
  }

  down(fields: Partial<SignalMessage>): this {
    return this.put(false, { sccpType: 6, destinationLocalReference: this.bscReference, ...fields });
  }

  clear(): this {
    return this.down(clearCommand).up(clearComplete).release();
  }

  release(): this {
    this.put(false, {
      sccpType: 4,
      sourceLocalReference: this.mscReference,
      destinationLocalReference: this.bscReference,
    });
    return this.put(true, {
      sccpType: 5,
      sourceLocalReference: this.bscReference,
      destinationLocalReference: this.mscReference,
    });
  }

  private put(up: boolean, fields: Partial<SignalMessage>): this {
    this.steps.push({ timeUs: this.timeUs, bsc: this.bsc, up, fields });
    this.timeUs += 1_000_000;
    return this;
  }
}

/** PAGING to a subscriber by IMSI with its TMSI. */
export function paging(timeUs: number, bsc: Bsc, fields: Partial<SignalMessage>): Step {
  return { timeUs, bsc, up: false, fields: { sccpType: 9, bssmapType: 0x52, ...fields } };
}

/** A row in words. */
export interface Row {
  timeUs: number;
  /** First 64 bits of the pseudonym in hexadecimal; '' where unresolved. */
  subscriber: string;
  cell: string;
  plmn: string;
  kind: string;
  outcome: string;
  /** null: none. */
  cause: number | null;
  /** Whose list it is of; '' where there is none. */
  causeOf: string;
  flags: string;
  durationMs: number;
  typeAllocationCode: number;
  /** null: none. */
  peer: { pseudonym: string; class: string; country: string; area: number } | null;
}

export const testKey = new Uint8Array(32).fill(7);
const pseudonymiser = new Pseudonymiser(testKey);

/** What {@link Row.subscriber} says of a subscriber. */
export function subscriber(number: number): string {
  return pseudonymiser.hex('imsi', imsiText(number)).slice(0, 16);
}

/** What {@link Row.peer} says of a number in international form, or of another name. */
export function peer(text: string): string {
  return pseudonymiser.hex('peer', text).slice(0, 16);
}

function wordsText(lo: number, hi: number): string {
  const words = Buffer.alloc(8);
  words.writeUInt32LE(lo, 0);
  words.writeUInt32LE(hi, 4);
  return lo === 0 && hi === 0 ? '' : words.toString('hex');
}

export class Rows implements EventSink {
  readonly rows: Row[] = [];

  event(
    timeUs: number,
    subLo: number,
    subHi: number,
    cell: string,
    home: number,
    kind: number,
    outcome: number,
    cause: number,
    flags: number,
    durationMs: number,
    typeAllocationCode: number,
    _bytes: number,
    _cellSymbol?: number,
    peer?: Readonly<Peer>,
  ): void {
    const names = (Object.entries(eventFlag) as [string, number][]).filter(([, bit]) => flags & bit);
    this.rows.push({
      timeUs,
      subscriber: wordsText(subLo, subHi),
      cell,
      plmn: formatPlmn(home),
      kind: eventKinds[kind],
      outcome: outcomes[outcome],
      cause: cause === noCause ? null : causeValue(cause),
      causeOf: causeListName(cause),
      flags: names.map(([name]) => name).join('+'),
      durationMs,
      typeAllocationCode,
      peer:
        peer === undefined
          ? null
          : {
              pseudonym: wordsText(peer.peerLo, peer.peerHi),
              class: peerClasses[peer.peerClass],
              country: formatIso(peer.country),
              area: peer.area,
            },
    });
  }
}

/** Makes a message what the step says, and nothing else. */
export function fill(message: SignalMessage, step: Step): void {
  message.parts = Object.values(part).reduce((bits: number, bit) => bits | bit, 0);
  message.resetSccp();
  message.timeUs = step.timeUs;
  message.link = step.bsc.link;
  message.opc = step.up ? step.bsc.pointCode : step.bsc.msc;
  message.dpc = step.up ? step.bsc.msc : step.bsc.pointCode;
  message.fromLower = message.opc < message.dpc;
  Object.assign(message, step.fields);
}

export interface Bench {
  correlator: Correlator;
  rows: Row[];
  play(...steps: Step[]): void;
}

export function makeBench(options: { sorted?: boolean; defaultPlmn?: number; config?: Config } = {}): Bench {
  const sink = new Rows();
  const correlator = new Correlator({
    config: options.config ?? makeConfig({ where: 'test', settings: { connectionsMax: 20_000 } }),
    sorted: options.sorted ?? true,
    defaultPlmn: options.defaultPlmn ?? 0,
    pseudonymiser,
    sink,
  });
  const message = new SignalMessage();
  return {
    correlator,
    rows: sink.rows,
    play(...steps) {
      for (const step of steps) {
        fill(message, step);
        correlator.message(message);
      }
    },
  };
}

/** The rows that prove a place, as `time cell subscriber`. */
export function sightings(rows: readonly Row[]): string[] {
  return rows
    .filter((row) => row.flags.includes('sighting'))
    .map((row) => `${row.timeUs / 1_000_000} ${row.cell} ${row.subscriber}`);
}
