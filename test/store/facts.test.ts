import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayUs, hourUs, minuteUs } from '../../server/clock.ts';
import { eventFlag, kindCode, peerClassCode } from '../../server/events/kinds.ts';
import { packPlmn } from '../../server/events/plmn.ts';
import { packIso } from '../../server/reference/country-codes.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { namedQuery } from '../../server/store/queries.ts';
import { openPlainDatabase, type PlainDatabase } from './tools/plain-database.ts';

/** Local midnight of 2026-06-08 in China, µs. */
const startUs = Date.UTC(2026, 5, 7, 16) * 1000;
const days = 3;
const home = packPlmn(460, 0, 2);
const kinds = [...Object.values(kindCode)];
const calls = [kindCode['mo call'], kindCode['mt call'], kindCode['emergency call']];

interface Row {
  us: number;
  sub: number;
  kind: number;
  flags: number;
  durationMs: number;
  bytes: number;
  peer: number;
  peerClass: number;
  country: number;
  area: number;
  handset: number;
}

function makeRows(n: number, seed: number): Row[] {
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  return Array.from({ length: n }, () => {
    const kind = kinds[random(kinds.length)];
    const told = kind >= 4 && kind <= 8 && random(4) > 0;
    const abroad = random(9) === 0;
    const peer = told ? 100 + random(6) : 0;
    return {
      us: startUs + (random(days * 24 * 60) * 60 + random(60)) * 1e6 + random(1_000_000),
      sub: random(13),
      kind,
      flags: kind === 0 ? eventFlag.sighting : random(5) === 0 ? eventFlag.sampledTraffic : eventFlag.traffic,
      durationMs: random(100_000),
      bytes: kind === kindCode.data ? random(1_000_000) : 0,
      peer,
      peerClass: told ? 1 + (peer % 5) : 0,
      country: told ? packIso(abroad ? 'JP' : 'CN') : 0,
      area: told && !abroad ? [755, 20, 1_380_013, 1_390_755][random(4)] : 0,
      handset: 35_000_000 + random(2),
    };
  });
}

let store: PlainDatabase;
const given: Row[] = [];

/** As the writer does it: the rows and the marks of their hours, in one transaction there. */
async function put(rows: readonly Row[]): Promise<void> {
  given.push(...rows);
  const column = (of: (row: Row) => unknown) => rows.map(of);
  await store.sql(
    `insert into event (ts, sub, bytes, cell_id, plmn, duration_ms, type_allocation_code, kind, outcome, cause, flags,
       peer, area, peer_class, country)
     select ts, sub, bytes, 1, $12::integer, duration_ms, handset, kind, 1, -1, flags, peer, area, peer_class, country
     from unnest($1::timestamptz[], $2::bigint[], $3::bigint[], $4::integer[], $5::integer[], $6::smallint[],
       $7::smallint[], $8::bigint[], $9::integer[], $10::smallint[], $11::smallint[])
       as e (ts, sub, bytes, duration_ms, handset, kind, flags, peer, area, peer_class, country)`,
    [
      column(({ us }) => timestampUs(us)),
      column(({ sub }) => sub),
      column(({ bytes }) => bytes),
      column(({ durationMs }) => durationMs),
      column(({ handset }) => handset),
      column(({ kind }) => kind),
      column(({ flags }) => flags),
      column(({ peer }) => peer),
      column(({ area }) => area),
      column(({ peerClass }) => peerClass),
      column(({ country }) => country),
      home,
    ],
  );
  const hours = [...new Set(rows.map(({ us }) => Math.floor(us / hourUs) * hourUs))];
  await store.sql(namedQuery('facts-mark-hours'), [hours.map(timestampUs)]);
}

const maintainUntil = (us: number) => store.maintain(us);

const dayOf = (us: number) => Math.floor((us - startUs) / dayUs);
const dateOf = (day: number) => `2026-06-${String(8 + day).padStart(2, '0')}`;
const isTraffic = ({ flags }: Row) => (flags & (eventFlag.traffic | eventFlag.sampledTraffic)) !== 0;

/** What subscriber_day must hold, in plain loops. */
function expectedDays(): Map<string, Record<string, number>> {
  const rows = new Map<string, Record<string, number>>();
  const peers = new Map<string, Set<number>>();
  for (const row of given) {
    if (row.sub === 0) continue;
    const key = `${row.sub} ${dateOf(dayOf(row.us))}`;
    const fact = rows.get(key) ?? {
      first_seen: row.us,
      last_seen: row.us,
      call_ms: 0,
      bytes: 0,
      mo_calls: 0,
      mt_calls: 0,
      mo_sms: 0,
      mt_sms: 0,
      off_net: 0,
      detaches: 0,
      peers: 0,
    };
    rows.set(key, fact);
    fact.first_seen = Math.min(fact.first_seen, row.us);
    fact.last_seen = Math.max(fact.last_seen, row.us);
    if (!isTraffic(row)) continue;
    if (calls.includes(row.kind)) fact.call_ms += row.durationMs;
    fact.bytes += row.bytes;
    if (row.kind === kindCode['mo call'] || row.kind === kindCode['emergency call']) fact.mo_calls++;
    if (row.kind === kindCode['mt call']) fact.mt_calls++;
    if (row.kind === kindCode['mo sms']) fact.mo_sms++;
    if (row.kind === kindCode['mt sms']) fact.mt_sms++;
    if (row.kind === kindCode.detach) fact.detaches++;
    const ofTwo = [4, 5, 7, 8].includes(row.kind);
    if (ofTwo && row.peerClass === peerClassCode['off-net']) fact.off_net++;
    if (ofTwo && row.peer !== 0) {
      peers.set(key, (peers.get(key) ?? new Set()).add(row.peer));
      fact.peers = peers.get(key)!.size;
    }
  }
  return rows;
}

async function storedDays(): Promise<Map<string, Record<string, number>>> {
  const rows = await store.sql<{ sub: number; day: string } & Record<string, number>>(
    'select *, day::text from subscriber_day',
  );
  return new Map(rows.map(({ sub, day, ...fact }) => [`${sub} ${day}`, fact]));
}

beforeAll(async () => {
  store = await openPlainDatabase();
  await store.sql('insert into number_segment values (1380013, 10)');
  await store.sql(
    `insert into city_gauge (ts, every_ms, present, events_kept, events_one_in)
     select g, 3600000, 1, true, case when g < $2::timestamptz then 1 else 16 end
     from generate_series($1::timestamptz, $1::timestamptz + interval '3 days' - interval '1 hour', interval '1 hour') g`,
    [timestampUs(startUs), timestampUs(startUs + 36 * hourUs)],
  );
});
afterAll(async () => {
  await store.remove();
});

test('a day of a subscriber is counted once it is over, and not before', async () => {
  await put(makeRows(4_000, 1));
  await maintainUntil(startUs + dayUs);
  expect((await storedDays()).size).toBe(0);
  await maintainUntil(startUs + days * dayUs + 2 * hourUs);
  expect(await storedDays()).toEqual(expectedDays());
});

test('late rows are in their day after the next upkeep, and a mark that was left over changes nothing', async () => {
  await put(makeRows(150, 77));
  await maintainUntil(startUs + days * dayUs + 2 * hourUs + minuteUs);
  expect(await storedDays()).toEqual(expectedDays());
  const before = await store.sql('select * from identity_month order by sub, type_allocation_code');
  const hours = Array.from({ length: days * 24 }, (_, i) => timestampUs(startUs + i * hourUs));
  await store.sql(namedQuery('facts-mark-hours'), [hours]);
  await maintainUntil(startUs + days * dayUs + 2 * hourUs + 2 * minuteUs);
  expect(await storedDays()).toEqual(expectedDays());
  expect(await store.sql('select * from identity_month order by sub, type_allocation_code')).toEqual(before);
  expect(await store.sql('select count(*) as n from fact_dirty')).toEqual([{ n: 0 }]);
});

test('calls and messages go to the place called: an area code, that of a known segment, unknown, or abroad', async () => {
  const rows = await store.sql<{ area_code: number | null; calls: number; sms: number }>(
    'select area_code, sum(calls) as calls, sum(sms) as sms from subscriber_day_area group by 1 order by 1',
  );
  const expected = [0, 10, 20, 755, null].map((place) => {
    const there = given.filter((row) => {
      if (row.sub === 0 || !isTraffic(row) || ![4, 5, 7, 8].includes(row.kind) || row.peer === 0) return false;
      if (row.country !== packIso('CN')) return place === 0;
      return place === (row.area < 1000 ? row.area : row.area === 1_380_013 ? 10 : null);
    });
    const n = (...of: number[]) => there.filter(({ kind }) => of.includes(kind)).length;
    return { area_code: place, calls: n(4, 5), sms: n(7, 8) };
  });
  expect(rows).toEqual(expected);
});

test('home and handset of a subscriber hold from when to when they were seen', async () => {
  const rows = await store.sql<{ sub: number; handset: number; first_seen: number; last_seen: number }>(
    `select sub, type_allocation_code as handset, first_seen, last_seen from identity_interval where plmn = $1 order by 1, 2`,
    [home],
  );
  expect(rows.length).toBe(24);
  for (const row of rows) {
    const own = given.filter(({ sub, handset }) => sub === row.sub && handset === row.handset).map(({ us }) => us);
    expect([row.first_seen, row.last_seen]).toEqual([Math.min(...own), Math.max(...own)]);
  }
});

test('registrations abroad follow one another without a gap, and the newest lasts', async () => {
  const rows = await store.sql<{ sub: number; kind: number; valid_from: number; valid_to: number }>(
    'select * from serving_interval order by sub, valid_from',
  );
  expect(rows.length).toBe(given.filter(({ sub, kind }) => sub !== 0 && kind >= kindCode['roam-out']).length);
  rows.forEach((row, i) => {
    const next = rows[i + 1];
    expect(row.valid_to).toBe(next?.sub === row.sub ? next.valid_from : Infinity);
  });
});

test('how many subscribers a day is known of stands beside it: unknown is not zero', async () => {
  expect(await store.sql('select day::text, events_one_in from fact_day order by day')).toEqual([
    { day: dateOf(0), events_one_in: 1 },
    { day: dateOf(1), events_one_in: null },
    { day: dateOf(2), events_one_in: 16 },
  ]);
  const days = (sub: number) =>
    store.sql<{ known: boolean; mo_calls: number | null }>(namedQuery('subscriber-days'), [
      sub,
      dateOf(0),
      dateOf(3),
      sub,
    ]);
  // 13 has no event at all: none on the day of which all are kept, unknown on the others.
  expect((await days(13)).map(({ known, mo_calls }) => [known, mo_calls])).toEqual([
    [true, 0],
    [false, null],
    [false, null],
    [false, null],
  ]);
  // 16 is of the sample of one in sixteen.
  expect((await days(16)).map(({ known, mo_calls }) => [known, mo_calls])).toEqual([
    [true, 0],
    [false, null],
    [true, 0],
    [false, null],
  ]);
});

test('a day of which the server ran only part is not known', async () => {
  const start = timestampUs(startUs - 5 * dayUs);
  const known = async () => {
    await store.sql(namedQuery('facts-day-known'), [start, 'Asia/Shanghai']);
    return await store.sql('select events_one_in from fact_day where day = $1', [dateOf(-5)]);
  };
  const count = (from: number, to: number) =>
    store.sql(
      `insert into city_gauge (ts, every_ms, present, events_kept, events_one_in)
       select $1::timestamptz + make_interval(mins => m), 60000, 1, true, 1 from generate_series($2::integer, $3) as m`,
      [start, from, to],
    );
  expect(await known()).toEqual([{ events_one_in: null }]);
  await count(0, 700);
  await count(702, 24 * 60 - 1);
  expect(await known()).toEqual([{ events_one_in: null }]);
  await count(701, 701);
  expect(await known()).toEqual([{ events_one_in: 1 }]);
  await store.sql('delete from fact_day where day = $1', [dateOf(-5)]);
});

test('when the events of a day are gone its other parties are added to the month, each once', async () => {
  const months = () =>
    store.sql<Record<string, number>>(namedQuery('peer-months'), [3, '2026-06-01', '2026-06-01', 'Asia/Shanghai']);
  const before = await months();
  const own = given.filter(
    (row) => row.sub === 3 && isTraffic(row) && row.peer !== 0 && [4, 5, 7, 8].includes(row.kind),
  );
  expect(before.reduce((sum, row) => sum + row.mo_calls + row.mt_calls + row.mo_sms + row.mt_sms, 0)).toBe(own.length);
  expect(before.length).toBe(new Set(own.map(({ peer }) => peer)).size);
  await maintainUntil(startUs + 12 * dayUs);
  await maintainUntil(startUs + 12 * dayUs + hourUs);
  expect(await store.sql('select count(*) as n from event')).toEqual([{ n: 0 }]);
  const [{ open, folded }] = await store.sql<{ open: number; folded: number }>(
    'select (select count(*) from peer_hour) as open, (select count(*) from peer_month) as folded',
  );
  expect(folded).toBeGreaterThan(0);
  expect(open).toBeGreaterThan(0);
  expect(await months()).toEqual(before);
  // No chunk stays behind without a row.
  const chunks = await store.sql(
    `select chunk_name from timescaledb_information.chunks
     where hypertable_name = 'peer_hour' and range_end <= (select min(ts) from peer_hour)`,
  );
  expect(chunks).toEqual([]);
  // A row that comes now finds its hour gone: the day stays as it was.
  const stored = await storedDays();
  await put(makeRows(5, 5).map((row) => ({ ...row, us: startUs + hourUs })));
  await maintainUntil(startUs + 12 * dayUs + 2 * hourUs);
  expect(await storedDays()).toEqual(stored);
});

test('facts of a day go after thirteen months, months of other parties after seven', async () => {
  const [{ n }] = await store.sql<{ n: number }>('select count(*) as n from subscriber_day');
  expect(n).toBeGreaterThan(0);
  await maintainUntil(startUs + 230 * dayUs);
  await maintainUntil(startUs + 250 * dayUs);
  expect(await store.sql('select count(*) as n from peer_month')).toEqual([{ n: 0 }]);
  expect(await store.sql('select count(*) as n from subscriber_day')).toEqual([{ n }]);
  await maintainUntil(startUs + 410 * dayUs);
  expect(await store.sql('select count(*) as n from subscriber_day')).toEqual([{ n: 0 }]);
  expect(await store.sql('select count(*) > 0 as kept from identity_month')).toEqual([{ kept: true }]);
});
