import { expect, test } from 'vitest';
import { systemClock as clock, minuteUs, systemTimers as timers } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { LogState } from '../../server/core/log-state.ts';
import { Staging } from '../../server/core/snapshot-file.ts';
import { Snapshots } from '../../server/core/snapshots.ts';
import { stagingState } from '../../server/core/staged-state.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { unheardOf } from '../../server/reference/cell-registry.ts';
import { FakeDisk } from '../tools/fake-disk.ts';
import { MemoryState } from '../tools/memory-state.ts';

const cells = 24;
const cgiOf = (cell: number) => `460-00-1-${cell}`;

/** Phones that come, go from cell to cell, are silent for long and detach; each minute others. */
class Crowd {
  readonly config = makeConfig({ where: 'test', settings: { presenceTtlMs: 300_000, holdDownMs: 60_000 } });
  readonly state = new LogState();
  readonly counting: Counting;
  private minute = 0;
  private x: number;

  constructor(seed: number) {
    this.x = seed;
    const ids = Array.from({ length: cells }, (_, id) => ({ id, cell: unheardOf(cgiOf(id)) }));
    this.state.apply({ k: 'cells', listed: false, cells: ids });
    const regions = Array.from({ length: 5 }, (_, i) => ({
      ...{ id: `r${i}`, name: `r${i}`, kind: 'venue', capacity: null, polygons: null },
      cells: Array.from({ length: 8 }, (_, k) => cgiOf(4 * i + k)),
    }));
    this.state.apply({ k: 'regions', regions });
    this.counting = new Counting(this.config, this.state, () => undefined);
  }

  private draw(below: number): number {
    this.x ^= this.x << 13;
    this.x ^= this.x >>> 17;
    this.x ^= this.x << 5;
    return (this.x >>> 0) % below;
  }

  /** A minute of rows. */
  goOn(rows: number): void {
    const batch = new EventBatch(rows);
    for (let i = 0; i < rows; i++) {
      const timeUs = Math.floor((this.minute + i / rows) * minuteUs);
      const sub = 1 + this.minute * 97 + this.draw(2_500);
      const flags = eventFlag.sighting | (this.draw(12) === 0 ? eventFlag.detach : 0);
      batch.push(timeUs, sub, 1, this.draw(cells), this.draw(2) * 0x460002, kindCode.sighting, 0, 0, flags, 0, 0, 0);
    }
    this.minute++;
    for (const _ of this.counting.applying({ k: 'batch', batch } as never));
    for (const _ of this.counting.applying({ k: 'clock', releaseUs: this.minute * minuteUs } as never));
  }
}

test.each([1, 2, 3, 4])('a snapshot is of one moment though all goes on while it is written (%d)', async (seed) => {
  const disk = new FakeDisk();
  const journal = { id: 'ab'.repeat(16), base: 0, committed: 1_000 };
  const log = (level: string, line: string) => {
    throw new Error(`${level} ${line}`);
  };
  const open = () => Snapshots.open(disk, 's', journal, log, timers);
  const crowd = new Crowd(seed);
  for (let minute = 0; minute < 6 * seed; minute++) crowd.goOn(300);
  const taken = MemoryState.of(crowd.counting);
  const staging = new Staging();
  await stagingState((to) => crowd.counting.save(to), staging, { clock, timers });
  let writes = 0;
  disk.before = async (what) => {
    if (what !== 'write') return;
    writes++;
    // More come at once than there were: tables grow.
    if (writes % 10 === 1 && writes < 100) crowd.goOn(writes === 1 ? 3_000 : 300);
  };
  await (await open()).write(500, staging);
  disk.before = async () => undefined;
  expect(writes).toBeGreaterThan(40);
  expect(staging.keptBytes).toBeGreaterThan(0);
  staging.release();
  const now = MemoryState.of(crowd.counting);
  for (const name of ['table.records.0', 'slots.new.0', 'notes.heads.0.0', 'notes.rows.0.0'])
    expect(Buffer.compare(Buffer.from(now.pieces.get(name)!), Buffer.from(taken.pieces.get(name)!)), name).not.toBe(0);
  const again = await (await open()).newestOf((_, from) => {
    return Counting.restore(crowd.config, crowd.state, () => undefined, from);
  });
  expect(MemoryState.of(again!).differsFrom(taken)).toBeNull();
  // Nothing is kept any more.
  const { keptBytes } = staging;
  crowd.goOn(3_000);
  expect(staging.keptBytes).toBe(keptBytes);
});
