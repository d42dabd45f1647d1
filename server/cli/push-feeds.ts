import { basename, join } from 'node:path';
import type { PushFeedSpec } from '../capture/feed-uri.ts';
import type { Clock, Timers } from '../clock.ts';
import type { Config } from '../config.ts';
import { homePlmn, typeAllocationCode } from '../correlate/home-plmn.ts';
import type { FeedPosition } from '../events/feed-position.ts';
import { machineHome, placedHome } from '../events/plmn.ts';
import { PushFeed } from '../events/push-feed.ts';
import type { PushIdentities } from '../events/push-fields.ts';
import { PushReader } from '../events/push-reader.ts';
import type { Disk } from '../journal/disk.ts';
import type { Log } from '../log.ts';
import { packImsi } from '../privacy/imsi.ts';
import type { OptOuts } from '../privacy/opt-outs.ts';
import { Pseudonymiser } from '../privacy/pseudonymiser.ts';
import { type AreaTables, HomeAreas } from '../reference/home-areas.ts';
import { Machines } from '../reference/machines.ts';
import { cgiFault } from '../reference/read-cells.ts';
import { AsideFiles } from './aside-files.ts';
import { asideOfOthers } from './opt-out-aside.ts';

/** Digits of an IMEI that stand in front of its check digit or software version. */
const imeiDigits = 14;

/** CGIs remembered as good ones. */
const cgisMax = 1 << 17;

/** Pseudonyms of what senders name, by the rules of decoded signalling. */
export class SentIdentities implements PushIdentities {
  lo = 0;
  hi = 0;
  plmn = 0;
  readonly #pseudonymiser: Pseudonymiser;
  readonly #areas: HomeAreas | null;
  readonly #machines: Machines | null;
  readonly #cgis = new Set<string>();

  /** @param key as `Pseudonymiser` takes it @param areas where SIMs of China are at home; null: nobody has told */
  constructor(key: Uint8Array, areas: AreaTables | null = null, machines: Machines | null = null) {
    this.#pseudonymiser = new Pseudonymiser(key);
    this.#machines = machines;
    this.#areas = areas === null ? null : new HomeAreas(areas);
  }

  imsi(digits: string): boolean {
    return this.#packed(packImsi(Number(digits), digits.length));
  }

  imsiNumber(value: number): boolean {
    return Number.isInteger(value) && this.#packed(packImsi(value, 15));
  }

  user(text: string): void {
    this.#pseudonymiser.user(text);
    this.plmn = 0;
    this.#take();
  }

  peerNumber(digits: string): void {
    this.#pseudonymiser.peerNumber(Number(digits), digits.length);
    this.plmn = 0;
    this.#take();
  }

  typeAllocationCode(imei: string): number {
    return typeAllocationCode(Number(imei.slice(0, imeiDigits)), imei.length);
  }

  heardWith(home: number, model: number): number {
    return this.#machines?.ofModel(model) ? machineHome(home) : home;
  }

  isCgi(text: string): boolean {
    // Nearly all have been looked at before.
    if (this.#cgis.has(text)) return true;
    if (cgiFault(text) !== '') return false;
    if (this.#cgis.size >= cgisMax) this.#cgis.clear();
    this.#cgis.add(text);
    return true;
  }

  #packed(imsi: number): boolean {
    if (imsi < 0) return false;
    this.#pseudonymiser.packedImsi(imsi);
    const home = placedHome(homePlmn(imsi), this.#areas?.ofImsi(imsi) ?? 0);
    this.plmn = this.#machines?.ofImsi(imsi) ? machineHome(home) : home;
    this.#take();
    return true;
  }

  #take(): void {
    this.lo = this.#pseudonymiser.lo;
    this.hi = this.#pseudonymiser.hi;
  }
}

/** An acknowledged feed that goes on where it was taken in. */
export function openPushFeed(
  spec: PushFeedSpec,
  position: FeedPosition,
  options: {
    config: Config;
    /** The pseudonym key: stays in this process. */
    key: Uint8Array;
    areas?: AreaTables | null;
    clock: Clock;
    timers: Timers;
    log: Log;
    /** Rows that are not counted are kept in a folder of the feed's own in this one. */
    disk: Disk;
    asideFolder: string;
    /** Whose rows are nobody's there too; absent: nobody has opted out. */
    optedOut?: OptOuts;
    /** Whether the journal takes nothing at the moment. */
    full: () => boolean;
    /** Rows before this time are set aside, for they would be in no figure, µs; -Infinity: none would. */
    countsFromUs: () => number;
  },
): PushFeed {
  const { config, key, areas, clock, timers, full, countsFromUs, disk, log } = options;
  const path = join(options.asideFolder, spec.id);
  const folder = join(basename(options.asideFolder), spec.id);
  const files = new AsideFiles({ disk, path, folder, bytesMax: config.pushAsideBytesMax, log });
  const aside = options.optedOut === undefined ? files : asideOfOthers(files, options.optedOut, timers);
  const identities = new SentIdentities(key, areas, new Machines(config));
  const reader = new PushReader(identities, clock, config, countsFromUs);
  const { pushBatchesMax } = config;
  const waits = { pushBatchesMax, staleMs: spec.waitMs ?? config.staleMs };
  return new PushFeed({ id: spec.id, reader, clock, timers, config: waits, aside, acked: position, full });
}
