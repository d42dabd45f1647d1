import type { FeedStatus, WallStatus } from '../../../shared/protocol.ts';
import { FrameLoop } from '../../../web/draw/frame-loop.ts';
import { Wall } from '../../../web/state/wall.svelte.ts';
import { type FakeLayoutOptions, fakeLayout } from './fake-city.ts';
import { FakeFeed, kickOffUs } from './fake-feed.ts';

/** A clock that stands until it is told to move. */
export class ManualClock {
  ms = 1_000_000;
  wallMs = () => this.ms;
  monotonicMs = () => this.ms;
  random = () => 0.5;
}

export interface MadeWall {
  wall: Wall;
  feed: FakeFeed;
  clock: ManualClock;
}

/** A wall that is fed by hand: nothing is fetched, no socket is opened, frames are painted at once. */
export function makeWall(
  options: Partial<FakeLayoutOptions> = {},
  status: Partial<WallStatus> = {},
  feedStatus: Partial<FeedStatus> = {},
  people = false,
): MadeWall {
  const layout = fakeLayout({
    seed: 7,
    cells: 60,
    positions: true,
    regions: true,
    minCount: 0,
    title: 'Test',
    schematic: null,
    ...options,
  });
  const feed = new FakeFeed(layout, {
    seed: 3,
    startUs: kickOffUs,
    stepUs: 60_000_000,
    status,
    feed: feedStatus,
    people,
  });
  const clock = new ManualClock();
  const wall = new Wall({
    clock,
    frames: new FrameLoop(
      (callback) => {
        callback();
        return 0;
      },
      () => undefined,
    ),
    base: 'http://wall.test/',
    storage: { getItem: () => null, setItem: () => undefined },
    reload: () => undefined,
  });
  return { wall, feed, clock };
}
