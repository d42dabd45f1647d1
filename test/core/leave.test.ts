import { expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { fingerprintOf } from '../../server/core/fingerprint.ts';
import { LogState } from '../../server/core/log-state.ts';
import { staysOfOthers } from '../../server/core/stays-of-others.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import type { OptedOut } from '../../server/events/opted-out.ts';
import { decodeRecord, encodeRecord, type LogRecord } from '../../server/journal/records.ts';
import { unheardOf } from '../../server/reference/cell-registry.ts';
import { MemoryState } from '../tools/memory-state.ts';

const config = makeConfig({ where: 'test', settings: { gaugeEveryMs: 60_000, holdDownMs: 60_000 } });
const startUs = Date.UTC(2026, 5, 1, 12) * 1000;
const beginning: LogRecord[] = [
  {
    ...{ k: 'run', wallUs: startUs, fingerprint: fingerprintOf(config), fresh: true },
    ...{ historyFromUs: null, after: null, positions: [] },
  },
  { k: 'cells', listed: true, cells: [{ id: 0, cell: unheardOf('001-01-100-1') }] },
];

function seen(subscribers: number[], seconds: number, flags: number = eventFlag.sighting): LogRecord[] {
  const batch = new EventBatch(subscribers.length);
  const us = startUs + seconds * 1e6;
  const kind = flags === eventFlag.sighting ? kindCode.sighting : kindCode['mo call'];
  for (const sub of subscribers) batch.push(us, sub, sub === 0 ? 0 : 1, 0, 0, kind, 0, 0, flags, 0, 0, 0);
  const position = { number: 0, identity: 'f', epoch: 0, seq: us, eventUs: us, clockUs: us, firstUs: startUs };
  const clocks = Float64Array.of(us + 1);
  return [
    { k: 'batch', position, rowsBefore: 0, batch },
    { k: 'clock', releaseUs: us + 1, wallUs: 0, feedClocksUs: clocks, readUs: clocks },
  ];
}

/** As it comes back from the journal. */
function journalled(record: LogRecord): LogRecord {
  const { kind, parts } = encodeRecord(record);
  return decodeRecord(kind, Buffer.concat(parts), 0);
}

function count(records: readonly LogRecord[], restartBefore = -1): { counting: Counting; stays: number[] } {
  let state = new LogState();
  let counting = new Counting(config, state, () => undefined);
  const stays: number[] = [];
  const take: ConstructorParameters<typeof Counting>[2] = (_, made) => {
    if (made.k === 'stays') stays.push(...made.stays.subLo.subarray(0, made.stays.n));
  };
  for (const [i, record] of records.entries()) {
    if (i === restartBefore) {
      const kept = MemoryState.of({
        *save(to) {
          yield* state.save(to);
          yield* counting.save(to);
        },
      });
      state = LogState.restore(kept);
      counting = Counting.restore(config, state, take, kept);
    }
    state.apply(record);
    if (record.k === 'run') counting = new Counting(config, state, take);
    else for (const _ of counting.applying(record));
  }
  return { counting, stays };
}

const leave = journalled({ k: 'leave', subs: [2, 1, 9, 1] });

test('who has opted out is present no more from the record on, and others are', () => {
  const { counting, stays } = count([...beginning, ...seen([1, 2, 3], 5), leave, ...seen([1], 40)]);
  const { presence, view } = counting.engine;
  expect([1, 2, 3, 9].map((sub) => presence.isPresent(sub, 1))).toEqual([true, false, true, false]);
  expect([view.present, view.vanished]).toEqual([2, 1]);
  expect(stays).toEqual([2]);
});

test('the stay that ends by it is told at once, though the clock stands', () => {
  expect(count([...beginning, ...seen([1, 2, 3], 5), leave]).stays).toEqual([2]);
});

test('a restart before or behind the record counts the same, and before the first row it does nothing', () => {
  const records = [...beginning, leave, ...seen([1, 2], 5), leave, ...seen([1, 3], 40)];
  for (let at = 1; at <= records.length; at++) {
    const { counting } = count(records, at);
    expect([1, 2, 3].map((sub) => counting.engine.presence.isPresent(sub, 1))).toEqual([true, false, true]);
    expect(counting.engine.view.present).toBe(2);
  }
});

test('traffic of those who have opted out is neither resolved nor unresolved', () => {
  const { traffic, optedOut } = eventFlag;
  const calls = [...seen([1, 2], 5, traffic), ...seen([0], 6, traffic), ...seen([0, 0, 0], 7, traffic | optedOut)];
  const { view } = count([...beginning, ...calls]).counting.engine;
  expect([view.resolvedEvents, view.unresolvedEvents, view.optedOutEvents]).toEqual([2, 1, 3]);
  expect(view.traffic[kindCode['mo call']]).toBe(6);
  // Late ones too: behind the clock, within the lateness.
  const late = count([...beginning, ...calls, ...seen([0, 0], 3, traffic | optedOut)]).counting.engine.view;
  expect([late.unresolvedEvents, late.optedOutEvents, late.lateEvents]).toEqual([1, 5, 2]);
});

test('stays of those who have opted out are left out of what is told', () => {
  const columns = { n: 4, subLo: Uint32Array.of(1, 2, 3, 2), subHi: Uint32Array.of(1, 1, 1, 1) };
  const stays = {
    ...{ ...columns, cell: Uint32Array.of(10, 11, 12, 13), events: new Uint32Array(4), plmn: new Uint32Array(4) },
    ...{ firstInUs: Float64Array.of(1, 2, 3, 4), lastInUs: new Float64Array(4), firstOutUs: new Float64Array(4) },
  };
  const list: OptedOut = { none: false, has: (lo) => lo === 2, hasPeer: () => false, told: () => undefined };
  const told = staysOfOthers(stays, list);
  expect([told.n, [...told.subLo], [...told.cell], [...told.firstInUs]]).toEqual([2, [1, 3], [10, 12], [1, 3]]);
  expect([staysOfOthers(stays, null).n, staysOfOthers(stays, { ...list, none: true }).n]).toEqual([4, 4]);
});
