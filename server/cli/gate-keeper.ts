import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorOf, heardElsewhere, UserError } from '../errors.ts';
import { type GateCount, gateRow, readGates } from '../estimate/gates.ts';
import type { GateFate, LiveEstimates } from '../estimate/live-estimates.ts';
import type { Disk } from '../journal/disk.ts';
import type { LiveView } from '../occupancy/view.ts';

/** Most counts that were sent and may still calibrate: one in five minutes of a hundred regions, for some hours. */
const sentMax = 10_000;

/** The estimates that count at present, and what they go along with. */
export interface GateUser {
  readonly estimates: Pick<LiveEstimates, 'refusalOf' | 'take' | 'keptFromUs'>;
  readonly view: LiveView;
}

/**
 * All gate counts of a server: those of its file, and those that are sent to it while it runs. These are kept in a file
 * of their own, in the same form, for the restart that comes before the next snapshot of the estimates.
 */
export class GateKeeper {
  readonly #path: string;
  readonly #disk: Disk;
  readonly #given: readonly GateCount[];
  #sent: ReadonlyMap<string, GateCount>;
  /** Counts are taken in one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, disk: Disk, given: readonly GateCount[], sent: readonly GateCount[]) {
    this.#path = path;
    this.#disk = disk;
    this.#given = given;
    this.#sent = byKey(sent);
  }

  /** @param path of the file of those that were sent, which may be missing. @throws UserError naming file, line and remedy */
  static async open(path: string, disk: Disk, given: readonly GateCount[]): Promise<GateKeeper> {
    return new GateKeeper(path, disk, given, existsSync(path) ? await readGates(path) : []);
  }

  /** By time. What was sent stands in the place of what the file says of the same region and time. */
  get counts(): readonly GateCount[] {
    return [...new Map([...byKey(this.#given), ...this.#sent]).values()].sort((a, b) => a.timeUs - b.timeUs);
  }

  /**
   * Takes counts in, and resolves when those that can be used are on disk and calibrate.
   *
   * @returns what becomes of each
   * @throws UserError GATES_MANY; GATES_DISK where trying again later helps: none is taken in
   */
  take(counts: readonly GateCount[], user: () => GateUser): Promise<GateFate[]> {
    const taken = this.#last.then(async () => {
      const { estimates, view } = user();
      const useful = counts.filter((gate) => estimates.refusalOf(view, gate) === null);
      if (useful.length > 0) await this.#keep(useful, estimates.keptFromUs);
      // Others may be counting by now.
      const now = user();
      return now.estimates.take(now.view, counts);
    });
    this.#last = taken.catch(heardElsewhere);
    return taken;
  }

  async #keep(counts: readonly GateCount[], fromUs: number): Promise<void> {
    const recent = [...this.#sent.values()].filter(({ timeUs }) => timeUs >= fromUs);
    const sent = new Map([...byKey(recent), ...byKey(counts)]);
    if (sent.size > sentMax) {
      const what = `more than ${sentMax} gate counts would be kept: send fewer, a region needs one in some minutes`;
      throw new UserError('GATES_MANY', what);
    }
    try {
      await this.#write([...sent.values()]);
    } catch (cause) {
      const why = errorOf(cause).message;
      throw new UserError('GATES_DISK', `${this.#path} can't be written (${why}): send them again later`, { cause });
    }
    this.#sent = sent;
  }

  async #write(counts: readonly GateCount[]): Promise<void> {
    const disk = this.#disk;
    const folder = dirname(this.#path);
    await disk.makeFolder(folder);
    const file = await disk.open(`${this.#path}.new`, 'create');
    try {
      await file.write(Buffer.from(`[\n${counts.map((gate) => JSON.stringify(gateRow(gate))).join(',\n')}\n]\n`), 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(`${this.#path}.new`, this.#path);
    await disk.syncFolder(folder);
  }
}

function byKey(counts: readonly GateCount[]): Map<string, GateCount> {
  return new Map(counts.map((gate) => [`${gate.timeUs} ${gate.region}`, gate]));
}
