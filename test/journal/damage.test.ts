import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Timers } from '../../server/clock.ts';
import type { DiskFile } from '../../server/journal/disk.ts';
import { Journal, type JournalOptions } from '../../server/journal/journal.ts';
import { segmentHeadBytes } from '../../server/journal/segment.ts';
import { Random } from '../fuzz/random.ts';
import { FakeDisk } from '../tools/fake-disk.ts';

/** Octets that a checksum, or a table of them, has been asked of. */
let summed = 0;
vi.mock('node:zlib', async (original) => {
  const zlib = await original<typeof import('node:zlib')>();
  const crc32: typeof zlib.crc32 = (data, value) => {
    summed += Buffer.byteLength(data);
    return zlib.crc32(data, value);
  };
  return { ...zlib, crc32, default: { ...zlib, crc32 } };
});
vi.mock('../../server/journal/crc-ranges.ts', async (original) => {
  const { CrcRanges } = await original<typeof import('../../server/journal/crc-ranges.ts')>();
  class Counted extends CrcRanges {
    constructor(bytes: Uint8Array) {
      super(bytes);
      summed += bytes.length;
    }
  }
  return { CrcRanges: Counted };
});
const { crc32 } = await import('node:zlib');
const { CrcRanges } = await import('../../server/journal/crc-ranges.ts');

beforeEach(() => {
  summed = 0;
});

const timers: Timers = {
  after(_ms, run) {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
};

function open(disk: FakeDisk, more: Partial<JournalOptions> = {}): Promise<Journal> {
  return Journal.open({
    ...{ disk, folder: '/j', timers, newId: () => 'ab'.repeat(16), log: () => undefined },
    ...{ segmentBytes: 64 << 20, bytesMax: 1 << 30, freeBytesMin: 0, commitMs: 5, ...more },
  });
}

const payload = (n: number, length = 24) => new Uint8Array(length).fill(n & 255);

async function append(journal: Journal, n: number): Promise<number> {
  const to = journal.append(1, [payload(n)]);
  await journal.whenCommitted(to);
  return to;
}

async function readAll(journal: Journal): Promise<number[]> {
  const reader = journal.reader(journal.base);
  const found = [];
  for (let record = await reader.next(); record !== null; record = await reader.next()) found.push(record.payload[0]);
  await reader.close();
  return found;
}

const segments = async (disk: FakeDisk) => (await disk.list('/j')).filter((name) => name.endsWith('.journal')).sort();
const systemError = (code: string) => Object.assign(new Error(code), { code, errno: -1 });

describe('a sync that fails', () => {
  /** Fails the next syncs of segments. */
  function failing(disk: FakeDisk, code: string, times: number): void {
    disk.before = async (what, path) => {
      if (what === 'sync' && path.endsWith('.journal') && times-- > 0) throw systemError(code);
    };
  }

  it.each(['ENOSPC', 'EDQUOT'])('for %s has its group written again before that is acknowledged', async (code) => {
    const disk = new FakeDisk();
    const journal = await open(disk);
    await append(journal, 1);
    failing(disk, code, 2);
    await append(journal, 2);
    await append(journal, 3);
    disk.powerCut(() => 0.9);
    expect(await readAll(await open(disk))).toEqual([1, 2, 3]);
  });

  it('amid a group that goes over segments has all of it written again', async () => {
    const disk = new FakeDisk();
    const journal = await open(disk, { segmentBytes: 256 });
    await append(journal, 1);
    failing(disk, 'ENOSPC', 5);
    for (let n = 2; n < 40; n++) journal.append(1, [payload(n)]);
    await journal.whenCommitted(journal.next);
    disk.powerCut(() => 0);
    expect(await readAll(await open(disk, { segmentBytes: 256 }))).toEqual(Array.from({ length: 39 }, (_, i) => i + 1));
  });

  it('and ends the journal leaves nothing that the next start only believes to be on disk', async () => {
    const disk = new FakeDisk();
    const journal = await open(disk);
    await append(journal, 1);
    failing(disk, 'EIO', 1);
    await expect(append(journal, 2)).rejects.toThrow('EIO');
    await journal.close();
    // The process ends, the machine goes on.
    const again = await open(disk);
    expect(await readAll(again)).toEqual([1, 2]);
    await append(again, 3);
    disk.powerCut(() => 0);
    expect(await readAll(await open(disk))).toEqual([1, 2, 3]);
  });

  it('of the head of a new segment has the next start write it again', async () => {
    const disk = new FakeDisk();
    const journal = await open(disk, { segmentBytes: 256 });
    await append(journal, 1);
    const [first] = await segments(disk);
    disk.before = async (what, path) => {
      if (what === 'sync' && path.endsWith('.journal') && !path.endsWith(first)) throw systemError('EIO');
    };
    const appending = async () => {
      for (let n = 2; n < 40; n++) await append(journal, n);
    };
    await expect(appending()).rejects.toThrow('EIO');
    disk.before = async () => undefined;
    await journal.close();
    // The process ends, the machine goes on: the head is read from its memory, and the log's end is noted.
    const again = await open(disk, { segmentBytes: 256 });
    const found = await readAll(again);
    await again.close();
    disk.powerCut(() => 0);
    expect(await readAll(await open(disk, { segmentBytes: 256 }))).toEqual(found);
  });
});

it('leaves no file open when a segment can not be made, however often it is tried', async () => {
  const disk = new FakeDisk();
  let held = 0;
  const open_ = disk.open.bind(disk);
  disk.open = async (path, how) => {
    const file = await open_(path, how);
    held++;
    return { ...file, close: () => file.close().finally(() => held--) } satisfies DiskFile;
  };
  const journal = await open(disk);
  let tries = 0;
  disk.before = async (what, path) => {
    if (what === 'write' && path.endsWith('.journal') && ++tries < 50) throw systemError('ENOSPC');
  };
  await append(journal, 1);
  expect(tries).toBeGreaterThanOrEqual(50);
  expect(held).toBe(1);
  await journal.close();
  expect(held).toBe(0);
});

describe('the newest record, damaged', () => {
  /** A journal of three records that was ended, or not; the newest is damaged then. */
  async function damagedOne(end: (journal: Journal, disk: FakeDisk) => Promise<unknown>) {
    const disk = new FakeDisk();
    const journal = await open(disk);
    for (const n of [1, 2, 3]) await append(journal, n);
    await end(journal, disk);
    const [name] = await segments(disk);
    disk.corrupt(`/j/${name}`, (bytes) => {
      bytes[bytes.length - 20] ^= 4;
    });
    const before = disk.contents(`/j/${name}`).slice();
    return { disk, unchanged: () => expect(disk.contents(`/j/${name}`)).toEqual(before) };
  }
  const at = `/j/${'0'.repeat(16)}.journal, octet ${segmentHeadBytes + 80}: a damaged record; 40 octets behind it`;

  it('is told where the journal was closed, and nothing is cut off', async () => {
    const { disk, unchanged } = await damagedOne((journal) => journal.close());
    await expect(open(disk)).rejects.toThrow(at);
    unchanged();
  });

  it('is told where the end was noted before a snapshot', async () => {
    const { disk, unchanged } = await damagedOne((journal) => journal.noteEnd());
    await expect(open(disk)).rejects.toThrow(at);
    unchanged();
  });

  it('is told where an earlier start had found it whole', async () => {
    const { disk, unchanged } = await damagedOne((_, disk) => open(disk));
    await expect(open(disk)).rejects.toThrow(at);
    unchanged();
  });

  it('is told where the database knows of it', async () => {
    const { disk, unchanged } = await damagedOne(async () => undefined);
    const provenTo = (id: string) => (id === 'ab'.repeat(16) ? segmentHeadBytes + 120 : -1);
    await expect(open(disk, { provenTo })).rejects.toThrow(at);
    unchanged();
  });

  it('is told where its whole segment is missing', async () => {
    const disk = new FakeDisk();
    const journal = await open(disk, { segmentBytes: 128 });
    for (let n = 0; n < 9; n++) await append(journal, n);
    await journal.close();
    const names = await segments(disk);
    await disk.remove(`/j/${names.at(-1)}`);
    await expect(open(disk)).rejects.toThrow(`/j/${names.at(-2)}, octet 112: the file ends`);
  });

  it('is cut off where nobody knows that it was whole', async () => {
    const { disk } = await damagedOne(async () => undefined);
    expect(await readAll(await open(disk))).toEqual([1, 2]);
  });
});

it('goes on with a journal that does not say where it ended', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk);
  for (const n of [1, 2]) await append(journal, n);
  await journal.close();
  const text = `{"format":1,"id":"${'ab'.repeat(16)}","base":0}`;
  const file = await disk.open('/j/base.json', 'create');
  await file.write(Buffer.from(`${text.slice(0, -1)},"crc":${crc32(text)}}\n`), 0);
  await file.sync();
  const again = await open(disk);
  expect(await readAll(again)).toEqual([1, 2]);
  await append(again, 3);
  await again.close();
  expect(await readAll(await open(disk))).toEqual([1, 2, 3]);
});

/** Counts the octets that are read from here on. */
function reading(disk: FakeDisk): () => number {
  let read = 0;
  const open_ = disk.open.bind(disk);
  disk.open = async (path, how) => {
    const file = await open_(path, how);
    return {
      ...file,
      read: async (into, at) => {
        const n = await file.read(into, at);
        read += n;
        return n;
      },
    };
  };
  return () => read;
}

it('goes through a segment with many damaged records once, and names the first ones', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk);
  const starts: number[] = [];
  for (let n = 0; n < 600; n++) {
    starts.push(journal.next === 0 ? segmentHeadBytes : journal.next);
    await append(journal, n);
  }
  await journal.close();
  const [name] = await segments(disk);
  const { length } = disk.contents(`/j/${name}`);
  // Every third one, but not the last.
  const damaged = starts.filter((_, n) => n % 3 === 1);
  disk.corrupt(`/j/${name}`, (bytes) => {
    for (const at of damaged) bytes[at + 20] ^= 1;
  });
  summed = 0;
  const read = reading(disk);
  const lines: string[] = [];
  const again = await open(disk, { log: (_, line) => lines.push(line) });
  expect(again.next).toBe(length);
  expect(lines.map((line) => /octet (\d+): (.*)\. Who/.exec(line)?.slice(1))).toEqual([
    ...damaged.slice(0, 8).map((at) => [`${at}`, 'a damaged record']),
    [`${damaged[7]}`, '192 more damaged records behind it'],
  ]);
  // The rest once, a table of it, a checksum of each place; and what is made last.
  expect([read() < 4 * length, summed < 6 * length]).toEqual([true, true]);
  await again.close();
});

describe('a torn tail', () => {
  const mebibyte = 1 << 20;

  /** A journal whose first record is torn, with these octets behind; in how many steps its end is found. */
  async function tornBefore(tail: Uint8Array) {
    const disk = new FakeDisk();
    const journal = await open(disk);
    await append(journal, 1);
    const start = journal.next;
    journal.append(1, [payload(2, 8)]);
    const to = journal.append(1, [tail]);
    await journal.whenCommitted(to);
    const [name] = await segments(disk);
    disk.corrupt(`/j/${name}`, (bytes) => {
      bytes[start + 20] ^= 1;
      bytes[start + 24] ^= 1;
    });
    summed = 0;
    const read = reading(disk);
    const again = await open(disk);
    expect(again.next).toBe(start);
    return { read: read(), summed };
  }

  it.each(['heads that claim all that is left', 'octets by chance', 'zeros'])(
    'of %s takes steps by its length',
    async (what) => {
      const tail = new Uint8Array(mebibyte);
      const words = new Uint32Array(tail.buffer);
      const random = new Random();
      random.begin(7, 0);
      if (what === 'heads that claim all that is left')
        for (let i = 0; i < words.length; i += 2) words.set([mebibyte - i * 4 - 100, 1], i);
      else if (what === 'octets by chance') for (let i = 0; i < words.length; i++) words[i] = random.below(1 << 25);
      const steps = await tornBefore(tail);
      expect(steps.summed).toBeGreaterThan(0);
      expect(steps.read).toBeLessThan(4 * mebibyte);
      expect(steps.summed).toBeLessThan(8 * mebibyte);
    },
  );
});

it('finds an acknowledged record behind a damaged one, whatever stands between, and goes on behind it', async () => {
  const random = new Random();
  for (let seed = 0; seed < 40; seed++) {
    random.begin(11, seed);
    const disk = new FakeDisk();
    const journal = await open(disk);
    await append(journal, 1);
    const start = journal.next;
    const bytes = Uint8Array.from({ length: 8 + random.below(3_000) }, () => random.below(4));
    await journal.whenCommitted(journal.append(1, [bytes]));
    const last = journal.append(2, [payload(9, 1 + random.below(100))]);
    await journal.whenCommitted(last);
    const [name] = await segments(disk);
    disk.corrupt(`/j/${name}`, (all) => {
      all[start + 16 + random.below(8)] ^= 16;
    });
    const lines: string[] = [];
    const again = await open(disk, { log: (_, line) => lines.push(line) });
    expect(lines[0], `seed ${seed}`).toContain(`octet ${start}: a damaged record`);
    expect([again.next, disk.contents(`/j/${name}`).length]).toEqual([last, last]);
    await expect(readAll(again), `seed ${seed}`).rejects.toThrow(`octet ${start}: a damaged record`);
    await again.close();
  }
});

it('computes the checksum of any range as zlib does', () => {
  const random = new Random();
  random.begin(3, 1);
  const bytes = Uint8Array.from({ length: 5_003 }, () => random.below(256));
  const ranges = new CrcRanges(bytes);
  for (let i = 0; i < 2_000; i++) {
    const from = 8 * random.below(626);
    const to = from + random.below(bytes.length - from + 1);
    const before = random.below(2 ** 31 - 1) * 2;
    expect(ranges.crc(from, to, before)).toBe(crc32(bytes.subarray(from, to), before));
  }
});

describe('a reader', () => {
  const three = async () => {
    const disk = new FakeDisk();
    const journal = await open(disk);
    for (const n of [1, 2, 3]) await append(journal, n);
    return { disk, journal };
  };

  it('says which file a disk does not give, and where; another one reads on when it does', async () => {
    const { disk, journal } = await three();
    disk.before = async (what) => {
      if (what === 'read') throw systemError('EIO');
    };
    const told = { code: 'JOURNAL_UNREADABLE', message: expect.stringMatching(/^\/j\/0+\.journal, octet 32: .*EIO/) };
    await expect(readAll(journal)).rejects.toMatchObject(told);
    disk.before = async () => undefined;
    expect(await readAll(journal)).toEqual([1, 2, 3]);
    await journal.close();
  });

  it('of a file that somebody has cut says so, and does not read its end for ever', async () => {
    const { disk, journal } = await three();
    const [name] = await segments(disk);
    const file = await disk.open(`/j/${name}`, 'write');
    await file.truncate((await file.size()) - 24);
    await expect(readAll(journal)).rejects.toMatchObject({
      ...{ code: 'JOURNAL_DAMAGED', message: expect.stringContaining('a record that is cut off') },
    });
    await journal.close();
  });
});
