import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayUs, systemClock } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { EventBatch, noCause, noCell } from '../../server/events/event-batch.ts';
import { learntKind } from '../../server/events/learnt.ts';
import { packPlmn } from '../../server/events/plmn.ts';
import { packIso } from '../../server/reference/country-codes.ts';
import { Intake } from '../../server/store/intake.ts';
import { namedQuery } from '../../server/store/queries.ts';
import { openPlainDatabase, type PlainDatabase } from './tools/plain-database.ts';

const startUs = Date.UTC(2024, 5, 1) * 1000;
const subscribers = 12;

interface Told {
  us: number;
  sub: number;
  kind: number;
  value: number;
}

/** Few times, numbers and handsets, so that moments, owners and repeats coincide often. */
function makeTold(n: number): Told[] {
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  return Array.from({ length: n }, () => ({
    us: startUs + random(60) * 1e6,
    sub: 1 + random(subscribers),
    kind: 1 + random(2),
    value: random(9),
  }));
}

/** Who has what, a moment after the other: the tellings of a moment in the order of what they tell, and of whom. */
function intervalsOf(told: readonly Told[]): string[] {
  const open = new Map<string, { value: number; us: number }>();
  const found: string[] = [];
  const end = (sub: number, kind: number, us: number) => {
    const held = open.get(`${sub} ${kind}`);
    open.delete(`${sub} ${kind}`);
    if (held !== undefined && held.us < us) found.push(`${sub} ${kind} ${held.value} ${held.us} ${us}`);
  };
  const inOrder = [...told].sort((a, b) => a.us - b.us || a.value - b.value || a.sub - b.sub);
  for (const { us, sub, kind, value } of inOrder) {
    const held = open.get(`${sub} ${kind}`);
    if (kind === 1)
      for (let other = 1; other <= subscribers; other++)
        if (other !== sub && open.get(`${other} 1`)?.value === value) end(other, 1, us);
    if (held?.value === value) continue;
    end(sub, kind, us);
    if (value !== 0) open.set(`${sub} ${kind}`, { value, us });
  }
  for (const [key, { value, us }] of open) found.push(`${key} ${value} ${us} null`);
  return found.sort();
}

let store: PlainDatabase;
const told = makeTold(600);

const insert = (rows: readonly Told[]) =>
  store.sql(
    `insert into identity_told (ts, sub, value, plmn, type_allocation_code, kind)
     select to_timestamp((r->>'us')::bigint / 1000000), (r->>'sub')::bigint, (r->>'value')::bigint, 0, 0, (r->>'kind')::smallint
     from jsonb_array_elements($1::jsonb) as r`,
    [JSON.stringify(rows)],
  );
const held = async (subs: readonly number[]) => {
  const rows = await store.sql<Record<string, number | string | null>>(namedQuery('subscriber-identities'), [subs]);
  return rows.map((r) => `${r.sub} ${r.kind} ${r.value} ${r.valid_from} ${r.valid_to}`).sort();
};
const everybody = Array.from({ length: subscribers }, (_, i) => i + 1);

beforeAll(async () => {
  store = await openPlainDatabase();
  // Late, twice, in any order: so they were made.
  await insert(told);
  await insert(told.slice(0, 100));
});
afterAll(() => store.remove());

test('numbers and handsets have the intervals that a plain walk over all that was told gives, however late it came', async () => {
  expect(await held(everybody)).toEqual(intervalsOf(told));
  const few = intervalsOf(told).filter((line) => /^[37] /.test(line));
  expect(await held([3, 7])).toEqual(few);
  expect(few.length).toBeGreaterThan(20);
});

test('an older message that comes late never closes a newer interval', async () => {
  const sub = 900;
  const say = (s: number, value: number) => insert([{ us: startUs + s * 1e6, sub, kind: 1, value }]);
  const line = (value: number, from: number, to: number | null) =>
    `${sub} 1 ${value} ${startUs + from * 1e6} ${to === null ? null : startUs + to * 1e6}`;
  await say(10, 901);
  await say(50, 901);
  await say(30, 902);
  expect(await held([sub])).toEqual([line(901, 10, 30), line(902, 30, 50), line(901, 50, null)].sort());
});

test('a VLR serves until another one or none does; countries join what follows without a change', async () => {
  const row = (s: number, vlr: number, country: string) =>
    `(to_timestamp(${startUs / 1e6 + s}), 5, ${vlr}, 0, 0, ${packIso(country)})`;
  await store.sql(`insert into serving_told (ts, sub, vlr, plmn, network, country) values
    ${[row(60, 0, ''), row(0, 11, 'CN'), row(40, 22, 'JP'), row(20, 12, 'CN'), row(30, 12, 'CN'), row(90, 22, 'JP')].join()}`);
  const us = (s: number | null) => (s === null ? null : startUs + s * 1e6);
  const rows = await store.sql<Record<string, number | null>>(namedQuery('subscriber-serving'), [[5]]);
  expect(rows.map(({ vlr, valid_from, valid_to }) => [vlr, valid_from, valid_to])).toEqual([
    [11, us(0), us(20)],
    [12, us(20), us(40)],
    [22, us(40), us(60)],
    [22, us(90), us(null)],
  ]);
  expect(
    await store.sql(
      `select country, valid_from, nullif(valid_to, 'infinity') as valid_to from serving_country_interval
       where sub = 5 order by valid_from`,
    ),
  ).toEqual([
    { country: packIso('CN'), valid_from: us(0), valid_to: us(40) },
    { country: packIso('JP'), valid_from: us(40), valid_to: us(60) },
    { country: packIso('JP'), valid_from: us(90), valid_to: us(null) },
  ]);
});

test('what is told again before its rows go holds on; what is over for 25 months is forgotten', async () => {
  const before = await held(everybody);
  await store.sql('insert into identity_told values (to_timestamp($1), 77, 770, 0, 0, 2)', [
    startUs / 1e6 + 700 * 86_400,
  ]);
  await store.maintain(startUs + 830 * dayUs);
  await store.maintain(startUs + 830 * dayUs);
  expect(await store.sql('select 1 from identity_told where ts < to_timestamp($1)', [startUs / 1e6 + 60])).toEqual([]);
  const open = (lines: readonly string[]) =>
    lines.filter((line) => line.endsWith('null')).map((line) => line.split(' ').slice(0, 3).join(' '));
  expect(open(await held(everybody))).toEqual(open(before));
  expect((await held(everybody)).every((line) => line.endsWith('null'))).toBe(true);
  expect(await store.sql('select vlr from serving_vlr_interval where sub = 5')).toEqual([{ vlr: 22 }]);
});

test('rows of what was learnt are stored in their tables and in no others', async () => {
  const intake = new Intake(makeConfig({ where: 'test', settings: { keepEvents: 'off' } }), systemClock);
  const batch = new EventBatch(8);
  const value = { peerLo: 3, peerHi: 4, peerClass: 0, country: 0, area: 0 };
  const vlr = { peerLo: 0, peerHi: 0, peerClass: 0, country: packIso('JP'), area: packPlmn(440, 10, 2) };
  batch.push(startUs, 1, 2, noCell, 5, learntKind.msisdn, 0, noCause, 0, 0, 0, 0, value);
  batch.push(startUs, 1, 2, noCell, 5, learntKind.handset, 0, noCause, 0, 0, 35_000_000, 0, value);
  batch.push(startUs, 1, 2, noCell, 5, learntKind.serving, 0, noCause, 0, 0, 0, 819_000_001_000_100, vlr);
  const position = { identity: 'a', number: 0, epoch: 0, seq: 3, eventUs: startUs, clockUs: startUs, firstUs: startUs };
  intake.take({ k: 'batch', position, rowsBefore: 0, batch }, 100);
  intake.hurry();
  const { copies } = intake.head()!;
  expect(
    Object.entries(copies)
      .filter(([, rows]) => rows.rows > 0)
      .map(([table, rows]) => [table, rows.rows]),
  ).toEqual([
    ['identity_told', 2],
    ['serving_told', 1],
  ]);
});
