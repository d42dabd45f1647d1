import { expect, test } from 'vitest';
import { systemClock as clock, minuteUs, systemTimers as timers } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { LogState } from '../../server/core/log-state.ts';
import { Staging } from '../../server/core/snapshot-file.ts';
import { Snapshots } from '../../server/core/snapshots.ts';
import { stagingState } from '../../server/core/staged-state.ts';
import type { GateCount } from '../../server/estimate/gates.ts';
import { LiveEstimates } from '../../server/estimate/live-estimates.ts';
import { parseShares } from '../../server/estimate/shares.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { SubscriberNotes } from '../../server/occupancy/subscriber-notes.ts';
import { unheardOf } from '../../server/reference/cell-registry.ts';
import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../../server/state-writer.ts';
import { FakeDisk } from '../tools/fake-disk.ts';
import { MemoryState } from '../tools/memory-state.ts';

const snapshotsOn = (disk: FakeDisk) =>
  Snapshots.open(
    disk,
    's',
    { id: 'ab'.repeat(16), base: 0, committed: 1_000 },
    (level, line) => {
      throw new Error(`${level} ${line}`);
    },
    timers,
  );

test('state of any lengths comes back as it was, straight into memory of its owner', async () => {
  const lengths = [0, 1, 7, 8, 9, 3_000, (2 << 20) - 1, 2 << 20, (4 << 20) + 1, (9 << 20) + 5, 0, 3];
  const arrays = lengths.map((n, i) => Uint8Array.from({ length: n }, (_, at) => (at * 7 + (at >> 9) + i) % 251));
  const shared = new WebAssembly.Memory({ initial: 2, maximum: 4, shared: true });
  const words = new Uint32Array(shared.buffer, 4_096, 20_000).map((_, i) => i * 3);
  new Uint32Array(shared.buffer, 4_096, 20_000).set(words);
  function* save(to: StateWriter): Generator<void> {
    to.json('first', { lengths });
    for (const [i, array] of arrays.entries()) yield* saveBytes(to, `array.${i}`, array);
    to.bytes('whole', arrays[9]);
    yield* saveBytes(to, 'shared', new Uint32Array(shared.buffer, 4_096, 20_000));
    to.json('last', 'ü');
  }
  const disk = new FakeDisk();
  const staging = new Staging();
  await stagingState(save, staging, { clock, timers });
  await (await snapshotsOn(disk)).write(500, staging);
  const into = new WebAssembly.Memory({ initial: 2, maximum: 4, shared: true });
  const check = (from: StateReader) => {
    // In another order than they were put.
    expect(from.json('last')).toBe('ü');
    const back = new Uint32Array(into.buffer, 65_536, 20_000 / 2);
    expect(() => restoreBytes(from, 'shared', back)).toThrow(/shared has 80000 bytes instead of 40000/);
    restoreBytes(from, 'shared', new Uint32Array(into.buffer, 4_096, 20_000));
    expect(Buffer.compare(from.bytes('whole'), arrays[9])).toBe(0);
    for (const [i, array] of arrays.entries()) {
      const restored = new Uint8Array(array.length);
      restoreBytes(from, `array.${i}`, restored);
      expect(Buffer.compare(restored, array), `array ${i}`).toBe(0);
    }
    expect(() => from.fill('none', new Uint8Array(1))).toThrow(/piece none is missing/);
    return from.json<{ lengths: number[] }>('first').lengths;
  };
  expect(await (await snapshotsOn(disk)).newestOf((_, from) => check(from))).toEqual(lengths);
  expect(new Uint32Array(into.buffer, 4_096, 20_000)).toEqual(words);
});

test('no more than four MiB of a snapshot are in memory at a time beside what is restored from it', async () => {
  const disk = new FakeDisk();
  const array = new Uint8Array(9 << 20).map((_, i) => (i * 7) >> 3);
  const staging = new Staging();
  await stagingState((to) => saveBytes(to, 'array', array), staging, { clock, timers });
  await (await snapshotsOn(disk)).write(500, staging);
  const open = disk.open.bind(disk);
  const read: { bytes: number; of: ArrayBufferLike }[] = [];
  disk.open = async (path, how) => {
    const file = await open(path, how);
    return {
      ...file,
      read(into, at) {
        read.push({ bytes: into.length, of: into.buffer });
        return file.read(into, at);
      },
      readNow(into, at) {
        read.push({ bytes: into.length, of: into.buffer });
        return file.readNow(into, at);
      },
    };
  };
  const restored = new Uint8Array(array.length);
  await (await snapshotsOn(disk)).newestOf((_, from) => restoreBytes(from, 'array', restored));
  expect(Buffer.compare(restored, array)).toBe(0);
  expect(Math.max(...read.map(({ bytes }) => bytes))).toBeLessThanOrEqual(4 << 20);
  const direct = read.filter(({ of }) => of === restored.buffer).reduce((sum, { bytes }) => sum + bytes, 0);
  expect(direct).toBe(array.byteLength);
  expect(new Set(read.map(({ of }) => of)).size).toBeLessThan(8);
});

/** A hall through the counters, with people estimates that go along. */
function hall() {
  const config = makeConfig({ where: 'test', settings: { presenceTtlMs: 300_000 } });
  const state = new LogState();
  state.apply({ k: 'cells', listed: false, cells: [{ id: 0, cell: unheardOf('460-00-1-4') }] });
  const region = { id: 'hall', name: 'hall', kind: 'venue', capacity: 1_000, polygons: null, cells: ['460-00-1-4'] };
  state.apply({ k: 'regions', regions: [region] });
  const made: LiveEstimates[] = [];
  const follow = (of: Counting) => {
    const estimates = new LiveEstimates({
      shares: parseShares('s.csv', 'origin,share,error\n*,0.5,0.05\n'),
      ...{ gates: [], regions: () => of.regions, registry: state.registry, subscribersMax: 1_000 },
      ...{
        periodicUs: 60 * minuteUs,
        gatePastUs: 120 * minuteUs,
        present: { usualUs: 120 * minuteUs, of: () => 120 * minuteUs },
        log: () => undefined,
      },
    });
    made.push(estimates);
    return estimates;
  };
  const counting = new Counting(config, state, () => undefined, follow);
  // Ten devices more each minute, each of them seen each minute.
  for (let minute = 0; minute < 40; minute++) {
    const subs = 10 * (minute + 1);
    const batch = new EventBatch(subs);
    for (let sub = 1; sub <= subs; sub++) {
      const timeUs = (minute + (sub - 0.5) / subs) * minuteUs;
      batch.push(timeUs, sub, 1, 0, 0, kindCode.sighting, 0, 0, eventFlag.sighting, 0, 0, 0);
    }
    for (const _ of counting.applying({ k: 'batch', batch } as never));
    for (const _ of counting.applying({ k: 'clock', releaseUs: (minute + 1) * minuteUs } as never));
  }
  const restore = (from: StateReader) => Counting.restore(config, state, () => undefined, from, follow);
  return { config, counting, restore, estimates: () => made.at(-1)! };
}

test('gate counts that come while a snapshot is written leave it whole', async () => {
  const { counting, restore, estimates } = hall();
  const { view } = counting.engine;
  const live = estimates();
  const gate = (minute: number): GateCount => {
    return { timeUs: minute * minuteUs, region: 'hall', people: Math.round((10 * minute * 1.2) / 0.485), error: 0.01 };
  };
  expect(live.take(view, [gate(20)])).toEqual([{ state: 'used' }]);
  const before = live.update(view)[0]!;
  const taken = MemoryState.of(counting);
  const disk = new FakeDisk();
  const snapshots = await snapshotsOn(disk);
  const staging = new Staging();
  await stagingState((to) => counting.save(to), staging, { clock, timers });
  // In the middle of it: several, so that what is saved of them is longer.
  let minute = 25;
  disk.before = async (what, path) => {
    if (what !== 'write' || !path.startsWith('s/') || minute > 35) return;
    expect(live.take(view, [gate(minute++)])).toEqual([{ state: 'used' }]);
  };
  await snapshots.write(500, staging);
  expect(minute).toBe(36);
  disk.before = async () => undefined;
  const counted = await (await snapshotsOn(disk)).newestOf((_, from) => restore(from));
  expect(MemoryState.of(counted!).differsFrom(taken)).toBeNull();
  const again = estimates().update(counted!.engine.view)[0]!;
  expect(again.people).toEqual(before.people);
  expect(live.update(view)[0]!.people.people).not.toBe(before.people.people);
});

test('notes that are given away go on in their own memory, and are copied where that is laid out otherwise', async () => {
  const notesOf = (subscribersMax: number) => {
    const notes = new SubscriberNotes();
    notes.open(subscribersMax);
    return notes;
  };
  const ones = notesOf(20_000);
  for (let sub = 0; sub < 20_000; sub++) ones.add(sub, 1 + (sub % 5), sub * 2);
  const saved = MemoryState.of(ones);
  for (const [kind, subscribersMax, isGiven] of [
    ['given away', 90_000, false],
    ['in place', 20_000, false],
    ['given away', 20_000, true],
  ] as const) {
    const staging = new Staging(kind);
    await stagingState((to) => ones.save(to), staging, { clock, timers });
    const others = notesOf(subscribersMax);
    others.restore(staging.reader);
    expect(MemoryState.of(others).differsFrom(saved)).toBeNull();
    others.set(others.find(7, 0xff, 3), 3, -1);
    expect(ones.valueOf(ones.find(7, 0xff, 3))).toBe(isGiven ? -1 : 14);
    // They grow as if they were new.
    for (let sub = 0; sub < 20_000; sub++) for (let key = 10; key < 20; key++) others.add(sub, key, key * sub);
    expect(others.valueOf(others.find(19_999, 0xff, 19))).toBe(19 * 19_999);
  }
});

test('counters that go on by other settings are the same, bit for bit', () => {
  const { counting, config } = hall();
  const before = MemoryState.of(counting);
  const steps = counting.under({ ...config, latenessMs: config.latenessMs + 1_000 });
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  expect(MemoryState.of(step.value).differsFrom(before)).toBeNull();
});
