import { expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { type FeedToHub, noCounters } from '../../server/events/feed-messages.ts';
import { FeedHub } from '../../server/events/hub.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { newPosition, noPast } from '../tools/sorting-sink.ts';

test('rows of those who have opted out are nobody’s when they are kept, and counted by feed; the list may come later', async () => {
  let list = new Set<number>();
  let asked = 0;
  let say: (message: FeedToHub) => void = () => undefined;
  const kept: EventBatch[] = [];
  const nothing = () => undefined;
  const hub = new FeedHub({
    config: makeConfig({ where: 'test', settings: {} }),
    clock: { nowUs: () => 0, monotonicMs: () => 0 },
    log: nothing,
    feeds: [
      {
        ...{ id: 'f', uri: 'test:', position: newPosition(0) },
        port: { post: nothing, onMessage: (listener) => (say = listener), close: async () => undefined },
      },
    ],
    past: noPast(),
    speed: 0,
    sink: {
      cellIdOf: () => 3,
      batch: async (_, batch) => void kept.push(batch),
      clock: nothing,
      finish: nothing,
    },
    optedOut: {
      get none() {
        return list.size === 0;
      },
      has: (lo) => {
        asked++;
        return list.has(lo);
      },
      hasPeer: () => false,
      told: nothing,
    },
    room: () => null,
    onFailed: nothing,
  });
  const started = hub.start();
  say({ k: 'open', firstUs: 1 });
  await started;
  const give = (newCells: string[]) => {
    const batch = new EventBatch(8);
    for (const sub of [1, 2])
      batch.push(1e15, sub, 1, 0, 0, kindCode['mo call'], 1, 0, eventFlag.traffic | eventFlag.sighting, 0, 0, 0);
    const at = { clockUs: 1e15, nextUs: 0, progress: 0, counters: noCounters(), note: '' };
    say({ k: 'batch', buffer: batch.buffer, rows: batch.n, newCells, at });
  };
  give(['001-01-1-1']);
  expect(asked).toBe(0);
  list = new Set([2]);
  give([]);
  await hub.stop();
  expect(kept.map(({ subLo, flags, cell, n }) => [n, subLo[0], subLo[1], flags[1], cell[1]])).toEqual([
    [2, 1, 2, eventFlag.traffic | eventFlag.sighting, 3],
    [2, 1, 0, eventFlag.traffic | eventFlag.optedOut, 3],
  ]);
  expect(hub.counters()[0].optedOut).toBe(1);
});
