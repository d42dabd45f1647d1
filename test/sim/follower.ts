import type { Journal } from '../../server/journal/journal.ts';
import type { Schedule } from './schedule.ts';

/** A committed record, as its octets were when it was appended. */
export interface Followed {
  to: number;
  kind: number;
  payload: Uint8Array;
}

/** Takes down every record that has ever been committed, over all runs of the server. */
export class Follower {
  readonly log: Followed[] = [];
  /** Of the journal that is followed. */
  id = '';
  /** The journal was asked to let go what is before it. */
  letGo = 0;
  readonly #schedule: Schedule;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** The journal is gone: another one begins. */
  forget(): void {
    this.log.length = 0;
    this.id = '';
    this.letGo = 0;
  }

  get to(): number {
    return this.log.at(-1)?.to ?? 0;
  }

  /** A journal that has just been opened: what was committed must be there. */
  async follow(journal: Journal): Promise<void> {
    if (this.id !== '' && this.id !== journal.id) this.#schedule.fail('the journal is another one');
    this.id = journal.id;
    if (journal.committed < this.to)
      this.#schedule.fail(`the journal ends at ${journal.committed}, but was committed up to ${this.to}`);
    if (journal.base > this.to) this.#schedule.fail(`the journal begins at ${journal.base}, behind ${this.to}`);
    if (this.#schedule.failure !== null) return;
    const reader = journal.reader(this.to);
    for (let found = await reader.next(); found !== null; found = await reader.next())
      this.log.push({ to: found.to, kind: found.kind, payload: found.payload.slice() });
    await reader.close();
    const release = journal.release.bind(journal);
    journal.release = (offset) => {
      this.letGo = Math.max(this.letGo, offset);
      return release(offset);
    };
    const appended: Followed[] = [];
    const append = journal.append.bind(journal);
    journal.append = (kind, parts) => {
      const to = append(kind, parts);
      appended.push({ to, kind, payload: Buffer.concat(parts) });
      return to;
    };
    journal.onCommit((committed) => {
      let n = 0;
      while (n < appended.length && appended[n].to <= committed) n++;
      for (const record of appended.splice(0, n)) this.log.push(record);
    });
  }
}
