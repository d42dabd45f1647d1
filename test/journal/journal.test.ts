import { expect, it, vi } from 'vitest';
import type { Timers } from '../../server/clock.ts';
import { Journal, type JournalOptions } from '../../server/journal/journal.ts';
import { Random } from '../fuzz/random.ts';
import { FakeDisk } from '../tools/fake-disk.ts';

const timers: Timers = {
  after(_ms, run) {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
};

function open(disk: FakeDisk, more: Partial<JournalOptions> = {}): Promise<Journal> {
  return Journal.open({
    disk,
    folder: '/j',
    timers,
    newId: () => 'ab'.repeat(16),
    log: () => undefined,
    segmentBytes: 4096,
    bytesMax: 1 << 30,
    freeBytesMin: 0,
    commitMs: 5,
    ...more,
  });
}

const payload = (n: number, length = 20) => new Uint8Array(length).fill(n & 255);

async function readAll(
  journal: Journal,
  from = journal.base,
): Promise<{ kind: number; payload: number[]; to: number }[]> {
  const reader = journal.reader(from);
  const records = [];
  for (let record = await reader.next(); record !== null; record = await reader.next()) {
    records.push({ kind: record.kind, payload: [...record.payload], to: record.to });
  }
  await reader.close();
  return records;
}

it('gives back every record in order, over many segments and after a restart', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk);
  const ends = Array.from({ length: 500 }, (_, i) => journal.append(i % 7, [payload(i, i % 90), payload(i + 1, 3)]));
  expect(await readAll(journal)).toEqual([]);
  await journal.whenCommitted(ends[499]);
  const expected = ends.map((to, i) => ({ kind: i % 7, payload: [...payload(i, i % 90), ...payload(i + 1, 3)], to }));
  expect(await readAll(journal)).toEqual(expected);
  expect((await disk.list('/j')).length).toBeGreaterThan(5);
  await journal.close();
  const again = await open(disk);
  expect(again.id).toBe(journal.id);
  expect(again.next).toBe(ends[499]);
  expect(await readAll(again)).toEqual(expected);
  expect(await readAll(again, ends[99])).toEqual(expected.slice(100));
  again.append(9, [payload(1)]);
  await again.whenCommitted(again.next);
  expect((await readAll(again)).at(-1)!.kind).toBe(9);
});

it('commits many records with one sync', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk, { segmentBytes: 1 << 20 });
  journal.append(1, [payload(1)]);
  await journal.whenCommitted(journal.next);
  const before = disk.syncs;
  for (let i = 0; i < 1000; i++) journal.append(1, [payload(i)]);
  await journal.whenCommitted(journal.next);
  expect(disk.syncs - before).toBe(1);
});

it('shows no record before it is on disk', async () => {
  const disk = new FakeDisk();
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const journal = await open(disk);
  const seen: number[] = [];
  journal.onCommit((committed) => seen.push(committed));
  journal.append(1, [payload(1)]);
  await journal.whenCommitted(journal.next);
  const first = journal.next;
  disk.before = (what) => (what === 'sync' ? held : Promise.resolve());
  const end = journal.append(2, [payload(2)]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(journal.committed).toBe(first);
  expect(await readAll(journal)).toHaveLength(1);
  letGo();
  await journal.whenCommitted(end);
  expect(seen).toEqual([first, end]);
  expect(await readAll(journal)).toHaveLength(2);
});

it('keeps all that was committed over power cuts at any moment, and nothing twice', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random();
    random.begin(seed, 0);
    const disk = new FakeDisk();
    let operations = 0;
    const cutAt = random.below(60);
    let cut: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => {
      cut = resolve;
    });
    disk.before = async () => {
      if (operations++ === cutAt) cut();
      if (operations > cutAt) await new Promise<never>(() => undefined);
    };
    let journal: Journal | null = null;
    const written: { kind: number; payload: number[]; to: number }[] = [];
    const run = async () => {
      journal = await open(disk);
      for (let i = 0; ; i++) {
        const bytes = payload(i, random.below(700));
        const to = journal.append(i & 3, [bytes]);
        written.push({ kind: i & 3, payload: [...bytes], to });
        if (random.below(4) === 0) await journal.whenCommitted(to);
        if (random.below(30) === 0) await journal.release(written[random.below(written.length)].to);
      }
    };
    const errors: unknown[] = [];
    void run().catch((error) => errors.push(error));
    await stopped;
    expect(errors, `seed ${seed}`).toEqual([]);
    const committed = (journal as Journal | null)?.committed ?? 0;
    disk.powerCut(() => random.below(1_000_000) / 1_000_000);
    disk.before = async () => undefined;
    const again = await open(disk);
    expect(again.next, `seed ${seed}`).toBeGreaterThanOrEqual(committed);
    const read = await readAll(again);
    const from = written.findIndex(({ to }) => to === read[0]?.to);
    if (read.length > 0) expect(read, `seed ${seed}`).toEqual(written.slice(from, from + read.length));
    const lastCommitted = written.filter(({ to }) => to <= committed).at(-1);
    if (lastCommitted !== undefined)
      expect(read.at(-1)?.to ?? again.base, `seed ${seed}`).toBeGreaterThanOrEqual(lastCommitted.to);
    again.append(7, [payload(7)]);
    await again.whenCommitted(again.next);
    expect((await readAll(again)).at(-1)!.kind).toBe(7);
  }
});

it('says which file is damaged and where, instead of cutting off what was acknowledged', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk, { segmentBytes: 1 << 20 });
  for (let i = 0; i < 20; i++) {
    journal.append(1, [payload(i)]);
    await journal.whenCommitted(journal.next);
  }
  await journal.close();
  const [name] = (await disk.list('/j')).filter((one) => one.endsWith('.journal'));
  disk.corrupt(`/j/${name}`, (bytes) => {
    bytes[32 + 40 * 3 + 20] ^= 1;
  });
  const before = disk.contents(`/j/${name}`).slice();
  await expect(readAll(await open(disk))).rejects.toThrow(`/j/${name}, octet ${32 + 40 * 3}: a damaged record`);
  expect(disk.contents(`/j/${name}`)).toEqual(before);
});

it('tells damage in an older segment when it is read', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk);
  for (let i = 0; i < 400; i++) journal.append(1, [payload(i)]);
  await journal.whenCommitted(journal.next);
  await journal.close();
  const names = (await disk.list('/j')).filter((one) => one.endsWith('.journal')).sort();
  disk.corrupt(`/j/${names[1]}`, (bytes) => {
    bytes[100] ^= 1;
  });
  const again = await open(disk);
  await expect(readAll(again)).rejects.toThrow(`/j/${names[1]}, octet`);
});

it('refuses a log without its base', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk);
  await journal.whenCommitted(journal.append(1, [payload(1)]));
  await journal.close();
  await disk.remove('/j/base.json');
  await expect(open(disk)).rejects.toThrow('/j/base.json');
});

it('removes segments that nobody needs and refuses to read there', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk);
  const ends = Array.from({ length: 1000 }, (_, i) => journal.append(1, [payload(i)]));
  await journal.whenCommitted(journal.next);
  const before = (await disk.list('/j')).length;
  await journal.release(ends[800]);
  expect((await disk.list('/j')).length).toBeLessThan(before - 3);
  expect(journal.base).toBeLessThanOrEqual(ends[800]);
  expect(() => journal.reader(0)).toThrow('the journal holds');
  expect((await readAll(journal)).at(-1)!.to).toBe(ends[999]);
  await journal.close();
  expect((await readAll(await open(disk))).at(-1)!.to).toBe(ends[999]);
});

it('waits out a full disk without losing a record, says so once, and goes on', async () => {
  const disk = new FakeDisk();
  const log = vi.fn();
  const journal = await open(disk, { log });
  disk.free = 3000;
  const ends = Array.from({ length: 200 }, (_, i) => journal.append(1, [payload(i)]));
  for (let i = 0; i < 200 && !journal.full; i++) await new Promise(setImmediate);
  expect(journal.full).toBe(true);
  expect(journal.room).toBe(false);
  let room = false;
  void journal.whenRoom().then(() => {
    room = true;
  });
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  expect(room).toBe(false);
  disk.free = 1 << 30;
  await journal.whenCommitted(ends[199]);
  expect((await readAll(journal)).map(({ to }) => to)).toEqual(ends);
  await journal.whenRoom();
  expect(journal.room).toBe(true);
  expect(log.mock.calls.filter(([level]) => level === 'error')).toHaveLength(1);
});

it('has no room while it holds as much as it may, and again after a release; it says each once, with the remedy', async () => {
  const disk = new FakeDisk();
  const log = vi.fn();
  const journal = await open(disk, { bytesMax: 20_000, log });
  while (journal.room) journal.append(1, [payload(1)]);
  await journal.whenCommitted(journal.next);
  expect(journal.full).toBe(true);
  const waiting = journal.whenRoom();
  await journal.release(journal.next);
  await waiting;
  expect(journal.room).toBe(true);
  expect(log.mock.calls).toEqual([
    ['error', expect.stringContaining('raise journalBytesMax; until then feeds wait')],
    ['info', 'journal: there is room again'],
  ]);
});

it('leaves no timer behind when it is closed while somebody waits for room', async () => {
  const due = new Set<() => void>();
  const counted: Timers = {
    after(ms, run) {
      const done = () => due.delete(run) && run();
      due.add(run);
      const cancel = timers.after(ms, done);
      return () => {
        due.delete(run);
        cancel();
      };
    },
  };
  const journal = await open(new FakeDisk(), { bytesMax: 20_000, timers: counted });
  while (journal.room) journal.append(1, [payload(1)]);
  await journal.whenCommitted(journal.next);
  void journal.whenRoom();
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  await journal.close();
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  expect(due.size).toBe(0);
});

it('ends with the disk error that is no full disk, and tells whoever waits', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk);
  disk.before = async (what) => {
    if (what === 'sync') throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO', errno: -5 });
  };
  const end = journal.append(1, [payload(1)]);
  await expect(journal.whenCommitted(end)).rejects.toThrow('EIO');
  expect(() => journal.append(1, [payload(1)])).toThrow('EIO');
  await expect(journal.whenRoom()).rejects.toThrow('EIO');
  expect(journal.committed).toBe(0);
});

it('holds a record that is larger than a segment', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk);
  journal.append(1, [payload(1)]);
  const end = journal.append(2, [payload(3, 3_000_000)]);
  journal.append(3, [payload(1)]);
  await journal.whenCommitted(journal.next);
  await journal.close();
  const records = await readAll(await open(disk));
  expect(records.map(({ kind, payload: { length } }) => [kind, length])).toEqual([
    [1, 20],
    [2, 3_000_000],
    [3, 20],
  ]);
  expect(records[1].to).toBe(end);
});

it.each([0, 1])(
  'goes on behind a segment that has no record, for the next did not fit (%i restarts)',
  async (restarts) => {
    const disk = new FakeDisk();
    const lengths = [3_000_000, 20, 3_000_000, 3_000_000, 20];
    let journal = await open(disk);
    for (const [kind, length] of lengths.entries()) {
      journal.append(kind, [payload(kind, length)]);
      await journal.whenCommitted(journal.next);
      for (let restart = 0; restart < restarts; restart++) {
        await journal.close();
        journal = await open(disk);
      }
    }
    const sizes = (await readAll(journal)).map((record) => [record.kind, record.payload.length]);
    expect(sizes).toEqual([...lengths.entries()]);
    await journal.close();
  },
);

it('looks by itself whether a disk that was nearly full has room again, though nobody waits for it', async () => {
  const disk = new FakeDisk();
  await (await open(disk)).close();
  disk.free = 100;
  const lines: string[] = [];
  const journal = await open(disk, { freeBytesMin: 1000, log: (_, line) => lines.push(line) });
  expect(journal.full).toBe(true);
  disk.free = 5000;
  await vi.waitFor(() => expect(journal.full).toBe(false));
  expect(lines.at(-1)).toBe('journal: there is room again');
  await journal.close();
});

it('lets segments go on a disk without an octet left', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk);
  for (let i = 0; i < 500; i++) journal.append(1, [payload(i)]);
  await journal.whenCommitted(journal.next);
  disk.free = 0;
  expect(await journal.noteEnd()).toBe(journal.committed);
  await journal.release(journal.committed);
  expect(journal.base).toBeGreaterThan(journal.committed - 4096);
  expect(disk.free).toBeGreaterThan(10_000);
  const { base, next } = journal;
  await journal.close();
  const again = await open(disk);
  expect([again.base, again.next]).toEqual([base, next]);
});

it('goes on from the note before where the newest one is torn', async () => {
  const disk = new FakeDisk();
  const journal = await open(disk);
  for (let i = 0; i < 3; i++) {
    await journal.whenCommitted(journal.append(1, [payload(i)]));
    await journal.noteEnd();
  }
  for (const at of [0, 4096]) {
    const torn = new FakeDisk();
    const file = await torn.open('/j/base.json', 'create');
    await file.write(disk.contents('/j/base.json'), 0);
    await file.write(new Uint8Array(512), at);
    const [name] = (await disk.list('/j')).filter((each) => each.endsWith('.journal'));
    await (await torn.open(`/j/${name}`, 'create')).write(disk.contents(`/j/${name}`), 0);
    expect((await open(torn)).next).toBe(journal.next);
  }
});

it('takes nothing from feeds that would go below the reserve of the disk, whoever has taken the room', async () => {
  const disk = new FakeDisk();
  disk.free = 50_000;
  const journal = await open(disk, { segmentBytes: 1 << 20, freeBytesMin: 20_000 });
  expect(journal.room).toBe(true);
  journal.append(1, [payload(1, 31_000)]);
  expect(journal.full).toBe(true);
  await journal.whenCommitted(journal.next);
  expect(journal.full).toBe(true);
  disk.free = 50_000;
  await journal.look();
  expect(journal.full).toBe(false);
  // Others write; the next group that is on disk shows it, in the midst of a segment.
  disk.free = 8_000;
  journal.append(1, [payload(1)]);
  await journal.whenCommitted(journal.next);
  await vi.waitFor(() => expect(journal.full).toBe(true));
});
