import { expect, it } from 'vitest';
import type { Timers } from '../../server/clock.ts';
import { type Config, type KnobName, makeConfig } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { fingerprintOf } from '../../server/core/fingerprint.ts';
import { LogState } from '../../server/core/log-state.ts';
import { Staging } from '../../server/core/snapshot-file.ts';
import { Snapshots } from '../../server/core/snapshots.ts';
import { UserError } from '../../server/errors.ts';
import type { Log } from '../../server/log.ts';
import { FakeDisk } from '../tools/fake-disk.ts';

const journal = { id: 'ab'.repeat(16), base: 100, committed: 1_000 };

/** Nobody waits here. */
const timers: Timers = {
  after(_ms, run) {
    queueMicrotask(run);
    return () => undefined;
  },
};

async function open(disk: FakeDisk, of: Partial<typeof journal> = {}) {
  const lines: string[] = [];
  const log: Log = (level, line) => void lines.push(`${level} ${line}`);
  const snapshots = await Snapshots.open(disk, 's', { ...journal, ...of }, log, timers);
  return { snapshots, lines };
}

function staging(n: number): Staging {
  const staging = new Staging();
  staging.json('n', n);
  return staging;
}

/** A disk with snapshots at 300, 600 and 900. */
async function three(): Promise<FakeDisk> {
  const disk = new FakeDisk();
  const { snapshots } = await open(disk);
  for (const offset of [300, 600, 900]) await snapshots.write(offset, staging(offset));
  return disk;
}

const offsets = async (disk: FakeDisk) =>
  (await disk.list('s')).map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b);

it('leaves a whole snapshot that does not fit where it is, and goes on with the one before', async () => {
  const disk = await three();
  const { snapshots, lines } = await open(disk);
  const taken = await snapshots.newestOf((offset, state) => {
    if (offset === 900) throw new UserError('TEST', 'a piece is missing');
    return state.json<number>('n');
  });
  expect(taken).toBe(600);
  expect(lines).toEqual(['warn a piece is missing; the one before is taken']);
  expect(await offsets(disk)).toEqual([300, 600, 900]);
});

const eio = () => Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', errno: -5 });

it.each([
  ['its head', 1],
  ['its body', 3],
])('leaves one whose disk does not give %s, says which, and goes on with the one before', async (_, failingRead) => {
  const disk = await three();
  const newest = `s/${(await disk.list('s')).sort().at(-1)}`;
  let reads = 0;
  disk.before = async (what, path) => {
    if (what === 'read' && path === newest && ++reads >= failingRead) throw eio();
  };
  const { snapshots, lines } = await open(disk);
  expect(await snapshots.newestOf((_offset, state) => state.json<number>('n'))).toBe(600);
  expect(lines.length).toBe(1);
  expect(lines[0]).toContain(`the snapshot ${newest} can't be read (EIO: i/o error, read); check the file`);
  expect(await offsets(disk)).toEqual([300, 600, 900]);
});

it.each([
  ['its head', 1],
  ['its body', 4],
])('asks again for one whose disk does not give %s once, and says so', async (_, failingRead) => {
  const disk = new FakeDisk();
  const { snapshots: before } = await open(disk);
  await before.write(300, staging(300));
  let reads = 0;
  disk.before = async (what, path) => {
    if (what === 'read' && path.endsWith('.snapshot') && ++reads === failingRead) throw eio();
  };
  const { snapshots, lines } = await open(disk);
  expect(await snapshots.newestOf((_offset, state) => state.json<number>('n'))).toBe(300);
  expect(reads).toBeGreaterThan(failingRead);
  expect(lines).toEqual([
    expect.stringMatching(/^warn the disk gave the snapshot s\/0+300\.snapshot at attempt 2 only/),
  ]);
});

it.each([
  ['is not given', eio, /can't be read \(EIO: i\/o error, read\); check the file/],
  ['is another one', null, /can't be used: its piece n is read otherwise than a moment ago/],
])(
  'leaves one of which a sector %s when it is read once more, and goes on with the one before',
  async (_, fails, says) => {
    const disk = await three();
    const newest = `s/${(await disk.list('s')).sort().at(-1)}`;
    disk.beforeReadNow = (path) => {
      if (path !== newest) return;
      if (fails !== null) throw fails();
      disk.corrupt(path, (bytes) => {
        bytes[bytes.length - 16] ^= 1;
      });
    };
    const { snapshots, lines } = await open(disk);
    expect(await snapshots.newestOf((_offset, state) => state.json<number>('n'))).toBe(600);
    expect(lines).toEqual([expect.stringMatching(says)]);
    expect(await offsets(disk)).toEqual([300, 600, 900]);
  },
);

it('removes a damaged one', async () => {
  const disk = await three();
  const newest = (await disk.list('s')).sort().at(-1);
  disk.corrupt(`s/${newest}`, (bytes) => {
    bytes[bytes.length - 16] ^= 1;
  });
  const { snapshots } = await open(disk);
  expect(await snapshots.newestOf((_, state) => state.json<number>('n'))).toBe(600);
  expect(await offsets(disk)).toEqual([300, 600]);
});

it('leaves those of another journal alone', async () => {
  const disk = await three();
  const { snapshots, lines } = await open(disk, { id: 'cd'.repeat(16) });
  expect(snapshots.newest).toBe(-1);
  expect(lines[0]).toContain('is of another journal: it is left there');
  expect(await offsets(disk)).toEqual([300, 600, 900]);
});

it('says that records are missing where a snapshot is of more than the journal, and removes nothing', async () => {
  const disk = await three();
  await expect(open(disk, { base: 500, committed: 800 })).rejects.toMatchObject({
    code: 'JOURNAL_SHORT',
    message: expect.stringMatching(/the journal ends at 800, but the snapshot s\/0+900\.snapshot is of 900/),
  });
  expect(await offsets(disk)).toEqual([300, 600, 900]);
});

it('removes those of records that the journal has let go', async () => {
  const disk = await three();
  expect((await open(disk, { base: 500 })).snapshots.newest).toBe(900);
  expect(await offsets(disk)).toEqual([600, 900]);
});

it('leaves nothing of one that the disk has no room for, though it seemed so', async () => {
  const disk = await three();
  const { snapshots } = await open(disk);
  const before = disk.free;
  disk.before = async (what) => {
    if (what === 'sync') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', errno: -28 });
  };
  await expect(snapshots.write(950, staging(950))).rejects.toThrow('ENOSPC');
  disk.before = async () => undefined;
  expect(disk.free).toBe(before);
  expect(await disk.list('s')).toHaveLength(3);
  expect(snapshots.newest).toBe(900);
});

it('does not begin one that would go below what must stay free; the newest of before stays', async () => {
  const disk = await three();
  const { snapshots } = await open(disk);
  disk.free = 9_000;
  await expect(snapshots.write(950, staging(950), 6_000)).rejects.toMatchObject({ code: 'SNAPSHOT_NO_ROOM' });
  expect(await offsets(disk)).toEqual([900]);
  await snapshots.write(950, staging(950), 1_000);
  expect(await offsets(disk)).toEqual([900, 950]);
});

it('forgets those that the journal does not reach back to, but never the newest', async () => {
  const disk = await three();
  const { snapshots } = await open(disk);
  await snapshots.forget(601);
  expect(await offsets(disk)).toEqual([900]);
  await snapshots.forget(2_000);
  expect(await offsets(disk)).toEqual([900]);
});

it('has every setting that counting reads in the fingerprint of a snapshot', () => {
  const config = makeConfig({ where: 'test', settings: {} });
  const read = new Set<string>();
  const watched = new Proxy(config, {
    get(target, name) {
      read.add(String(name));
      return target[name as KnobName];
    },
  }) as Config;
  new Counting(watched, new LogState(), () => undefined);
  expect(read.size).toBeGreaterThan(10);
  const known = fingerprintOf(config);
  expect([...read].filter((name) => !known.includes(`"${name}=`))).toEqual([]);
});
