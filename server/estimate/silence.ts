import { minuteUs, secondUs } from '../clock.ts';
import { type EventBatch, noCell } from '../events/event-batch.ts';
import { type EventKind, eventFlag, kindCode } from '../events/kinds.ts';
import { isMachineHome } from '../events/plmn.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';
import { ageOf, ages, ContactTally, type SavedTally } from './contact-tally.ts';
import { nowcastOf } from './nowcast.ts';
import type { Nowcast } from './people.ts';
import { group, groups, place, SeenTable } from './seen-table.ts';

/** After less silence a contact says nothing new of where the phone has gone. */
const silenceMinUs = 120 * secondUs;
/** A phone may be late with its periodic update by this much before it is off: paging load, radio. */
const periodicSlackUs = 3 * minuteUs;
/** Where nobody at all is heard of for so long, it is the feed that is silent, and no phone. */
const outageUs = 10 * minuteUs;

/** Kinds of events that a phone does not make because it moves: they find phones where they are. */
const still: readonly EventKind[] = [
  'periodic update',
  'mo call',
  'mt call',
  'emergency call',
  'mo sms',
  'mt sms',
  'supplementary service',
  'data',
];
const isStill = new Set(still.map((kind) => kindCode[kind]));

/** Where cells are as seen from a region. */
export interface Places {
  /** As {@link place} says it: inside the region, around it (in its location areas), or elsewhere. */
  of(cell: number): number;
  /** Whether no cell is around it. */
  readonly isClosed: boolean;
}

type SavedWatch = SavedTally & { heardUs: number; resumedUs: number };

export interface SilenceOptions {
  places: Places;
  /** Most subscribers that are followed; those beyond are taken to be as the others. */
  subscribersMax: number;
  /** T3212: a phone that is on is heard of within this time, µs. */
  periodicUs: number;
  present: PresentTimes;
}

/** presenceTtl: whoever is silent is counted as present for so long, µs. */
export interface PresentTimes {
  /** Where {@link SilenceOptions.periodicUs} is as it says. */
  readonly usualUs: number;
  /** Of a cell, by its location area. */
  of(cell: number): number;
}

/**
 * Who came to a region or left it in silence. A phone that stays in a location area tells nothing of its moves until
 * T3212 runs down or somebody calls, so a count by newest sightings is late. Calls and periodic updates, though, are no
 * move's doing: they find phones wherever these are, and so tell of those who are silent still ({@link nowcastOf}).
 */
export class SilenceWatch {
  private readonly options: SilenceOptions;
  private places: Places;
  private readonly seen: SeenTable;
  private readonly tally = new ContactTally();
  private readonly silent = new Float64Array(groups * ages);
  /** The newest row of anybody, and the first behind the newest outage, µs; −1: none has come. */
  private heardUs = -1;
  private resumedUs = -1;

  constructor(options: SilenceOptions) {
    this.options = options;
    this.places = options.places;
    this.seen = new SeenTable(options.subscribersMax);
  }

  /** Subscribers followed, and sightings of others refused because the table was full. */
  get limits() {
    return { followed: this.seen.size, refused: this.seen.refused };
  }

  /** Cells are looked up here from now on: the same place, in another list of regions. */
  lookBy(places: Places): void {
    this.places = places;
  }

  *save(to: StateWriter, name: string): Generator<void> {
    yield* this.seen.save(to, `${name}.seen`);
    const { heardUs, resumedUs } = this;
    to.json(`${name}.tally`, { ...this.tally.saved(), heardUs, resumedUs } satisfies SavedWatch);
  }

  /** Of a fresh one. What a server saved that told no groups apart is left: within T3212 everybody has been heard again. */
  restore(from: StateReader, name: string): void {
    const { heardUs = -1, resumedUs = -1, ...tally } = from.json<Partial<SavedWatch>>(`${name}.tally`);
    if (tally.contactsPerWeight === undefined) return;
    this.heardUs = heardUs;
    this.resumedUs = resumedUs;
    this.seen.restore(from, `${name}.seen`, this.options.present.usualUs);
    this.tally.restore(tally as SavedTally);
  }

  /** Rows `from` … `to − 1`, in order of time; `cell` is the registry's id. */
  apply(batch: EventBatch, from: number, to: number): void {
    const { seen, tally } = this;
    if (from === to) return;
    if (batch.timeUs[from] - this.heardUs > outageUs) this.resumedUs = batch.timeUs[from];
    this.heardUs = batch.timeUs[to - 1];
    for (let row = from; row < to; row++) {
      const flags = batch.flags[row];
      if ((flags & (eventFlag.sighting | eventFlag.traffic | eventFlag.detach)) === 0) continue;
      const lo = batch.subLo[row];
      const hi = batch.subHi[row];
      if ((lo | hi) === 0 || isMachineHome(batch.plmn[row])) continue;
      const slot = seen.find(lo, hi);
      if ((flags & eventFlag.detach) !== 0) {
        // Whoever switches off has not moved.
        if (slot >= 0) seen.drop(slot);
        continue;
      }
      // Where it was is not told.
      if (batch.cell[row] === noCell) continue;
      const here = this.places.of(batch.cell[row]);
      if (slot < 0 && here === place.elsewhere) continue;
      const timeUs = batch.timeUs[row];
      const kind = batch.kind[row];
      const isSeen = (flags & eventFlag.sighting) !== 0;
      tally.fade(timeUs);
      if (slot < 0) {
        if (isSeen) this.meet(seen.add(lo, hi), batch.cell[row], here, timeUs, kind);
        continue;
      }
      // Until its procedure is over it is not known why it went.
      const isOver = kind !== kindCode.sighting;
      if (isOver) this.hear(slot, here, timeUs - batch.durationMs[row] * 1000, kind);
      if (isSeen) this.see(slot, batch.cell[row], here, timeUs, isOver);
      if (isOver && seen.place[slot] === place.elsewhere) seen.drop(slot);
    }
  }

  /** What the count of devices present in the region should have more by now. Looks at all who are followed. */
  nowcast(nowUs: number): Nowcast {
    const { seen, silent, tally } = this;
    const { periodicUs, present } = this.options;
    // An outage goes on: the row behind it has not been taken yet.
    const listenedUs = nowUs - this.heardUs > outageUs ? this.heardUs : nowUs;
    let off = 0;
    tally.fade(nowUs);
    silent.fill(0);
    for (let slot = 0; slot < seen.end; slot++) {
      if (!seen.isUsed(slot)) continue;
      const silentUs = nowUs - seen.lastUs[slot];
      const presentUs = seen.presentUs[slot];
      // presenceTtl is longer where T3212 is: in the same proportion, as far as is known.
      const offUs = periodicUs * (presentUs / present.usualUs) + periodicSlackUs;
      const isInside = seen.place[slot] === place.inside;
      if (silentUs >= Math.max(presentUs, offUs)) seen.drop(slot);
      else if (listenedUs - Math.max(seen.lastUs[slot], this.resumedUs) > offUs) off += isInside ? 1 : 0;
      else if (seen.place[slot] !== place.elsewhere) silent[seen.group[slot] * ages + ageOf(silentUs)]++;
    }
    return nowcastOf(silent, off, tally, this.places.isClosed);
  }

  /** The first that is known of a phone. @param slot −1: there is no room for it */
  private meet(slot: number, cell: number, here: number, timeUs: number, kind: number): void {
    if (slot < 0) return;
    const { seen } = this;
    seen.from[slot] = place.unknown;
    seen.group[slot] = group.home;
    this.put(slot, cell, here, timeUs);
    if (kind !== kindCode.sighting) this.hear(slot, here, timeUs, kind);
  }

  /**
   * A proof of place. A procedure is known by its kind when it is over, so the silence before it is kept until then.
   *
   * @param isTold it is the procedure's end that proves it
   */
  private see(slot: number, cell: number, here: number, timeUs: number, isTold: boolean): void {
    const { seen } = this;
    const silentUs = timeUs - seen.lastUs[slot];
    if (!isTold && silentUs >= silenceMinUs) {
      seen.from[slot] = seen.place[slot];
      seen.fromGroup[slot] = seen.group[slot];
      seen.silentUs[slot] = silentUs;
    }
    this.put(slot, cell, here, timeUs);
  }

  private put(slot: number, cell: number, here: number, timeUs: number): void {
    const { seen } = this;
    if (here === place.inside) seen.group[slot] = group.inside;
    else if (here === place.around && seen.group[slot] === group.inside) seen.group[slot] = group.met;
    seen.place[slot] = here;
    seen.presentUs[slot] = this.options.present.of(cell);
    seen.lastUs[slot] = timeUs;
  }

  /** A procedure is over; `here` is where it began, at `startUs`. */
  private hear(slot: number, here: number, startUs: number, kind: number): void {
    const { seen, tally } = this;
    const silentUs = startUs - seen.lastUs[slot];
    // No sighting came before it: it is the contact's first row itself.
    const isFirst = silentUs >= silenceMinUs;
    const from = isFirst ? seen.place[slot] : seen.from[slot];
    const silence = isFirst ? silentUs : seen.silentUs[slot];
    seen.from[slot] = place.elsewhere;
    if (from === place.elsewhere) return;
    const isInside = here === place.inside;
    if (isStill.has(kind)) {
      if (from === place.unknown) return;
      const fromGroup = isFirst ? seen.group[slot] : seen.fromGroup[slot];
      tally.found(fromGroup, silence, isInside);
      if (here === place.around && fromGroup === group.entered) seen.group[slot] = group.met;
      return;
    }
    const wasInside = from === place.inside;
    if (here === place.around && kind === kindCode['location update']) {
      seen.group[slot] = wasInside ? group.met : group.entered;
    }
    if (isInside !== wasInside) tally.updated(isInside);
  }
}
