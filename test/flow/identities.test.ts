import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import type { CitySimulation } from '../../fixtures/make/types.ts';
import { framePipeline } from '../../server/cli/feed-pipeline.ts';
import { BatchWriter } from '../../server/events/batch-writer.ts';
import { type Domain, Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { formatIso } from '../../server/reference/country-codes.ts';
import { areaTables } from '../../server/reference/home-areas.ts';
import { parseSegments } from '../../server/reference/number-segments.ts';
import { namedQuery } from '../../server/store/queries.ts';
import type { Store } from '../../server/store/types.ts';
import { giveTo } from '../store/tools/give.ts';
import { makeTestDatabase, type TestDatabase, testConfig } from '../store/tools/test-database.ts';

const population = 6_000;
/** By the segments that the simulator gives its IMSIs: 20xx the city, 21xx the province, above that other provinces. */
const segments = parseSegments(
  'segments',
  'type,from,to,province,city,area\nimsi,001012000,001012099,广东,深圳,755\nimsi,001012100,001012199,广东,广州,20\nimsi,001013000,001015999,北京,北京,10\n',
);
const keys = new Pseudonymiser(new Uint8Array(32).fill(9));

/** First 64 bits of a pseudonym as the database has them. */
function key(domain: Domain, text: string): string {
  return String(Buffer.from(keys.hex(domain, text).slice(0, 16), 'hex').readBigInt64LE());
}

interface Change {
  us: number;
  vlr: string;
}

let base: TestDatabase;
let store: Store;
let simulation: CitySimulation;
let events = 0;
let cells = 0;
const phones = new Map<string, number>();
const serving = new Map<number, Change[]>();
const seen = new Set<number>();

beforeAll(async () => {
  base = await makeTestDatabase();
  store = await base.open();
  const frames = openSimulation(
    { population, date: '2026-10-17', from: '18:00', hours: 1 },
    {
      truth: (city) => {
        simulation = city;
        return {
          sighting: (_us, phone, _cell, _what, known) => {
            if (known) seen.add(phone);
          },
          serving: (us, phone, vlr) => {
            const changes = serving.get(phone) ?? [];
            changes.push({ us, vlr });
            serving.set(phone, changes);
          },
        };
      },
    },
  );
  const sink = new BatchWriter();
  const config = testConfig({ homePlmns: '001-01', homeNodePrefixes: '861009' });
  const areas = areaTables(segments.rows);
  const pipeline = framePipeline(frames, { config, sorted: false, sink, pseudonymiser: keys, areas });
  const giver = giveTo(store);
  for (let why = 'more'; why !== 'end'; ) {
    why = await pipeline.run(Number.POSITIVE_INFINITY, 50_000);
    while (sink.waiting > 0) {
      const { batch, newCells } = sink.take();
      newCells.forEach((cgi, i) => {
        giver.addCell(cells + i, { cgi, name: '', lon: null, lat: null, azimuth: null, radio: 'GSM', site: '' });
      });
      cells += newCells.length;
      if (!store.ready) await store.whenReady();
      giver.events(batch);
    }
    await store.flush();
  }
  events = pipeline.counters().events;
  for (let phone = 0; phone < population; phone++) phones.set(key('imsi', simulation.imsi(phone)), phone);
}, 120_000);
afterAll(async () => {
  await store.close();
  await base.remove();
});

const subscribers = () => [...phones.keys()];

test('everybody has their own number and their own handset, for as long as the capture lasts', async () => {
  const rows = await store.sql<{
    sub: string;
    kind: number;
    value: string;
    type_allocation_code: number;
    valid_to: number | null;
  }>(namedQuery('subscriber-identities'), [subscribers()]);
  const told = await store.sql<{ n: number }>('select count(distinct (sub, kind)) as n from identity_told');
  expect(rows.length).toBe(told[0].n);
  const found = { msisdn: new Set<number>(), imei: new Set<number>() };
  for (const { sub, kind, value, type_allocation_code, valid_to } of rows) {
    const phone = phones.get(sub)!;
    const own = kind === 1 ? key('msisdn', simulation.msisdn(phone)) : key('imei', simulation.imei(phone).slice(0, 14));
    expect(value, `${kind} of phone ${phone}`).toBe(own);
    expect(valid_to).toBeNull();
    expect(type_allocation_code).toBe(kind === 1 ? 0 : Number(simulation.imei(phone).slice(0, 8)));
    found[kind === 1 ? 'msisdn' : 'imei'].add(phone);
  }
  // Whoever has registered had their data inserted; handsets are asked for in some connections only.
  const registered = [...serving].filter(([, changes]) => changes.some(({ vlr }) => vlr !== ''));
  const lacking = registered.filter(([phone]) => simulation.homeNetwork(phone) < 0 && !found.msisdn.has(phone));
  expect(lacking.length).toBe(0);
  expect(found.msisdn.size).toBeGreaterThan(registered.length / 2);
  expect(found.imei.size).toBeGreaterThan(seen.size / 4);
});

test('the VLR intervals are those of the simulated registers', async () => {
  const rows = await store.sql<{
    sub: string;
    vlr: number;
    country: number;
    valid_from: number;
    valid_to: number | null;
  }>(namedQuery('subscriber-serving'), [subscribers()]);
  const intervals = new Map<number, string[]>();
  const countries = new Set<string>();
  for (const { sub, vlr, country, valid_from, valid_to } of rows) {
    const phone = phones.get(sub)!;
    intervals.set(phone, [...(intervals.get(phone) ?? []), `${vlr} ${valid_from} ${valid_to}`]);
    countries.add(formatIso(country));
  }
  let compared = 0;
  for (const [phone, changes] of serving) {
    const first = changes[0];
    const expected: string[] = [];
    let open: Change = { us: 0, vlr: '' };
    for (const change of [...changes, { us: null, vlr: '?' }]) {
      if (open.vlr === change.vlr) continue;
      if (open.vlr !== '') expected.push(`${open.vlr} ${open.us} ${change.us}`);
      if (change.us !== null) open = change;
    }
    // What was before the first registration may be known too, from elsewhere; it ends there at the latest.
    const found = (intervals.get(phone) ?? []).filter((line) => Number(line.split(' ')[1]) >= first.us);
    expect(found, `phone ${phone}`).toEqual(expected);
    compared += expected.length;
  }
  expect(compared).toBeGreaterThan(300);
  expect(countries.size).toBeGreaterThan(3);
});

test('what is learnt is no event: events are those that correlation counted', async () => {
  expect(await store.sql('select count(*) as n, max(kind) < 64 as plain from event')).toEqual([
    { n: events, plain: true },
  ]);
});

test('no plain digits of a number or handset stand in the tables', async () => {
  // Pseudonyms below 10^16 are one in a thousand; a plain one of each would make all of them so.
  const [{ share }] = await store.sql<{ share: number }>(
    'select avg((abs(value) < 1e16::bigint)::integer)::float8 as share from identity_told',
  );
  expect(share).toBeLessThan(0.01);
});

test('events and identities carry the home that the imported segments give each SIM', async () => {
  const rows = await store.sql<{ sub: string; area: number }>(
    `select distinct sub::text, plmn >> 21 as area from event where sub <> 0
     union select distinct sub::text, plmn >> 21 from identity_told`,
  );
  expect(new Set(rows.map(({ sub }) => sub)).size).toBe(rows.length);
  const places = new Map<number, number>();
  for (const { sub, area } of rows) {
    const imsi = simulation.imsi(phones.get(sub)!);
    const prefix = imsi.startsWith('00101') ? imsi.slice(5, 7) : '';
    expect(area).toBe(prefix === '' ? 0 : prefix === '20' ? 755 : prefix === '21' ? 20 : 10);
    places.set(area, (places.get(area) ?? 0) + 1);
  }
  expect(places.size).toBe(4);
});
