import { afterEach, expect, test } from 'vitest';
import { hourUs, minuteUs } from '../../server/clock.ts';
import type { RegionPast } from '../../shared/protocol.ts';
import type { CellTable, RegionTable } from '../../shared/tables.ts';
import { fakeLayout } from '../tools/fake-view.ts';
import { jsonOf, type RawAnswer, request, startTestServer, type TestServer } from '../tools/push-server.ts';

const open: TestServer[] = [];
async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  const it = await startTestServer(options);
  open.push(it);
  return it;
}
afterEach(async () => {
  for (const it of open.splice(0)) await it.server.close();
});

const errorOf = (answer: RawAnswer) => jsonOf<{ error: { code: string; message: string } }>(answer).error;

test.each([
  ['regions/r0/history?form=1', 'BAD_PARAMETER', "no parameter 'form': known here: from, to, bucket"],
  ['regions/r0/history?to=1&to=2', 'BAD_PARAMETER', 'to is given twice: give it once'],
  ['regions/r0/past?region=r1', 'BAD_PARAMETER', "no parameter 'region': known here: from, to, bucket, of"],
  ['regions/r0/dwell?bucket=900', 'BAD_PARAMETER', "no parameter 'bucket': known here: from, to"],
  ['regions/r0/expected?time=0', 'BAD_PARAMETER', "no parameter 'time': known here: at"],
  ['regions?level=1&level=2', 'BAD_PARAMETER', 'level is given twice'],
  ['cells?region=r0', 'BAD_PARAMETER', "no parameter 'region': there is none here"],
  ['cells/latest?at=0', 'BAD_PARAMETER', "no parameter 'at': there is none here"],
  ['cells/hour?from=0', 'BAD_PARAMETER', "no parameter 'from': known here: at"],
  ['regions.geojson?id=r0', 'BAD_PARAMETER', 'there is none here'],
  ['traffic?region=r0&cell=460-00-1-1', 'BAD_PARAMETER', 'ask for one of them at a time'],
  [`origins?${'x'.repeat(500)}=1`, 'BAD_PARAMETER', `no parameter '${'x'.repeat(40)}'`],
  ['regions/r0/flows?from=0', 'RANGE_TOO_LONG', 'more than a week: ask for a shorter range'],
])('%s is refused with %s and what to ask instead', async (path, code, message) => {
  const it = await start();
  const answer = await request(it.server.port, `/api/${path}`);
  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toMatchObject({ code, message: expect.stringContaining(message) });
});

test.each([
  ['DELETE', '/api/regions', 'GET, HEAD, PUT'],
  ['POST', '/api/cells', 'GET, HEAD'],
  ['GET', '/api/feeds/north/events', 'POST'],
])('%s %s is 405 and says what the path takes', async (method, path, allow) => {
  const answer = await request((await start()).server.port, path, {}, method);
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
  expect(errorOf(answer).message).toContain(allow.split(', ').at(-1));
});

test('of a node of the tree nobody counts dwell and trips, and the answer says what tells them', async () => {
  const it = await start({ cells: 3, regions: 2 });
  const tree = [{ id: 'tree:东', name: '东', level: 1 as const, parent: '', cellCount: 3 }];
  it.layout = { ...fakeLayout(3, 2), tree };
  for (const what of ['dwell', 'flows']) {
    const answer = await request(it.server.port, `/api/regions/${encodeURIComponent('tree:东')}/${what}`);
    expect([answer.status, errorOf(answer).code]).toEqual([404, 'NOT_OF_NODES']);
    expect(errorOf(answer).message).toContain(`past?of=${what}`);
  }
  expect((await request(it.server.port, `/api/regions/${encodeURIComponent('tree:东')}/origins`)).status).toBe(200);
});

test('before the first event a question without a time is answered with nothing', async () => {
  const it = await start();
  it.view.clockUs = 0;
  for (const what of ['history', 'past', 'dwell', 'flows', 'origins']) {
    expect([what, (await request(it.server.port, `/api/regions/r0/${what}`)).status]).toEqual([what, 200]);
  }
});

test('tables of live figures say of what event time these are', async () => {
  const it = await start({ settings: { minCount: 20 } });
  const timesOf = async () => {
    const cells = jsonOf<CellTable>(await request(it.server.port, '/api/cells'));
    const regions = jsonOf<RegionTable>(await request(it.server.port, '/api/regions'));
    return [cells.eventUs, regions.eventUs];
  };
  expect(await timesOf()).toEqual([0, 0]);
  it.server.publish();
  const { clockUs } = it.view;
  expect(await timesOf()).toEqual([clockUs, clockUs]);
  // Where small figures are hidden all of them change once a minute, and so does their time.
  it.view.clockUs += 1_000_000;
  it.server.publish();
  expect(await timesOf()).toEqual([clockUs, clockUs]);
});

test('before anything was counted, and after the event clock, a past is unknown, not zero', async () => {
  const asked: string[] = [];
  const values = [0, 0, 50, 0, 0];
  const it = await start({
    store: {
      sql: <T>(text: string) => {
        asked.push(text);
        return Promise.resolve([{ counted: [1, 2], told_us: fromUs + 3 * hourUs, dropped_us: null }] as T[]);
      },
      regionPast: (id, { bucketS }) =>
        Promise.resolve({
          ...{ id, bucketS, timeUs: values.map((_, hour) => fromUs + hour * hourUs) },
          presence: { present: [...values], visitors: [...values] },
          flows: { entries: [...values], exits: [...values], appeared: [...values], vanished: [...values] },
          crowd: [...values],
        }),
    },
  });
  it.view.clockUs = fromUs + 3 * hourUs + 30 * minuteUs;
  const path = `/api/regions/r0/past?from=${fromUs}&to=${fromUs + 5 * hourUs}`;
  const past = jsonOf<RegionPast>(await request(it.server.port, path));
  const known = [null, 0, 50, 0, null];
  expect(past.presence).toEqual({ present: known, visitors: known });
  // Of the hour under way who crosses may be back.
  expect(past.flows!.exits).toEqual([null, 0, 50, null, null]);
  expect(past.crowd).toEqual(known);
  expect(asked).toHaveLength(1);
});
const fromUs = Date.UTC(2026, 9, 17) * 1000;
