import { beforeEach, describe, expect, it } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import { SignalMessage } from '../../server/decode/message.ts';
import type { EventSink } from '../../server/events/event-batch.ts';
import { type Learnt, learntKind } from '../../server/events/learnt.ts';
import { areaOfHome } from '../../server/events/plmn.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { formatIso } from '../../server/reference/country-codes.ts';
import { areaTables, HomeAreas } from '../../server/reference/home-areas.ts';
import { parseSegments } from '../../server/reference/number-segments.ts';
import * as c from './core-steps.ts';
import * as s from './steps.ts';

const second = 1_000_000;
const startUs = 1_790_000_000 * second;
const at = (seconds: number) => startUs + seconds * second;
const keys = new Pseudonymiser(s.testKey);
const kindNames = Object.fromEntries(Object.entries(learntKind).map(([name, code]) => [code, name]));
const words = (lo: number, hi: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(lo, 0);
  bytes.writeUInt32LE(hi, 4);
  return bytes.toString('hex');
};
const pseudonym = (domain: 'msisdn' | 'imei', text: string) => keys.hex(domain, text).slice(0, 16);

/** What was learnt, in words. */
class LearntRows extends s.Rows {
  readonly learntRows: string[] = [];

  learnt(row: Readonly<Learnt>): void {
    const of = words(row.subLo, row.subHi);
    const who = [1, 2, 3].find((n) => s.subscriber(n) === of) ?? of;
    const seconds = (row.timeUs - startUs) / second;
    const what =
      row.kind === learntKind.serving
        ? `${row.node} ${formatIso(row.country)}`
        : `${words(row.valueLo, row.valueHi)} ${row.typeAllocationCode}`;
    this.learntRows.push(`${seconds} ${who} ${kindNames[row.kind]} ${what}`);
  }
}

let sink: LearntRows;
let bench: s.Bench;
const benchOf = (to: EventSink & { rows: s.Row[] }, settings: Record<string, unknown> = {}): s.Bench => {
  const config = makeConfig({ where: 'test', settings: { homePlmns: '001-01', connectionsMax: 1_000, ...settings } });
  const base = s.makeBench({ config });
  const correlator = new Correlator({ config, sorted: true, defaultPlmn: 0, pseudonymiser: keys, sink: to });
  return { ...base, correlator, rows: to.rows, play: (...steps) => playTo(correlator, steps) };
};
const message = new SignalMessage();
const playTo = (correlator: Correlator, steps: readonly s.Step[]) => {
  for (const step of steps) {
    s.fill(message, step);
    correlator.message(message);
  }
};
const begin = (settings: Record<string, unknown> = {}) => {
  sink = new LearntRows();
  bench = benchOf(sink, settings);
};
beforeEach(() => begin());

const number = '8613500000021';
const served = (vlr: c.CoreNode, country: string) => `${vlr.title} ${country}`;

describe('what is learnt of a subscriber', () => {
  it('tells its number and its VLR when it registers, and nothing when it says the same again', () => {
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlr, s.imsi(1), { msisdn: number }));
    c.tell(bench, ...c.update(at(60), c.vlrOne, c.hlr, s.imsi(1), { msisdn: number }));
    const kinds = sink.learntRows.map((row) => row.split(' ').slice(1).join(' '));
    expect(kinds).toEqual([`1 msisdn ${pseudonym('msisdn', number)} 0`, `1 serving ${served(c.vlrOne, 'CN')}`]);
    expect(bench.rows).toEqual([]);
  });

  it('tells the next VLR at the answer to its update, and that none serves when a cancel ends it', () => {
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlr, s.imsi(1)));
    c.tell(bench, ...c.update(at(60), c.vlrJapan, c.hlr, s.imsi(1)));
    c.tell(bench, ...c.ask(at(120), c.hlr, c.vlrJapan, c.invoke(c.operation.cancelLocation, s.imsi(1)), c.result()));
    bench.correlator.tick(at(300));
    bench.correlator.flush();
    const rows = sink.learntRows.filter((row) => row.includes('serving')).map((row) => row.split(' '));
    expect(rows.map(([, , , node, country]) => `${node} ${country}`)).toEqual([
      served(c.vlrOne, 'CN'),
      served(c.vlrJapan, 'JP'),
      '0 ',
    ]);
    expect(rows[2][0]).toBe('120');
    expect(Number(rows[1][0])).toBeGreaterThan(60);
  });

  it('tells no VLR where the update is refused', () => {
    c.tell(bench, ...c.update(at(0), c.vlrJapan, c.hlr, s.imsi(1), { error: 8 }));
    expect(sink.learntRows).toEqual([]);
  });

  it('tells a number that goes to another SIM of that one', () => {
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlr, s.imsi(1), { msisdn: number }));
    c.tell(bench, ...c.update(at(60), c.vlrOne, c.hlr, s.imsi(2), { msisdn: number }));
    const rows = sink.learntRows.filter((row) => row.includes('msisdn'));
    expect(rows.map((row) => row.split(' ').slice(1, 4).join(' '))).toEqual([
      `1 msisdn ${pseudonym('msisdn', number)}`,
      `2 msisdn ${pseudonym('msisdn', number)}`,
    ]);
  });

  it('tells the handset once, whatever its software, and another one when the SIM is put into it', () => {
    const connection = (reference: number, timeUs: number, imei: number, imeiDigits: number) =>
      new s.Line(s.bscA, reference, timeUs)
        .open({ ...s.completeLayer3, ...s.cmServiceRequest(1), ...s.imsi(1), ...s.cellOne })
        .confirm()
        .up({ ...s.identityResponse, imei, imeiDigits })
        .clear().steps;
    bench.play(...connection(1, at(0), 35_990_101_000_123, 15));
    bench.play(...connection(2, at(60), 35_990_101_000_123, 16));
    bench.play(...connection(3, at(120), 35_990_102_000_123, 15));
    bench.play(...connection(4, at(180), 0, 15));
    expect(sink.learntRows).toEqual([
      `2 1 handset ${pseudonym('imei', '35990101000123')} 35990101`,
      `122 1 handset ${pseudonym('imei', '35990102000123')} 35990102`,
    ]);
  });

  it('holds nothing for a sink that does not ask', () => {
    const rows = new s.Rows();
    bench = benchOf(rows);
    c.tell(bench, ...c.update(at(0), c.vlrJapan, c.hlr, s.imsi(1), { msisdn: number }));
    expect(rows.rows.map(({ kind }) => kind)).toEqual(['roam-out']);
  });

  it('never holds more handsets than it may, and tells those again that it has let go', () => {
    begin({ handsetsMax: 1_000 });
    const play = (round: number) => {
      for (let n = 0; n < 3_000; n++)
        bench.play(
          ...new s.Line(s.bscA, 1 + (n % 500), at(round * 50_000 + n * 10))
            .open({ ...s.completeLayer3, ...s.cmServiceRequest(1), ...s.imsi(1000 + n), ...s.cellOne })
            .confirm()
            .up({ ...s.identityResponse, imei: 35_990_101_000_000 + n, imeiDigits: 15 })
            .clear().steps,
        );
    };
    play(0);
    expect(sink.learntRows.length).toBe(3_000);
    expect(bench.correlator.stats.faults.get('HANDSET_EVICTED')).toBeGreaterThan(1_500);
    play(1);
    expect(sink.learntRows.length).toBeGreaterThan(3_000);
  });
});

describe('where a subscriber is at home', () => {
  const segments = parseSegments(
    'segments',
    'type,from,to,province,city,area\nmsisdn,1350000,,广东,深圳,755\nimsi,001010000000002,,北京,北京,10\n',
  );
  const areas = new HomeAreas(areaTables(segments.rows));
  const homesOf = (...numbers: [number, string][]) => {
    const homes: number[] = [];
    const to = {
      event: (...row: Parameters<EventSink['event']>) => void homes.push(areaOfHome(row[4])),
      learnt: (row: Readonly<Learnt>) => void homes.push(areaOfHome(row.plmn)),
    };
    const config = makeConfig({ where: 'test', settings: { homePlmns: '001-01', connectionsMax: 1_000 } });
    const correlator = new Correlator({ config, sorted: true, defaultPlmn: 0, areas, pseudonymiser: keys, sink: to });
    const told = { ...bench, correlator };
    for (const [n, msisdn] of numbers)
      c.tell(
        told,
        ...c.ask(
          at(n),
          c.gmsc,
          c.hlr,
          c.invoke(c.operation.sendRoutingInfo, { numbers: { msisdn } }),
          c.result(s.imsi(n)),
        ),
      );
    const line = (n: number) =>
      new s.Line(s.bscA, n, at(100 + n)).open({
        ...s.completeLayer3,
        ...s.cmServiceRequest(1),
        ...s.imsi(n),
        ...s.cellOne,
      });
    playTo(correlator, [...line(1).steps, ...line(2).steps, ...line(3).steps]);
    correlator.flush();
    return homes;
  };

  it('is told by the IMSI, else by the number that MAP tells, from when it does', () => {
    expect(homesOf()).toEqual(expect.arrayContaining([0, 10]));
    expect(homesOf()).not.toContain(755);
    const homes = homesOf([1, '8613500000021'], [2, '8613500000022'], [3, '8190000000021']);
    // Three numbers are learnt; then each has rows of its own.
    expect(homes.slice(0, 3)).toEqual([755, 10, 0]);
    expect(new Set(homes.slice(3))).toEqual(new Set([755, 10, 0]));
  });
});
