import { describe, expect, it } from 'vitest';
import type { Timers } from '../../server/clock.ts';
import { Journal } from '../../server/journal/journal.ts';
import { segmentHeadBytes } from '../../server/journal/segment.ts';
import { FakeDisk } from '../tools/fake-disk.ts';

const timers: Timers = {
  after(_ms, run) {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
};

function open(disk: FakeDisk, lines: string[] = [], id = 'ab'): Promise<Journal> {
  return Journal.open({
    ...{ disk, folder: '/j', timers, newId: () => id.repeat(16), log: (level, line) => lines.push(`${level} ${line}`) },
    ...{ segmentBytes: 256, bytesMax: 1 << 30, freeBytesMin: 0, commitMs: 5 },
  });
}

/** Numbers of the records from an offset on. */
async function readFrom(journal: Journal, from = journal.base): Promise<number[]> {
  const reader = journal.reader(from);
  const found = [];
  try {
    for (let record = await reader.next(); record !== null; record = await reader.next()) found.push(record.payload[0]);
  } finally {
    await reader.close();
  }
  return found;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const recordsMax = 20;

/** A journal of twenty records in four segments that was closed, and the paths of these. */
async function closed(id?: string) {
  const disk = new FakeDisk();
  const journal = await open(disk, [], id);
  for (let n = 0; n < recordsMax; n++) journal.append(1, [new Uint8Array(24).fill(n)]);
  await journal.whenCommitted(journal.next);
  const { next } = journal;
  await journal.close();
  const names = (await disk.list('/j')).filter((name) => name.endsWith('.journal')).sort();
  expect(names.length).toBe(4);
  const paths = names.map((name) => `/j/${name}`);
  return { disk, next, paths, starts: names.map((name) => Number.parseInt(name, 10)) };
}

async function append(journal: Journal, n: number): Promise<void> {
  await journal.whenCommitted(journal.append(1, [new Uint8Array(24).fill(n)]));
}

describe('a segment whose head is damaged', () => {
  it.each([0, 1, 3])('is told of at the start, and read as if nothing were: number %i of four', async (i) => {
    const { disk, paths } = await closed();
    disk.corrupt(paths[i], (bytes) => {
      bytes.fill(0xff, 0, segmentHeadBytes);
    });
    const lines: string[] = [];
    const again = await open(disk, lines);
    expect(lines).toEqual([expect.stringMatching(`^error journal: ${paths[i]}, octet 0: its head is damaged.*copy`)]);
    await append(again, 20);
    expect(await readFrom(again)).toEqual(numbers(0, 21));
    await again.close();
  });

  it('and whose first records are gone, too, is told of where the first one is read', async () => {
    for (const i of [1, 3]) {
      const { disk, paths, next } = await closed();
      disk.corrupt(paths[i], (bytes) => {
        bytes.fill(0, 0, 80);
      });
      const again = await open(disk);
      expect(again.next).toBe(next);
      await expect(readFrom(again)).rejects.toThrow(`${paths[i]}, octet 32: a damaged record`);
      await append(again, 20);
      expect((await readFrom(again, next)).at(-1)).toBe(20);
      await again.close();
    }
  });

  it('is refused where it is that of another journal', async () => {
    const { disk, paths } = await closed();
    const other = await closed('cd');
    const file = await disk.open(paths[1], 'create');
    await file.write(other.disk.contents(other.paths[1]), 0);
    await expect(open(disk)).rejects.toThrow(`${paths[1]}, octet 0: its head is that of another journal`);
  });
});

describe('a segment that is missing', () => {
  it.each([0, 1, 2])('is told of, and what stands behind it is read: number %i of four', async (i) => {
    const { disk, paths, starts } = await closed();
    const bringBack = disk.takeAway(paths[i]);
    const lines: string[] = [];
    const again = await open(disk, lines);
    const what = `the log from ${starts[i]} to ${starts[i + 1]} is missing`;
    expect(lines).toEqual([expect.stringContaining(`error journal: ${paths[i]}, octet 0: ${what}`)]);
    expect(await readFrom(again, starts[i + 1])).toEqual(numbers(5 * (i + 1), recordsMax));
    const told = { code: 'JOURNAL_UNREADABLE', message: expect.stringMatching(`^${paths[i]}, octet 32: .*ENOENT`) };
    await expect(readFrom(again)).rejects.toMatchObject(told);
    // Somebody brings it back while the server runs.
    bringBack();
    await append(again, 20);
    expect(await readFrom(again)).toEqual(numbers(0, 21));
    await again.close();
  });

  it('with the one behind it is read as they come back, one by one', async () => {
    const { disk, paths, starts } = await closed();
    const backs = [1, 2].map((i) => disk.takeAway(paths[i]));
    const again = await open(disk);
    for (const i of [0, 1]) {
      await expect(readFrom(again)).rejects.toThrow(`${paths[i + 1]}, octet 32: the disk does not give it (ENOENT`);
      backs[i]();
    }
    expect(await readFrom(again)).toEqual(numbers(0, recordsMax));
    // Who stands in the second one of them is not held by the first.
    for (const i of [1, 2]) disk.takeAway(paths[i]);
    const late = await open(disk, []);
    await expect(readFrom(late, starts[2] + 72)).rejects.toThrow(paths[1]);
    backs[0]();
    await expect(readFrom(late, starts[2] + 72)).rejects.toThrow(`${paths[2]}, octet 72`);
    backs[1]();
    expect(await readFrom(late, starts[2] + 72)).toEqual(numbers(11, recordsMax));
    await again.close();
    // Those that were brought back are let go too: at once, not at the next start.
    await late.release(late.next);
    expect([late.failed, (await disk.list('/j')).sort()]).toEqual([null, [paths[3].slice(3), 'base.json']]);
    await late.close();
    expect(await readFrom(await open(disk))).toEqual(numbers(15, recordsMax));
  });

  it('and that nobody needs is let go like others', async () => {
    const { disk, paths, starts } = await closed();
    await disk.remove(paths[1]);
    const again = await open(disk);
    await again.release(starts[3]);
    expect([again.failed, again.base]).toEqual([null, starts[3]]);
    expect((await disk.list('/j')).filter((name) => name.endsWith('.journal')).length).toBe(1);
    expect(await readFrom(again)).toEqual(numbers(15, recordsMax));
    await again.close();
  });

  it('ends the start where it may have been the newest one', async () => {
    const { disk, paths } = await closed();
    await disk.remove(paths[3]);
    await expect(open(disk)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
  });
});

it('tells a segment that is cut short by its own name, and reads what stands behind', async () => {
  const { disk, paths, starts } = await closed();
  const file = await disk.open(paths[1], 'write');
  await file.truncate((await file.size()) - 20);
  const again = await open(disk);
  await expect(readFrom(again)).rejects.toThrow(`${paths[1]}, octet 192: a record that is cut off`);
  expect(await readFrom(again, starts[2])).toEqual(numbers(10, recordsMax));
  await again.close();
});

it('starts though the disk does not give an older segment, and says so', async () => {
  const { disk, paths } = await closed();
  for (const failing of ['open', 'read'] as const) {
    let times = 1;
    disk.before = async (what, path) => {
      if (what === failing && path === paths[1] && times-- > 0)
        throw Object.assign(new Error('EIO'), { code: 'EIO', errno: -5 });
    };
    const lines: string[] = [];
    const again = await open(disk, lines);
    expect(lines).toEqual([expect.stringContaining(`error journal: ${paths[1]}, octet 0: the disk does not give it`)]);
    expect(await readFrom(again)).toEqual(numbers(0, recordsMax));
    await again.close();
  }
});
