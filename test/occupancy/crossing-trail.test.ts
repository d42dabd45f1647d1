import { describe, expect, it } from 'vitest';
import { CrossingTrail } from '../../server/occupancy/crossing-trail.ts';
import type { TrailOwner } from '../../server/occupancy/trail-entry.ts';

class Owner implements TrailOwner {
  readonly sequences = new Map<number, number>();
  readonly ended: number[] = [];
  readonly heldCrossings: { area: number; isEntry: boolean; timeUs: number }[] = [];

  sequenceOf(sub: number): number {
    return this.sequences.get(sub) ?? 0;
  }

  setSequence(sub: number, sequence: number): void {
    this.sequences.set(sub, sequence);
  }

  trailEnded(sub: number): void {
    this.ended.push(sub);
  }

  held(area: number, isEntry: boolean, timeUs: number): void {
    this.heldCrossings.push({ area, isEntry, timeUs });
  }

  gone(): void {
    // What vanishes is told to whoever counts stays; these tests look at crossings.
  }

  cutShort(): void {
    // Edits of regions are tested on a whole engine.
  }

  readonly notedAreas = 0;

  touchNotes(): number {
    return 0;
  }
}

function trailWith(entriesMax = 1_000_000) {
  const owner = new Owner();
  const trail = new CrossingTrail({ owner, holdDownUs: 60, entriesMax });
  /** One transition of one subscriber over one border. */
  const enter = (sub: number, area: number, timeUs: number) => {
    trail.begin(sub, timeUs, 0);
    trail.enter(area, true);
    trail.end();
  };
  const leave = (sub: number, area: number, timeUs: number, isCrossing = true, intervalStartUs = 0) => {
    trail.begin(sub, timeUs, intervalStartUs);
    const visited = trail.leave(area, isCrossing);
    trail.end();
    return visited;
  };
  const settle = (clockUs: number) => {
    for (const _ of trail.settling(clockUs));
  };
  const forget = (intervalStartUs: number) => {
    for (const _ of trail.forgettingBefore(intervalStartUs));
  };
  return { owner, trail, enter, leave, settle, forget };
}

describe('the crossing trail', () => {
  it('reports crossings in order of time once they have held', () => {
    const { owner, enter, leave, settle } = trailWith();
    enter(1, 10, 100);
    leave(2, 10, 110);
    settle(159);
    expect(owner.heldCrossings).toEqual([]);
    settle(160);
    settle(1000);
    expect(owner.heldCrossings).toEqual([
      { area: 10, isEntry: true, timeUs: 100 },
      { area: 10, isEntry: false, timeUs: 110 },
    ]);
  });

  it('lets an entry wait for those before it, though its own time is earlier', () => {
    const { owner, enter, settle } = trailWith();
    enter(1, 10, 100);
    enter(2, 10, 130);
    enter(3, 10, 90);
    settle(160);
    expect(owner.heldCrossings.map(({ timeUs }) => timeUs)).toEqual([100]);
    settle(190);
    expect(owner.heldCrossings.map(({ timeUs }) => timeUs)).toEqual([100, 130, 90]);
  });

  it('keeps the crossings of different areas and subscribers apart', () => {
    const { owner, enter, leave, settle } = trailWith();
    enter(1, 10, 100);
    enter(1, 11, 101);
    leave(2, 10, 102);
    leave(1, 11, 103);
    settle(Number.POSITIVE_INFINITY);
    expect(owner.heldCrossings.map(({ area, isEntry }) => [area, isEntry])).toEqual([
      [10, true],
      [10, false],
    ]);
  });

  it('tells when nothing refers to a vanished subscriber any more, and only then', () => {
    const { owner, trail, enter, leave, settle, forget } = trailWith();
    enter(1, 10, 100);
    leave(1, 10, 120, false);
    leave(1, 11, 120, false);
    enter(2, 10, 130);
    settle(1000);
    forget(120);
    expect([trail.size, owner.ended]).toEqual([3, []]);
    forget(1000);
    expect([trail.size, owner.ended]).toEqual([0, [1]]);
    expect(trail.holds(1)).toBe(false);
  });

  it('keeps what has not settled although the interval is over', () => {
    const { trail, enter, forget } = trailWith();
    enter(1, 10, 100);
    forget(1000);
    expect(trail.size).toBe(1);
  });

  it('carries entries through many chunks and gives their memory back', () => {
    const { owner, trail, enter, settle, forget } = trailWith();
    for (let i = 0; i < 200_000; i++) enter(i % 50_000, i & 7, i);
    expect(trail.size).toBe(200_000);
    const bytes = trail.byteLength;
    settle(300_000);
    forget(300_000);
    expect(trail.size).toBe(0);
    expect(trail.byteLength).toBeLessThan(bytes / 10);
    expect(owner.heldCrossings).toHaveLength(200_000);
    for (let i = 200_000; i < 210_000; i++) enter(i % 50_000, 1, i);
    settle(Number.POSITIVE_INFINITY);
    expect(owner.heldCrossings.slice(-1)).toEqual([{ area: 1, isEntry: true, timeUs: 209_999 }]);
  });

  it('does not take an entry long gone for a living one when sequence numbers come round', () => {
    const { owner, trail, enter, leave, settle } = trailWith();
    // As after 2³² entries: the subscriber's number names an entry of somebody else.
    enter(1, 10, 100);
    owner.setSequence(2, owner.sequenceOf(1));
    expect(trail.holds(2)).toBe(false);
    expect(leave(2, 10, 110, true, 105)).toBe(true);
    settle(Number.POSITIVE_INFINITY);
    expect(owner.heldCrossings).toHaveLength(2);
  });
});
