import { afterEach, expect, test } from 'vitest';
import type { RegionsChange } from '../../server/core/region-editor.ts';
import { UserError } from '../../server/errors.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import type { PastQuestion } from '../../server/store/region-past.ts';
import type { RegionPast } from '../../shared/protocol.ts';
import type { RegionCrowd } from '../../shared/region-answers.ts';
import { jsonOf, request, startTestServer, type TestServer } from '../tools/push-server.ts';

const open: TestServer[] = [];
afterEach(async () => {
  for (const it of open.splice(0)) await it.server.close();
});

const square = [
  [
    [113, 23],
    [113.1, 23],
    [113.1, 23.1],
    [113, 23.1],
    [113, 23],
  ],
];
const feature = (properties: object, coordinates: unknown = square) => ({
  type: 'Feature',
  properties,
  geometry: { type: 'Polygon', coordinates },
});
const collection = (...features: object[]) => JSON.stringify({ type: 'FeatureCollection', features });

class Editor {
  regions: Region[] = [];
  set = async (regions: readonly Region[]): Promise<RegionsChange> => {
    this.regions = [...regions];
    return { version: 2, regions: regions.length, fromUs: 1_000_000, warnings: ['r9 has no cell'] };
  };
}

async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  const it = await startTestServer(options);
  open.push(it);
  return it;
}

interface Answer {
  status: number;
  body: { error?: { code: string; message: string } } & Record<string, unknown>;
  headers: Headers;
}

async function put(
  it: TestServer,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${it.server.port}/api/regions`, {
    method: 'PUT',
    body,
    headers: { 'content-type': 'application/geo+json', ...headers },
  });
  return { status: answer.status, body: (await answer.json()) as Answer['body'], headers: answer.headers };
}

test('a set of regions is taken in as a file of them is, and given back in the form in which it can be sent again', async () => {
  const editor = new Editor();
  const it = await start({ editor });
  const cells = { type: 'Feature', properties: { id: 'list', kind: 'odd', cells: ['460-00-1-*'] }, geometry: null };
  const sent = collection(feature({ id: 'stadium', name: '体育场', kind: 'venue', capacity: 60000 }), cells);
  const answer = await put(it, sent);
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ version: 2, regions: 2, fromUs: 1_000_000 });
  expect(answer.body.warnings).toEqual([expect.stringContaining("list ('odd')"), 'r9 has no cell']);
  const [stadium, list] = editor.regions;
  expect(stadium).toMatchObject({ id: 'stadium', name: '体育场', capacity: 60000, polygons: [square], cells: null });
  expect(list).toMatchObject({ id: 'list', polygons: null, cells: ['460-00-1-*'] });

  const given = await request(it.server.port, '/api/regions.geojson');
  expect(given.headers.get('content-type')).toBe('application/geo+json');
  const before = structuredClone(editor.regions);
  expect((await put(it, given.body.toString(), { 'content-type': 'application/json' })).status).toBe(200);
  expect(editor.regions).toEqual(before);
});

test.each([
  ['not JSON at all', '{"type":\n"Feature', 'REGIONS_JSON', 'line 2'],
  ['no collection', '{}', 'REGIONS_GEOJSON', 'FeatureCollection'],
  [
    'an open ring',
    collection(feature({ id: 'a' }), feature({ id: 'b' }, [square[0].slice(0, 4)])),
    'REGIONS_FEATURE',
    'feature 2 (b): the outer ring of its polygon is open',
  ],
  [
    'half a person',
    collection(feature({ id: 'a', capacity: 1.5 })),
    'REGIONS_FEATURE',
    'feature 1 (a): its capacity 1.5',
  ],
  [
    'more people than the database can hold',
    collection(feature({ id: 'a', capacity: 3e9 })),
    'REGIONS_FEATURE',
    'its capacity 3000000000',
  ],
  [
    'a name that can not be stored',
    collection(feature({ id: 'a', name: 'x\0y' })),
    'REGIONS_FEATURE',
    'its name holds a character',
  ],
  ['an id as long as a book', collection(feature({ id: 'a'.repeat(201) })), 'REGIONS_FEATURE', 'give it a shorter one'],
  [
    'the same id twice',
    collection(feature({ id: 'a' }), feature({ id: 'a' })),
    'REGIONS_FEATURE',
    'feature 2 (a): feature 1 has the same id',
  ],
])('regions with %s are refused with what to mend', async (_, body, code, message) => {
  const editor = new Editor();
  const answer = await put(await start({ editor }), body);
  expect([answer.status, answer.body.error?.code]).toEqual([400, code]);
  expect(answer.body.error?.message).toContain('the regions sent');
  expect(answer.body.error?.message).toContain(message);
  expect(editor.regions).toEqual([]);
});

test('regions that are not UTF-8 are refused', async () => {
  const answer = await put(await start(), Uint8Array.from([0x7b, 0xff]));
  expect([answer.status, answer.body.error?.code]).toEqual([400, 'REGIONS_TEXT']);
});

test('what the counters refuse is told with its remedy, and what passes with when to try again', async () => {
  const refusing = (code: string) => ({ regions: [], set: () => Promise.reject(new UserError(code, 'add the cell')) });
  const unknown = await put(await start({ editor: refusing('REGION_CELL_UNKNOWN') }), collection());
  expect([unknown.status, unknown.body.error]).toEqual([400, { code: 'REGION_CELL_UNKNOWN', message: 'add the cell' }]);
  const full = await put(await start({ editor: refusing('JOURNAL_FULL') }), collection());
  expect([full.status, full.body.error?.code, full.headers.get('retry-after')]).toEqual([503, 'JOURNAL_FULL', '5']);
});

test('pages of other origins, other types, too much at once and other methods are refused', async () => {
  const editor = new Editor();
  const it = await start({ editor, settings: { pushBytesMax: 2048 } });
  const foreign = await put(it, collection(), { origin: 'https://elsewhere.example' });
  expect([foreign.status, foreign.body.error?.code]).toEqual([403, 'ORIGIN_REFUSED']);
  const own = await put(it, collection(), { origin: `http://127.0.0.1:${it.server.port}` });
  expect(own.status).toBe(200);
  const plain = await put(it, collection(), { 'content-type': 'text/plain' });
  expect([plain.status, plain.body.error?.code]).toEqual([415, 'REGIONS_TYPE']);
  const large = await put(it, `${collection()}${' '.repeat(3000)}`);
  expect([large.status, large.body.error?.code]).toEqual([413, 'REGIONS_BYTES']);
  // By another name of this machine (DNS rebinding).
  const rebound = await request(
    it.server.port,
    '/api/regions',
    { host: 'evil.example', 'content-type': 'application/json', 'content-length': '0' },
    'PUT',
  );
  expect(rebound.status).toBe(403);
  expect((await request(it.server.port, '/api/layout', {}, 'PUT')).status).toBe(405);
  expect(editor.regions).toEqual([]);
});

function pastStore(questions: PastQuestion[], past: Partial<RegionPast> = {}) {
  return {
    regionHistory: () => Promise.reject(new Error('not asked for here')),
    dayFigures: () => Promise.reject(new Error('not asked for here')),
    regionPast: (id: string, question: PastQuestion) => {
      questions.push(question);
      return Promise.resolve({ id, bucketS: question.bucketS, timeUs: [question.fromUs], ...past });
    },
    // Its first bucket was counted.
    sql: <T>() => Promise.resolve([{ counted: [0], told_us: null, dropped_us: null }] as T[]),
  };
}

test('the past is asked for whole buckets, of the cells that the region holds now', async () => {
  const questions: PastQuestion[] = [];
  const openStays = async (cells: ArrayLike<number>) => {
    const us = 1000 + Math.max(...Array.from(cells));
    return { subs: [1n], firstInUs: [us], complete: true, oldestUs: us };
  };
  const it = await start({ store: pastStore(questions), cellsOf: (place) => [place, 7], openStays });
  const path = '/api/regions/r1/past?from=2026-11-21T19:30:30%2B08:00&to=2026-11-21T20:30:00%2B08:00&of=dwell,crowd';
  expect((await request(it.server.port, path)).status).toBe(200);
  const hour = (text: string) => Date.parse(text) * 1000;
  expect(questions).toEqual([
    {
      signal: expect.any(AbortSignal),
      cells: [1, 7],
      fromUs: hour('2026-11-21T11:00:00Z'),
      toUs: hour('2026-11-21T13:00:00Z'),
      bucketS: 3600,
      parts: ['dwell', 'crowd'],
      open: { subs: [1n], firstInUs: [1007], complete: true, oldestUs: 1007 },
      // The clock less the hold-down.
      heldUs: it.view.clockUs - 60_000_000,
    },
  ]);
});

test('the crowd of now is asked for at the newest full minute, with the stays that last', async () => {
  const questions: PastQuestion[] = [];
  const counts = { residents: 30, workers: 41, visitors: 0, passersBy: 58, undetermined: 0 };
  const today = { day: '2026-11-21', subscribers: 129, ...counts, lasting: 3, crowd: 58 };
  const past = { presence: { present: [104], visitors: [110] }, crowd: [33], roles: [today] };
  const it = await start({ store: pastStore(questions, past), settings: { minCount: 5 } });
  const minuteUs = 60_000_000;
  const atUs = Date.parse('2026-11-21T19:30:00+08:00') * 1000;
  it.view.clockUs = atUs + 59_000_000;
  const answer = await request(it.server.port, '/api/regions/r1/crowd');
  expect(answer.status).toBe(200);
  const { roles, ...rest } = jsonOf<RegionCrowd>(answer);
  expect({ ...rest, day: roles?.day }).toEqual({
    ...{ id: 'r1', atUs, present: expect.any(Number), crowd: expect.any(Number), day: today.day },
  });
  expect(Math.abs(rest.present! - 104)).toBeLessThanOrEqual(10);
  expect(Math.abs(rest.crowd! - 33)).toBeLessThanOrEqual(10);
  expect(questions.map(({ fromUs, toUs, bucketS, parts }) => [fromUs, toUs, bucketS, parts])).toEqual([
    [atUs - minuteUs, atUs, 60, ['presence', 'crowd', 'roles']],
  ]);
  expect((await request(it.server.port, '/api/regions/r1/crowd?at=1')).status).toBe(400);
  expect((await request(it.server.port, '/api/regions/nowhere/crowd')).status).toBe(404);
});

test('days of the history and of the past are local ones, and no more than are asked for', async () => {
  const questions: PastQuestion[] = [];
  const asked: [number, number][] = [];
  const store = {
    ...pastStore(questions),
    regionHistory: async (id: string, fromUs: number, toUs: number, bucketS: number) => {
      asked.push([fromUs, toUs]);
      return { id, bucketS, timeUs: [], present: [], entries: [], exits: [], traffic: [] };
    },
  };
  const it = await start({ store });
  const midnight = (day: string) => Date.parse(`${day}T00:00:00+08:00`) * 1000;
  for (const [from, to, last] of [
    ['2026-11-20T00:00:00%2B08:00', '2026-11-22T00:00:00%2B08:00', '2026-11-22'],
    ['2026-11-20T07:00:00%2B08:00', '2026-11-22T09:00:00%2B08:00', '2026-11-23'],
  ]) {
    for (const what of ['past', 'history'])
      expect((await request(it.server.port, `/api/regions/r0/${what}?from=${from}&to=${to}&bucket=86400`)).status).toBe(
        200,
      );
    const { fromUs, toUs } = questions.pop()!;
    expect([fromUs, toUs]).toEqual([midnight('2026-11-20'), midnight(last)]);
    expect(asked.pop()).toEqual([fromUs, toUs]);
  }
});

test.each([
  ['of=presence,names', 'BAD_PART'],
  ['from=2026-01-01T00:00:00Z&to=2026-04-12T00:00:00Z&bucket=86400', 'RANGE_TOO_LONG'],
  ['from=2026-01-01T00:00:00Z&to=2026-03-12T00:00:00Z&bucket=60', 'RANGE_TOO_LONG'],
  ['bucket=90', 'BAD_BUCKET'],
  ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'BAD_RANGE'],
])('refuses a past of %s with %s', async (query, code) => {
  const questions: PastQuestion[] = [];
  const it = await start({ store: pastStore(questions) });
  const answer = await request(it.server.port, `/api/regions/r0/past?${query}`);
  expect([answer.status, jsonOf<{ error: { code: string } }>(answer).error.code]).toEqual([400, code]);
  expect(questions).toEqual([]);
});

test('small figures of the past are hidden, and how long so few have stayed', async () => {
  const times = { observedMedianMs: 1, observedP90Ms: 2, upperMedianMs: 3, upperP90Ms: 4 };
  const roles = { residents: 3, workers: 41, visitors: 0, passersBy: 58, undetermined: 0 };
  const it = await start({
    settings: { minCount: 20 },
    store: pastStore([], {
      presence: { present: [19], visitors: [104] },
      flows: { entries: [0], exits: [null], appeared: [1], vanished: [33] },
      crowd: [5],
      dwell: [
        { day: '2026-11-20', stays: 7, cut: 33, ...times },
        { day: '2026-11-21', stays: 96, cut: 19, ...times },
      ],
      roles: [{ day: '2026-11-21', subscribers: 102, ...roles, lasting: 4, crowd: null }],
    }),
  });
  const hidden = { observedMedianMs: -1, observedP90Ms: -1, upperMedianMs: -1, upperP90Ms: -1 };
  const past = jsonOf<RegionPast>(await request(it.server.port, '/api/regions/r0/past'));
  expect(past).toMatchObject({
    presence: { present: [-1], visitors: [100] },
    flows: { entries: [0], exits: [null], appeared: [-1], vanished: [30] },
    crowd: [-1],
    dwell: [
      { day: '2026-11-20', stays: -1, cut: 30, ...hidden },
      { day: '2026-11-21', stays: 100, cut: -1, ...times },
    ],
    roles: [
      {
        day: '2026-11-21',
        subscribers: 100,
        residents: -1,
        workers: 40,
        visitors: 0,
        passersBy: 60,
        undetermined: 0,
        lasting: -1,
        crowd: null,
      },
    ],
  });
});
