import { expect, test } from 'vitest';
import { MemoryDisk } from './tools/memory-disk.ts';
import { MemoryDatabase, run } from './tools/small-server.ts';

/** Numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5) >>> 0;
    return state / 2 ** 32;
  };
}

const batches = 60;

test('whatever the moment at which the power goes, a restart counts and stores the same', async () => {
  const want = new MemoryDatabase();
  const through = new MemoryDisk();
  const wanted = await run(through, want, batches);
  expect(wanted.present).toBeGreaterThan(30);
  expect(wanted.regions).toEqual({ a: expect.any(Number), b: expect.any(Number), c: expect.any(Number) });
  expect(Object.values(wanted.regions).reduce((sum, n) => sum + n, 0)).toBe(wanted.present);
  const gauges = want.rows.filter((row) => row.startsWith('gauges'));
  expect(gauges.length).toBeGreaterThan(3);
  // The edit ends no interval: those before it have two regions, those after it three.
  const sets = gauges.map((row) => row.split(' | ')[2].replaceAll(/\/\S*/g, ''));
  expect([...new Set(sets)]).toEqual(['a b', 'c b a']);
  expect(want.rows.filter((row) => row.startsWith('stay')).length).toBeGreaterThan(100);

  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed);
    let disk = new MemoryDisk();
    const database = new MemoryDatabase();
    const crashes = 1 + Math.floor(random() * 3);
    for (let crash = 0; crash < crashes; crash++) {
      disk.cutAt = 1 + Math.floor(random() * through.operations * 0.9);
      const cut = new Promise<void>((resolve) => {
        disk.onCut = resolve;
      });
      await Promise.race([cut, run(disk, database, batches)]);
      disk = disk.afterCut(random);
    }
    const got = await run(disk, database, batches);
    expect(database.rows.toSorted(), `rows of seed ${seed}`).toEqual(want.rows.toSorted());
    expect(got, `counters of seed ${seed}`).toEqual(wanted);
  }
}, 120_000);
