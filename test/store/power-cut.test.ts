import fs, { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { messageOf } from '../../server/errors.ts';
import { type Instance, openInstance } from '../../server/store/embedded/instance.ts';
import { encodeQuery, readAnswer } from '../../server/store/embedded/wire-messages.ts';
import { Random } from '../fuzz/random.ts';
import { DiskRecorder } from './tools/power-cut.ts';
import { native, templateFolder } from './tools/test-database.ts';

const batches = 24;
const batchRows = 1_000;
/** More of them: each takes some two seconds. */
const cuts = Number(process.env.SIGNALWALL_POWER_CUTS ?? 4);
const seed = Number(process.env.SIGNALWALL_POWER_CUT_SEED ?? 1);

/** As the writer stores a batch: the ledger moves with the rows, from where it stands. */
const storeBatch = (n: number) => `begin;
  insert into ledger (stream, batch, journal, journal_offset, event_us) values ('journal', ${n}, 'j', ${n * 1000}, 1)
    on conflict (stream) do update set batch = excluded.batch, journal_offset = excluded.journal_offset
    where ledger.batch = ${n - 1};
  insert into event (ts, sub, bytes, cell_id, plmn, duration_ms, type_allocation_code, kind, outcome, cause, flags)
    select timestamptz '2026-01-05 12:00Z' + ${n} * interval '37 min' + g * interval '1 ms', ${n}, 0, g % 100, 0, 0, 0, 1, 1, -1, 5
    from generate_series(1, ${batchRows}) g;
  commit`;

async function run(instance: Instance, sql: string): Promise<string[]> {
  const answer = readAnswer(await instance.run(encodeQuery(sql)), false);
  if (answer.error !== '') throw new Error(answer.error);
  const values: string[] = [];
  const { bytes } = answer;
  for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
    if (bytes[at] !== 'D'.charCodeAt(0)) continue;
    const length = bytes.readInt32BE(at + 7);
    values.push(bytes.toString('utf8', at + 11, at + 11 + length));
  }
  return values;
}

/** Batches stored, and rows of those that have not the rows they should have. */
async function look(instance: Instance, to: number): Promise<{ ledger: number; wrong: string[] }> {
  const [ledger] = await run(instance, "select coalesce(max(batch), 0) from ledger where stream = 'journal'");
  const scans = ['set enable_seqscan = on', 'set enable_seqscan = off; set enable_bitmapscan = off'];
  const wrong: string[] = [];
  for (const scan of scans) {
    await run(instance, scan);
    const rows = await run(
      instance,
      `select b || ': ' || n from (
         select b, (select count(*) from event where sub = b and ts > timestamptz '2026-01-01Z') as n
         from generate_series(1, ${batches}) b) x
       where n <> case when b <= ${to < 0 ? ledger : to} then ${batchRows} else 0 end`,
    );
    wrong.push(...rows);
  }
  await run(instance, 'set enable_seqscan = on; set enable_bitmapscan = on');
  return { ledger: Number(ledger), wrong };
}

describe.skipIf(native)('the embedded database at a power cut', () => {
  const root = mkdtempSync(join(tmpdir(), 'sw-power-'));
  const before = join(root, 'before');
  const folder = join(root, 'pg');
  let disk: DiskRecorder;
  /** When each batch was acknowledged. */
  const acknowledged: number[] = [];
  const checkpoints: number[] = [];
  let begun = 0;
  let closed = 0;

  beforeAll(async () => {
    cpSync(join(await templateFolder(), 'sim', 'pg'), before, { recursive: true });
    cpSync(before, folder, { recursive: true });
    disk = new DiskRecorder(folder);
    try {
      const instance = await openInstance(folder, () => undefined);
      begun = disk.moment;
      for (let n = 1; n <= batches; n++) {
        await run(instance, storeBatch(n));
        acknowledged.push(disk.moment);
        if (n % 7 !== 0) continue;
        checkpoints.push(disk.moment);
        await run(instance, 'checkpoint');
        checkpoints.push(disk.moment);
      }
      await instance.close();
      closed = disk.moment;
    } finally {
      disk.stop();
    }
  }, 120_000);

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  async function afterCut(moment: number, random: Random, heeded: boolean) {
    const cut = mkdtempSync(join(root, 'cut-'));
    const unit = () => random.below(1 << 24) / (1 << 24);
    disk.build(before, join(cut, 'pg'), moment, unit, heeded);
    const instance = await openInstance(join(cut, 'pg'), () => undefined);
    try {
      const found = await look(instance, -1);
      // The journal gives again what the ledger lacks.
      for (let n = found.ledger + 1; n <= batches; n++) await run(instance, storeBatch(n));
      const { wrong } = await look(instance, batches);
      return { ...found, wrong: [...found.wrong, ...wrong] };
    } finally {
      await instance.close();
      rmSync(cut, { recursive: true, force: true });
    }
  }

  test('is for its user alone', () => {
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test('asks the disk to sync before it answers a commit, and what a checkpoint has written', () => {
    expect(disk.syncs).toBeGreaterThan(batches);
    for (const [i, moment] of acknowledged.entries())
      expect(disk.synced(i === 0 ? begun : acknowledged[i - 1], moment, /^pg_wal\//), `batch ${i + 1}`).toBeGreaterThan(
        0,
      );
    expect(disk.synced(checkpoints[0], checkpoints[1], /^base\//)).toBeGreaterThan(0);
    expect(disk.synced(checkpoints[0], checkpoints[1], /^global\/pg_control$/)).toBeGreaterThan(0);
  });

  test.each(Array.from({ length: cuts }, (_, i) => i))('cut %i loses and doubles no row', async (i) => {
    const random = new Random();
    random.begin(seed, i);
    // Every other one while a checkpoint is written.
    const at = 2 * random.below(checkpoints.length / 2);
    const [from, to] = i % 2 === 0 ? [checkpoints[at], checkpoints[at + 1]] : [begun, closed];
    const moment = from + random.below(to - from + 1);
    const known = acknowledged.filter((end) => end <= moment).length;
    const { ledger, wrong } = await afterCut(moment, random, true);
    expect(wrong).toEqual([]);
    expect(ledger, 'of the batches that had been acknowledged').toBeGreaterThanOrEqual(known);
  });

  test('a sync that fails ends the instance, and the next one has what was committed', async () => {
    const cut = mkdtempSync(join(root, 'cut-'));
    cpSync(before, join(cut, 'pg'), { recursive: true });
    const first = await openInstance(join(cut, 'pg'), () => undefined);
    await run(first, storeBatch(1));
    const { fsyncSync } = fs;
    fs.fsyncSync = () => {
      throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO', errno: -5 });
    };
    syncBuiltinESMExports();
    try {
      await expect(run(first, storeBatch(2))).rejects.toThrow('Aborted');
    } finally {
      fs.fsyncSync = fsyncSync;
      syncBuiltinESMExports();
    }
    const next = await openInstance(join(cut, 'pg'), () => undefined);
    const { ledger, wrong } = await look(next, -1);
    await next.close();
    expect(wrong).toEqual([]);
    expect(ledger).toBeGreaterThanOrEqual(1);
  });

  test('where no sync reached the disk, the same cuts would lose or double rows', async () => {
    const ends: string[] = [];
    for (let i = 0; i < 6 && ends.length === 0; i++) {
      const random = new Random();
      random.begin(seed, i);
      const moment = checkpoints[0] + random.below(checkpoints[1] - checkpoints[0] + 1);
      try {
        ends.push(...(await afterCut(moment, random, false)).wrong);
      } catch (error) {
        ends.push(messageOf(error));
      }
    }
    expect(ends).not.toEqual([]);
  });
});
