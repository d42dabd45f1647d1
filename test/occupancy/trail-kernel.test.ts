import { expect, test } from 'vitest';
import { CrossingTrail } from '../../server/occupancy/crossing-trail.ts';
import { entryBit, type TrailOwner } from '../../server/occupancy/trail-entry.ts';
import { movedRowsOf } from '../../server/presence/moved-rows.ts';
import { MemoryState } from '../tools/memory-state.ts';

const subscribers = 300;
/** Cells behind regions. */
const firstCell = 5;

/** Writes down all that it is told. */
class Owner implements TrailOwner {
  readonly sequences = new Uint32Array(subscribers);
  readonly told: string[] = [];
  readonly notedAreas = firstCell;

  sequenceOf(sub: number): number {
    return this.sequences[sub];
  }

  setSequence(sub: number, sequence: number): void {
    this.sequences[sub] = sequence;
  }

  trailEnded(sub: number): void {
    this.told.push(`ended ${sub}`);
  }

  held(...crossing: [number, boolean, number, number, number]): void {
    this.told.push(`held ${crossing}`);
  }

  gone(...crossing: [number, number, number, number]): void {
    this.told.push(`gone ${crossing}`);
  }

  cutShort(): void {
    // Edits of regions are tested on a whole engine.
  }

  touchNotes(): number {
    return 0;
  }
}

function randomOf(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
}

test.each([
  [1, 1_000_000, true, { cells: 6, people: subscribers, holdDownUs: 60 }],
  [2, 1_000_000, false, { cells: 6, people: subscribers, holdDownUs: 60 }],
  [3, 400, true, { cells: 6, people: subscribers, holdDownUs: 60 }],
  // Chains too long to be walked.
  [4, 1_000_000, true, { cells: 40, people: 4, holdDownUs: 900 }],
])(
  'moves are put down together as one by one (seed %i, %i entries, cells: %s, %j)',
  (seed, entriesMax, isByCell, of) => {
    const { cells, holdDownUs, people } = of;
    const random = randomOf(seed);
    const [together, single] = [new Owner(), new Owner()];
    const options = { holdDownUs, entriesMax };
    const trail = new CrossingTrail({ owner: together, ...options });
    const other = new CrossingTrail({ owner: single, ...options });
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
    const moved = movedRowsOf(memory);
    const at = Uint32Array.from({ length: subscribers }, () => random(cells));
    let [timeUs, startUs, room] = [1000, 1000, 0];
    for (let round = 0; round < 300; round++) {
      const subs = new Set(Array.from({ length: 1 + random(64) }, () => random(people)));
      const wanted: number[][] = [];
      let [row, listed] = [0, 0];
      const crossed: number[] = [];
      for (const sub of subs) {
        timeUs += random(3);
        const from = at[sub];
        const to = (from + 1 + random(cells - 1)) % cells;
        at[sub] = to;
        const regions = [...new Set(Array.from({ length: random(4) }, () => random(firstCell)))];
        const borders = regions.map((region, i) => (i % 2 === 0 ? region : (region | entryBit) >>> 0));
        moved.timeUs[row] = timeUs;
        moved.sub[row] = sub;
        moved.from[row] = from;
        moved.to[row] = to;
        moved.trail[row] = together.sequences[sub];
        crossed.push(...borders);
        listed += borders.length;
        trail.moves.ends[row++] = listed;
      }
      trail.moves.crossed.set(crossed);
      const isRoom = trail.hasRoomFor(listed + (isByCell ? 2 * row : 0));
      const one = (one: CrossingTrail, i: number, from: number, end: number) => {
        const found: number[] = [];
        one.begin(moved.sub[i], moved.timeUs[i], startUs);
        if (isByCell) {
          found.push(one.leave(firstCell + moved.from[i], true) ? 1 : 0);
          found.push(one.enter(firstCell + moved.to[i], true) ? 1 : 0);
        }
        for (const border of crossed.slice(from, end)) {
          const visited = border >= entryBit ? one.enter(border - entryBit, true) : one.leave(border, true);
          found.push(visited ? 1 : 0, one.cancelled, one.pushed);
        }
        if (found.length > 0) one.end();
        return found;
      };
      for (let i = 0, from = 0; i < row; from = trail.moves.ends[i++]) {
        wanted.push(one(other, i, from, trail.moves.ends[i]));
        if (!isRoom) one(trail, i, from, trail.moves.ends[i]);
      }
      if (isRoom) {
        room++;
        trail.takeMoves(moved.forTrail);
        trail.cross(0, row, firstCell, isByCell, startUs);
        const { cancelled, cellVisits, ends, newest, pushed, visits } = trail.moves;
        for (let i = 0, k = 0; i < row; i++) {
          const found = isByCell ? [cellVisits[i] & 1, cellVisits[i] >>> 1] : [];
          for (; k < ends[i]; k++) found.push(visits[k], cancelled[k], pushed[k]);
          expect(found).toEqual(wanted[i]);
          together.setSequence(moved.sub[i], newest[i]);
        }
      }
      expect(together.sequences).toEqual(single.sequences);
      if (random(3) === 0) startUs = timeUs + random(2);
      for (const each of [trail, other]) {
        const vanishing = round % people;
        if (round % 3 === 0) {
          each.hold(vanishing);
          each.begin(vanishing, Math.max(timeUs, startUs), startUs);
          each.leave(firstCell + at[vanishing], false);
          each.end();
        }
        if (round % 4 === 0) for (const _ of each.settling(timeUs));
        if (round % 5 === 0) for (const _ of each.forgettingBefore(startUs));
      }
      expect(together.told).toEqual(single.told);
      expect(MemoryState.of(trail).differsFrom(MemoryState.of(other))).toBeNull();
      timeUs += random(20);
    }
    expect(together.told.length).toBeGreaterThan(300);
    expect(room).toBeGreaterThan(entriesMax > 10_000 ? 299 : 20);
    expect(trail.forced > 0).toBe(entriesMax < 10_000);
  },
);
