import { afterEach, expect, test } from 'vitest';
import type { RegionsChange } from '../../server/core/region-editor.ts';
import type { RegionPast } from '../../shared/protocol.ts';
import type { RegionTable } from '../../shared/tables.ts';
import { jsonOf, request, startTestServer, type TestServer } from '../tools/push-server.ts';

const open: TestServer[] = [];
afterEach(async () => {
  for (const it of open.splice(0)) await it.server.close();
});

const change: RegionsChange = { version: 2, regions: 0, fromUs: 1, warnings: [] };

/** What the set holds is the editor's matter. @returns the status */
async function put(it: TestServer, body = '{"type":"FeatureCollection","features":[]}'): Promise<number> {
  const headers = { 'content-type': 'application/geo+json' };
  const answer = await fetch(`http://127.0.0.1:${it.server.port}/api/regions`, { method: 'PUT', body, headers });
  return answer.status;
}

test.each([0, 20])(
  'figures are those of the regions they stand at right behind an edit, by minCount %i',
  async (minCount) => {
    const it = await startTestServer({ regions: 3, editor: { regions: [], set: () => set() }, settings: { minCount } });
    open.push(it);
    let set: () => Promise<RegionsChange>;
    const shown = async () => {
      const answer = jsonOf<RegionTable>(await request(it.server.port, '/api/regions'));
      return answer.regions.map(({ id, cellCount, present }) => [id, cellCount, present]);
    };
    const edit = async (regions: [id: string, cellCount: number, present: number][]) => {
      set = async () => {
        const like = it.layout.regions[0];
        const drawn = regions.map(([id, cellCount]) => ({ ...like, id, cellCount }));
        it.layout = { ...it.layout, revision: it.layout.revision + 1, regions: drawn };
        it.view.regionCount = it.view.drawnCount = regions.length;
        it.view.regionPresent.set(regions.map(([, , present]) => present));
        return change;
      };
      expect(await put(it)).toBe(200);
      expect(await shown()).toEqual(regions);
    };
    it.view.regionPresent.set([200, 100, 30]);
    it.server.publish();
    expect(await shown()).toEqual([
      ['r0', 1, 200],
      ['r1', 1, 100],
      ['r2', 1, 30],
    ]);
    await edit([
      ['r2', 1, 30],
      ['r0', 1, 200],
      ['r1', 1, 100],
    ]);
    await edit([
      ['r2', 1, 30],
      ['r1', 1, 100],
    ]);
    await edit([
      ['r2', 5, 300],
      ['r1', 1, 100],
    ]);
    await edit([
      ['new', 2, 70],
      ['r2', 5, 300],
      ['r1', 1, 100],
    ]);
    // A set that counts, though nobody has asked for it here: the table stays that of the last frame.
    it.layout = { ...it.layout, revision: 99, regions: [...it.layout.regions].reverse() };
    it.view.regionPresent.set([100, 300, 70]);
    expect(await shown()).toEqual([
      ['new', 2, 70],
      ['r2', 5, 300],
      ['r1', 1, 100],
    ]);
  },
);

test('crowds are counted anew when a set has been taken in, and stand when one was refused', async () => {
  const timers: (() => void)[] = [];
  const regionPast = async (id: string): Promise<RegionPast> => {
    asked.push(id);
    return { id, bucketS: 60, timeUs: [0], presence: { present: [9], visitors: [9] }, crowd: [5], roles: [] };
  };
  const asked: string[] = [];
  const it = await startTestServer({
    ...{ regions: 1, editor: { regions: [], set: async () => change }, store: { regionPast } },
    crowds: {
      timers: {
        after: (_, run) => {
          timers.push(run);
          return () => undefined;
        },
      },
      failed: (error) => expect(error).toBeUndefined(),
    },
  });
  open.push(it);
  const turn = async () => {
    it.clock.addedMs += 60_000;
    timers.shift()!();
    for (let i = 0; i < 100 && timers.length === 0; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  await turn();
  expect(asked).toEqual(['r0']);
  expect(await put(it, '{}')).toBe(400);
  await turn();
  expect(asked).toEqual(['r0']);
  // The event clock stands: the crowds come back all the same.
  expect(await put(it)).toBe(200);
  await turn();
  expect(asked).toEqual(['r0', 'r0']);
});
