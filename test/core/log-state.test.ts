import { expect, test } from 'vitest';
import { positionOf } from '../../server/core/begin-run.ts';
import { LogState } from '../../server/core/log-state.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import type { StateReader, StateWriter } from '../../server/state-writer.ts';

const region = (id: string): Region => ({ id, name: id, kind: 'venue', capacity: null, polygons: null, cells: ['*'] });

test('where the newest edit and the newest set that a start has brought stand is kept over a restart', () => {
  const state = new LogState();
  state.apply({ k: 'regions', regions: [region('a')] }, 100);
  expect([state.broughtTo, state.editedTo]).toEqual([100, -1]);
  state.apply({ k: 'regions', regions: [region('b')], version: 2, edit: { fromUs: 0, members: [[]] } }, 250);
  expect([state.broughtTo, state.editedTo]).toEqual([100, 250]);

  const saved = new Map<string, unknown>();
  const to: StateWriter = {
    json: (name, value) => void saved.set(name, structuredClone(value)),
    bytes: (name, value) => void saved.set(name, new Uint8Array(value.buffer.slice(0))),
  } as StateWriter;
  for (const _ of state.save(to));
  const from = {
    json: (name: string) => structuredClone(saved.get(name)),
    bytes: (name: string) => saved.get(name) as Uint8Array,
  } as StateReader;
  const restored = LogState.restore(from);
  expect([restored.broughtTo, restored.editedTo, restored.regions[0].id]).toEqual([100, 250, 'b']);
  // Of a snapshot from before they were kept: nobody knows, and the set is dated by the start as then.
  const { broughtTo: _, editedTo: __, ...older } = saved.get('log') as Record<string, unknown>;
  saved.set('log', older);
  expect(LogState.restore(from).editedTo).toBe(-1);
});

const file = (number: number, eventUs: number, identity = `pcap:${number}`) => ({
  ...{ number, identity, epoch: 0, seq: 5, eventUs, clockUs: eventUs, firstUs: 0 },
});

test('a feed beyond the 256 that fit gets the number of the one that has been over longest, which is forgotten', () => {
  const state = new LogState();
  const run = { k: 'run', wallUs: 1, fingerprint: 'f', fresh: true, historyFromUs: null, after: null } as const;
  const positions = Array.from({ length: 256 }, (_, i) => file(i, 1_000 + ((i * 7) % 256)));
  state.apply({ ...run, positions });
  expect(() => positionOf(state.positions, 'pcap:new')).toThrow(/knows 256 feeds/);
  const position = positionOf(state.positions, 'pcap:new', ({ number }) => number > 0);
  expect(position).toMatchObject({ number: positions.find(({ eventUs }) => eventUs === 1_001)!.number, seq: 0 });
  state.apply({ ...run, positions: [position] });
  expect(state.positions.size).toBe(256);
  expect(state.positions.has(`pcap:${position.number}`)).toBe(false);
  expect(positionOf(state.positions, 'pcap:0')).toMatchObject({ number: 0, seq: 5 });
});
