import type { Log } from '../log.ts';

interface Limits {
  readonly folder: string;
  readonly bytesMax: number;
  readonly freeBytesMin: number;
  readonly log: Log;
}

/** Says once that a limit of ours keeps the feeds waiting, and once that there is room again. */
export class FullAlarm {
  readonly #limits: Limits;
  #told = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @param bytes held by the journal @param freeBytes on its disk */
  look(bytes: number, freeBytes: number): void {
    const { bytesMax, folder, freeBytesMin, log } = this.#limits;
    const full = bytes >= bytesMax || freeBytes < freeBytesMin;
    if (full === this.#told) return;
    this.#told = full;
    const why =
      bytes >= bytesMax
        ? `it holds its ${bytesMax} octets: bring the database back so that it takes them, or raise journalBytesMax`
        : `less than ${freeBytesMin} octets are free on the disk of ${folder}: make room there`;
    if (full) log('error', `journal: ${why}; until then feeds wait, and nothing is lost`);
    else log('info', 'journal: there is room again');
  }
}
