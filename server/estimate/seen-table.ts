import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';

/** Low bits of the second word that the key takes: with the first word 53 bits, exact in a number. */
const highBits = 0x1f_ffff;

/** Where a phone was last seen, as {@link SeenTable.place} says it. */
export const place = { elsewhere: 0, around: 1, inside: 2, unknown: 3 } as const;

/**
 * How a phone was seen last: at home in the region's location areas, by a location update as it came into them (or from
 * one of them into another), met around the region since then or since it was inside, or inside.
 */
export const group = { home: 0, entered: 1, met: 2, inside: 3 } as const;
export const groups = 4;

/**
 * Subscribers of a region's surroundings with their newest sighting, in columns. A key is 53 bits of the pseudonym: two
 * subscribers share one about never.
 */
export class SeenTable {
  readonly place: Uint8Array;
  readonly group: Uint8Array;
  /** Newest sighting, µs. */
  readonly lastUs: Float64Array;
  /** presenceTtl where that was, µs. */
  readonly presentUs: Float64Array;
  /** Of the running contact: where the phone was before it ({@link place}; elsewhere: it has been told), how long silent. */
  readonly from: Uint8Array;
  readonly fromGroup: Uint8Array;
  readonly silentUs: Float64Array;
  /** Slots at or above it are free. */
  end = 0;
  /** Sightings of subscribers who are not followed because the table was full. */
  refused = 0;
  private readonly slots = new Map<number, number>();
  private readonly keys: Float64Array;
  private readonly free: number[] = [];
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
    this.place = new Uint8Array(max);
    this.group = new Uint8Array(max);
    this.from = new Uint8Array(max);
    this.fromGroup = new Uint8Array(max);
    this.lastUs = new Float64Array(max);
    this.presentUs = new Float64Array(max);
    this.silentUs = new Float64Array(max);
    this.keys = new Float64Array(max).fill(-1);
  }

  get size(): number {
    return this.slots.size;
  }

  /** @returns −1: not followed */
  find(lo: number, hi: number): number {
    return this.slots.get(keyOf(lo, hi)) ?? -1;
  }

  /** Of somebody who is not followed yet. @returns −1: the table is full */
  add(lo: number, hi: number): number {
    const slot = this.free.pop() ?? (this.end < this.max ? this.end++ : -1);
    if (slot < 0) {
      this.refused++;
      return -1;
    }
    const key = keyOf(lo, hi);
    this.keys[slot] = key;
    this.slots.set(key, slot);
    return slot;
  }

  *save(to: StateWriter, name: string): Generator<void> {
    const { end, refused } = this;
    to.json(name, { end, refused, hasPresent: true });
    yield* saveColumns(to, name, this.columns(end));
  }

  /**
   * Of an empty one; those beyond its room are not followed any more.
   *
   * @param presentUs for those of a server that saved none
   */
  restore(from: StateReader, name: string, presentUs: number): void {
    const {
      end,
      refused,
      hasPresent = false,
    } = from.json<{ end: number; refused: number; hasPresent?: boolean }>(name);
    const saved = end <= this.max ? this : new SeenTable(end);
    const { presentUs: present, ...others } = saved.columns(end);
    restoreColumns(from, name, hasPresent ? { ...others, presentUs: present } : others);
    if (!hasPresent) present.fill(presentUs);
    this.end = Math.min(end, this.max);
    this.refused = refused;
    if (saved !== this) {
      const own = this.columns(this.end);
      for (const [key, column] of Object.entries(saved.columns(this.end))) own[key as keyof typeof own].set(column);
    }
    for (let slot = this.end - 1; slot >= 0; slot--) {
      if (this.isUsed(slot)) this.slots.set(this.keys[slot], slot);
      else this.free.push(slot);
    }
  }

  private columns(end: number) {
    const { place, group, from, fromGroup, lastUs, presentUs, silentUs, keys } = this;
    return {
      place: place.subarray(0, end),
      group: group.subarray(0, end),
      from: from.subarray(0, end),
      fromGroup: fromGroup.subarray(0, end),
      lastUs: lastUs.subarray(0, end),
      presentUs: presentUs.subarray(0, end),
      silentUs: silentUs.subarray(0, end),
      keys: keys.subarray(0, end),
    };
  }

  isUsed(slot: number): boolean {
    return this.keys[slot] >= 0;
  }

  drop(slot: number): void {
    this.slots.delete(this.keys[slot]);
    this.keys[slot] = -1;
    this.free.push(slot);
  }
}

function keyOf(lo: number, hi: number): number {
  return (hi & highBits) * 0x1_0000_0000 + lo;
}
