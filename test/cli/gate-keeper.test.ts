import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GateKeeper, type GateUser } from '../../server/cli/gate-keeper.ts';
import { minuteUs } from '../../server/clock.ts';
import { type GateCount, parseGates } from '../../server/estimate/gates.ts';
import type { GateFate } from '../../server/estimate/live-estimates.ts';
import { type Disk, nodeDisk } from '../../server/journal/disk.ts';
import type { LiveView } from '../../server/occupancy/view.ts';

const startUs = Date.parse('2026-10-17T18:00:00+08:00') * 1000;
const count = (minute: number, people: number, region = 'hall'): GateCount => {
  return { timeUs: startUs + minute * minuteUs, region, people, error: 0.02 };
};

/** Estimates that take all counts but those of regions they don't know, and write down what they were given. */
class Estimates {
  readonly given: GateCount[] = [];
  keptFromUs = startUs;
  refusalOf = (_: LiveView, { region }: GateCount) => (region === 'gone' ? 'no such region' : null);
  take = (view: LiveView, gates: readonly GateCount[]): GateFate[] =>
    gates.map((gate) => {
      const why = this.refusalOf(view, gate);
      if (why !== null) return { state: 'refused', why };
      this.given.push(gate);
      return { state: 'used' };
    });
}

let folder = '';
let path = '';
let estimates: Estimates;
const user = (): GateUser => ({ estimates, view: {} as LiveView });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gates-'));
  path = join(folder, 'simulation', 'gate-counts.json');
  estimates = new Estimates();
});
afterEach(() => rmSync(folder, { recursive: true }));

test('counts that were sent are on disk before they are answered, and there after a restart, in the place of the file’s', async () => {
  const given = [count(0, 5), count(10, 100)];
  const keeper = await GateKeeper.open(path, nodeDisk, given);
  expect(keeper.counts).toEqual(given);
  const taken = keeper.take([count(20, 200), count(10, 110), count(5, 1, 'gone')], user);
  expect(await taken).toEqual([{ state: 'used' }, { state: 'used' }, { state: 'refused', why: 'no such region' }]);
  expect(estimates.given).toEqual([count(20, 200), count(10, 110)]);
  const all = [count(0, 5), count(10, 110), count(20, 200)];
  expect(keeper.counts).toEqual(all);
  expect((await GateKeeper.open(path, nodeDisk, given)).counts).toEqual(all);
  // The file is one that --gates takes.
  expect(parseGates(path, readFileSync(path, 'utf8'))).toEqual([count(10, 110), count(20, 200)]);
});

test('told twice, or at once, they are kept once; those of before what is kept are let go', async () => {
  const keeper = await GateKeeper.open(path, nodeDisk, []);
  await Promise.all([1, 2, 3, 2].map((minute) => keeper.take([count(minute, 60 + minute)], user)));
  expect(keeper.counts).toEqual([count(1, 61), count(2, 62), count(3, 63)]);
  estimates.keptFromUs = startUs + 2 * minuteUs;
  await keeper.take([count(9, 90)], user);
  expect((await GateKeeper.open(path, nodeDisk, [])).counts).toEqual([count(2, 62), count(3, 63), count(9, 90)]);
});

test('where the disk refuses them none is taken in, and later ones are', async () => {
  let full = true;
  const disk: Disk = {
    ...nodeDisk,
    open: (name, how) => (full ? Promise.reject(new Error('ENOSPC: no space left')) : nodeDisk.open(name, how)),
  };
  const keeper = await GateKeeper.open(path, disk, []);
  await expect(keeper.take([count(1, 61)], user)).rejects.toMatchObject({
    code: 'GATES_DISK',
    message: expect.stringMatching(/again later/),
  });
  expect(keeper.counts).toEqual([]);
  expect(estimates.given).toEqual([]);
  full = false;
  expect(await keeper.take([count(1, 61)], user)).toEqual([{ state: 'used' }]);
});

test('keeps no more than are of use', async () => {
  const keeper = await GateKeeper.open(path, nodeDisk, []);
  const many = Array.from({ length: 10_001 }, (_, i) => count(i, 60));
  await expect(keeper.take(many, user)).rejects.toMatchObject({ code: 'GATES_MANY' });
  expect(await keeper.take(many.slice(1), user)).toHaveLength(10_000);
});
