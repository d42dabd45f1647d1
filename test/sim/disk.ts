import type { Disk, DiskFile } from '../../server/journal/disk.ts';
import { FakeDisk } from '../tools/fake-disk.ts';
import type { Chance, Life, Schedule } from './schedule.ts';

type What = 'write' | 'sync' | 'read' | 'open' | 'rename' | 'remove' | 'syncFolder';

/** Operations that are meant. */
export interface Aim {
  what: What;
  /** With what their paths begin. */
  under: string;
  /** So many of them come before it. */
  skip?: number;
}

/** The disk of the world's machine: it outlives processes, and forgets at a power cut what was not synced. */
export class Machine {
  readonly disk = new FakeDisk();
  /** There is only the room that the server itself gives back. */
  small = false;
  /** A segment has been taken away, and is to come back. */
  missing = false;
  /** An octet that was on disk has changed. */
  rotten = false;
  /** Until then syncs take long. */
  slowUntilMs = 0;
  /** The next operation of this kind, in this folder or anywhere, fails with this error. */
  failing: Aim | null = null;
  failure: 'EIO' | 'ENOSPC' = 'EIO';
  /** Called right behind the next operation of this kind. */
  trap: (Aim & { run: () => void }) | null = null;
  readonly #schedule: Schedule;
  readonly #chance: Chance;
  /** Writes that have begun and not ended. */
  readonly #writing = new Set<{ file: DiskFile; bytes: Uint8Array; at: number }>();

  constructor(schedule: Schedule, chance: Chance) {
    this.#schedule = schedule;
    this.#chance = chance;
  }

  /** What a process sees of it: nothing it still has to do there happens once it has ended. */
  of(life: Life): Disk {
    const { disk } = this;
    const act = <T>(what: What, path: string, run: () => Promise<T>) => this.#act(life, what, path, run);
    return {
      makeFolder: () => act('open', '', () => disk.makeFolder()),
      list: (path) => act('read', path, () => disk.list(path)),
      open: (path, how) => act('open', path, async () => this.#fileOf(life, path, await disk.open(path, how))),
      rename: (from, to) => act('rename', to, () => disk.rename(from, to)),
      remove: (path) => act('remove', path, () => disk.remove(path)),
      syncFolder: (path) => act('syncFolder', path, () => disk.syncFolder(path)),
      freeBytes: (path) => act('read', path, () => disk.freeBytes()),
    };
  }

  /** The process ends in the midst of its writes: of each any part from its beginning is there. */
  tear(): void {
    for (const { file, bytes, at } of this.#writing) {
      const part = bytes.subarray(0, this.#chance.below(bytes.length + 1));
      if (part.length > 0 && part.length < bytes.length) this.#schedule.coverage.meet('a torn write');
      if (part.length > 0) file.write(part, at).catch((error) => this.#schedule.note(`a torn write: ${error.message}`));
    }
    this.#writing.clear();
  }

  loseFolder(folder: string): void {
    this.disk.loseFolder(folder);
  }

  powerCut(): void {
    if (this.disk.unsynced) this.#schedule.coverage.meet('names forgotten');
    this.disk.powerCut(this.#chance.unit);
  }

  #act<T>(life: Life, what: What, path: string, run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const ms = this.#durationMs(what, path);
      const isMeant = (aim: Aim | null) => aim !== null && aim.what === what && path.startsWith(aim.under);
      const act = () => {
        if (what !== 'read' && ms > 0) this.#schedule.note(`${what} ${path}`);
        if (what === 'remove' && /^quarantine.*n$/.test(path))
          this.#schedule.coverage.meet('a row set aside by an attempt that failed');
        if (isMeant(this.failing) && !this.#skips(this.failing!)) {
          this.failing = null;
          const error = Object.assign(new Error(`${this.failure}: the disk fails`), { code: this.failure, errno: -5 });
          this.#schedule.coverage.meet(this.failure);
          this.#schedule.note(`${this.failure} ${path}`);
          // The disk itself has it fail: what a sync should have made last is lost then.
          this.disk.before = () => Promise.reject(error);
          run().then(resolve, reject);
          this.disk.before = async () => undefined;
        } else run().then(resolve, (error) => reject(this.#failed(error)));
        if (!isMeant(this.trap)) return;
        this.#schedule.after(0, this.trap!.run);
        this.trap = null;
      };
      if (ms > 0) life.after(ms, act);
      else act();
    });
  }

  #skips(aim: Aim): boolean {
    const { skip = 0 } = aim;
    aim.skip = skip - 1;
    return skip > 0;
  }

  #failed(error: Error): Error {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') this.#schedule.coverage.meet('ENOSPC');
    return error;
  }

  #durationMs(what: What, path: string): number {
    const chance = this.#chance;
    // A snapshot is written in very many small parts.
    if (path.includes('snapshot') && (what === 'write' || what === 'read') && !chance.once(12)) return 0;
    const isSync = what === 'sync' || what === 'syncFolder';
    if (isSync && this.#schedule.nowMs < this.slowUntilMs) return chance.between(50, 400);
    if (isSync) return chance.between(0.5, 6);
    return chance.once(20) ? chance.between(1, 20) : chance.between(0.02, 0.3);
  }

  #fileOf(life: Life, path: string, file: DiskFile): DiskFile {
    const act = <T>(what: What, run: () => Promise<T>) => this.#act(life, what, path, run);
    return {
      write: async (bytes, at) => {
        const writing = { file, bytes, at };
        this.#writing.add(writing);
        // The octets are read when they are written, not when that is asked for.
        await act('write', () => file.write(bytes, at)).finally(() => this.#writing.delete(writing));
      },
      read: (into, at) => act('read', () => file.read(into, at)),
      readNow: (into, at) => file.readNow(into, at),
      sync: () => act('sync', () => file.sync()),
      truncate: (bytes) => act('write', () => file.truncate(bytes)),
      size: () => act('read', () => file.size()),
      close: () => file.close(),
    };
  }
}
