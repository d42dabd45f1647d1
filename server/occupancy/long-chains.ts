import { areaMask, noArea } from './trail-entry.ts';

/** What is asked of the trail's entries: see `CrossingTrail`. */
interface Chains {
  isLive(sequence: number): boolean;
  subOf(sequence: number): number;
  wordOf(sequence: number): number;
  before(sequence: number): number;
  /** How many are older, of an entry that is here. */
  placeOf(sequence: number): number;
}

/** Entries of a subscriber that are looked at one by one before {@link LongChains} is asked. */
export const chainWalkMax = 32;
/** In place of an area: the newest of the subscriber's entries that stand here. */
const allAreas = 0xffffffff;
const slotsMin = 16;
/** Words of a slot: subscriber, area, sequence number (0: none). */
const slotWords = 3;

/**
 * The newest entry of a subscriber and an area where the chain to it is long: who crosses a border each second has
 * hundreds of entries, and each crossing of another border would walk them all. Nobody else has anything here.
 *
 * It follows from the trail and is made as it is asked for: each entry is taken in once, and what has left the trail goes
 * when room is needed. So it is in no snapshot.
 */
export class LongChains {
  private readonly chains: Chains;
  private slots = new Uint32Array(slotsMin * slotWords);
  private used = 0;

  constructor(chains: Chains) {
    this.chains = chains;
  }

  get byteLength(): number {
    return this.slots.byteLength;
  }

  /** The sequence numbers, or the areas, have become others. */
  clear(): void {
    if (this.used === 0) return;
    this.slots = new Uint32Array(slotsMin * slotWords);
    this.used = 0;
  }

  /** The newest entry of the area among `from`, which need not be here any more, and those of its subscriber behind it; or 0. */
  find(area: number, from: number): number {
    const { chains } = this;
    if (!chains.isLive(from)) return 0;
    const sub = chains.subOf(from);
    const taken = this.get(sub, allAreas);
    let sequence = from;
    for (let step = 0; sequence !== taken; step++) {
      if (!chains.isLive(sequence)) return 0;
      if ((chains.wordOf(sequence) & areaMask) === area) return sequence;
      if (step === chainWalkMax) {
        this.take(sub, from, taken);
        break;
      }
      sequence = chains.before(sequence);
    }
    sequence = this.get(sub, area);
    // One that was withdrawn stands here still.
    while (chains.isLive(sequence) && (chains.wordOf(sequence) & areaMask) !== area) sequence = chains.before(sequence);
    return chains.isLive(sequence) ? sequence : 0;
  }

  /** Takes in the entries from `from` on up to `taken`, which stands here if it is still in the trail. */
  private take(sub: number, from: number, taken: number): void {
    const { chains } = this;
    for (let sequence = from; sequence !== taken && chains.isLive(sequence); sequence = chains.before(sequence)) {
      const area = chains.wordOf(sequence) & areaMask;
      if (area === noArea) continue;
      const known = this.get(sub, area);
      if (known === 0 || chains.placeOf(known) < chains.placeOf(sequence)) this.set(sub, area, sequence);
    }
    this.set(sub, allAreas, from);
  }

  /** 0: none that is in the trail. */
  private get(sub: number, area: number): number {
    const sequence = this.slots[this.slotOf(sub, area) + 2];
    return this.chains.isLive(sequence) ? sequence : 0;
  }

  private set(sub: number, area: number, sequence: number): void {
    let at = this.slotOf(sub, area);
    if (this.slots[at + 2] === 0) {
      if (2 * (this.used + 1) * slotWords > this.slots.length) {
        this.makeRoom();
        at = this.slotOf(sub, area);
      }
      this.used++;
    }
    this.slots[at] = sub;
    this.slots[at + 1] = area;
    this.slots[at + 2] = sequence;
  }

  /** Leaves out what has left the trail. */
  private makeRoom(): void {
    const { chains, slots } = this;
    let live = 0;
    for (let at = 2; at < slots.length; at += slotWords) if (chains.isLive(slots[at])) live++;
    let size = slotsMin;
    while (size < 4 * (live + 1)) size *= 2;
    this.slots = new Uint32Array(size * slotWords);
    this.used = live;
    for (let at = 0; at < slots.length; at += slotWords)
      if (chains.isLive(slots[at + 2]))
        this.slots.set(slots.subarray(at, at + slotWords), this.slotOf(slots[at], slots[at + 1]));
  }

  /** Place of the slot, or of the free one where it would be. */
  private slotOf(sub: number, area: number): number {
    const { slots } = this;
    const size = slots.length / slotWords;
    const hash = Math.imul(Math.imul(sub, 0x9e3779b1) ^ area, 0x85ebca6b);
    for (let slot = (hash ^ (hash >>> 15)) & (size - 1); ; slot = (slot + 1) & (size - 1)) {
      const at = slot * slotWords;
      if (slots[at + 2] === 0 || (slots[at] === sub && slots[at + 1] === area)) return at;
    }
  }
}
