import { expect, test } from 'vitest';
import { Staging } from '../../server/core/snapshot-file.ts';
import { CrossingTrail } from '../../server/occupancy/crossing-trail.ts';
import { chunkBytes, type TrailOwner } from '../../server/occupancy/trail-entry.ts';
import { groupRows } from '../../server/presence/group-loads.ts';
import { movedRowsOf } from '../../server/presence/moved-rows.ts';
import { Random } from '../fuzz/random.ts';
import { MemoryState } from '../tools/memory-state.ts';

const subscribers = 3_000;
const cells = 6;
/** Cells behind regions. */
const firstCell = 5;

/** Subscribers who go to and fro, in groups and one by one, and vanish; intervals end, and regions are edited. */
class Borders implements TrailOwner {
  readonly sequences = new Uint32Array(subscribers);
  readonly notedAreas = 0;
  readonly trail: CrossingTrail;
  private readonly random = new Random();
  private readonly moved = movedRowsOf(new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true }));
  private readonly at = new Uint32Array(subscribers);
  private timeUs = 1_000;
  private startUs = 1_000;
  private round = 0;

  constructor(seed: number, entriesMax: number) {
    this.random.begin(seed, 0);
    this.trail = new CrossingTrail({ owner: this, holdDownUs: 1_500, entriesMax });
  }

  sequenceOf(sub: number): number {
    return this.sequences[sub];
  }

  setSequence(sub: number, sequence: number): void {
    this.sequences[sub] = sequence;
  }

  trailEnded(): void {}
  held(): void {}
  gone(): void {}
  cutShort(): void {}

  touchNotes(): number {
    return 0;
  }

  goOn(rounds: number): void {
    for (let end = this.round + rounds; this.round < end; this.round++) {
      this.move();
      const { random, round, trail } = this;
      if (round % 5 === 0) this.vanish(random.below(subscribers));
      if (round % 4 === 0) for (const _ of trail.settling(this.timeUs));
      if (round % 90 === 89) {
        this.startUs = this.timeUs - 3_000;
        for (const _ of trail.forgettingBefore(this.startUs));
      }
      // The last region comes first; the first one is another.
      if (round % 150 === 149) for (const _ of trail.editing(Int32Array.of(-1, 2, 3, 4, 0), firstCell));
    }
  }

  private move(): void {
    const { at, moved, random, sequences, timeUs, trail } = this;
    const subs = new Set(Array.from({ length: groupRows }, () => random.below(subscribers)));
    let n = 0;
    for (const sub of subs) {
      moved.timeUs[n] = timeUs;
      moved.sub[n] = sub;
      moved.from[n] = at[sub];
      at[sub] = (at[sub] + 1 + random.below(cells - 1)) % cells;
      moved.to[n] = at[sub];
      moved.trail[n] = sequences[sub];
      trail.moves.ends[n++] = 0;
    }
    this.timeUs += 1 + random.below(20);
    if (this.round % 3 > 0 && trail.hasRoomFor(2 * n)) {
      trail.takeMoves(moved.forTrail);
      trail.cross(0, n, firstCell, true, this.startUs);
      for (let i = 0; i < n; i++) sequences[moved.sub[i]] = trail.moves.newest[i];
      return;
    }
    for (let i = 0; i < n; i++) {
      trail.begin(moved.sub[i], timeUs, this.startUs);
      trail.leave(firstCell + moved.from[i], true);
      trail.enter(random.below(2) === 0 ? firstCell + moved.to[i] : random.below(firstCell), true);
      trail.end();
    }
  }

  private vanish(sub: number): void {
    const { at, startUs, timeUs, trail } = this;
    trail.hold(sub);
    trail.begin(sub, timeUs, startUs);
    trail.leave(firstCell + at[sub], false);
    trail.end();
  }

  /** Of two sightings at one time the later wins. */
  appear(sub: number): void {
    const { startUs, timeUs, trail } = this;
    trail.begin(sub, timeUs, startUs);
    trail.withdraw(1);
    trail.enter(1, false);
    trail.end();
  }
}

test.each([
  [1, 1_000_000],
  [2, 1_000_000],
  [3, 17_000],
])('a trail is read as it was though all goes on meanwhile (seed %i, %i entries)', (seed, entriesMax) => {
  const borders = new Borders(seed, entriesMax);
  const { trail } = borders;
  borders.goOn(500);
  for (let turn = 0; turn < 4; turn++) {
    borders.goOn(70);
    borders.appear(turn);
    const taken = MemoryState.of(trail);
    const staging = new Staging();
    for (const _ of trail.save(staging));
    // Nothing is copied of it.
    expect([staging.keptBytes, trail.byteLength >= 3 * chunkBytes]).toEqual([0, true]);
    borders.appear(turn);
    let patched = 0;
    for (const { name, bytes, held } of staging.pieces) {
      borders.goOn(25);
      const was = new Uint8Array(bytes.length);
      if (held === undefined) was.set(bytes);
      else held.read(bytes.byteOffset, was);
      if (Buffer.compare(was, bytes) !== 0) patched++;
      expect(Buffer.compare(was, Buffer.from(taken.pieces.get(name)!)), name).toBe(0);
    }
    expect(staging.pieces.length).toBe(taken.pieces.size);
    expect(patched).toBeGreaterThan(2);
    const { keptBytes } = staging;
    expect(keptBytes).toBeGreaterThan(0);
    staging.release();
    borders.goOn(200);
    expect(staging.keptBytes).toBe(0);
  }
  expect(trail.forced > 0).toBe(entriesMax < 100_000);
});
