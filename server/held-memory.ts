/** Units that hang in one list of what is kept of them: a piece of a snapshot is some such lists. */
const groupBits = 12;
const blockBits = 12;
const blockUnits = 1 << blockBits;
const blockMask = blockUnits - 1;

interface Block {
  readonly units: Uint32Array;
  /** The entry before it of the same list, + 1. */
  readonly before: Uint32Array;
  readonly words: Uint32Array;
}

/**
 * Words as they were when this was made, while who owns them goes on: before it changes a unit (a record, some slots) it
 * calls {@link keep}, and what stood there is kept, once, until it has been read. They are read once, from the first to the
 * last.
 */
export class HeldMemory {
  readonly #words: Uint32Array;
  readonly #unitWords: number;
  readonly #units: number;
  readonly #marks: Uint32Array;
  readonly #heads: Uint32Array;
  readonly #blocks: Block[] = [];
  #entries = 0;
  /** Units below it have been read. */
  #read = 0;

  /** @param unitWords words that are kept together */
  constructor(words: Uint32Array, unitWords: number) {
    this.#words = words;
    this.#unitWords = unitWords;
    this.#units = Math.ceil(words.length / unitWords);
    this.#marks = new Uint32Array((this.#units + 31) >>> 5);
    this.#heads = new Uint32Array((this.#units >>> groupBits) + 1);
  }

  /** Memory of what is kept, octets. */
  get keptBytes(): number {
    return this.#blocks.length * blockUnits * 4 * (this.#unitWords + 2);
  }

  /** The unit is about to change. One behind those that are held (it came since) is nobody's. */
  keep(unit: number): void {
    if (unit < this.#read || unit >= this.#units) return;
    const mark = 1 << (unit & 31);
    if ((this.#marks[unit >>> 5] & mark) !== 0) return;
    this.#marks[unit >>> 5] |= mark;
    const entry = this.#entries++;
    const { before, units, words } = this.#blocks[entry >>> blockBits] ?? this.#newBlock();
    const at = entry & blockMask;
    const group = unit >>> groupBits;
    units[at] = unit;
    before[at] = this.#heads[group];
    this.#heads[group] = entry + 1;
    const [from, to] = [unit * this.#unitWords, at * this.#unitWords];
    for (let i = 0; i < this.#unitWords; i++) words[to + i] = this.#words[from + i];
  }

  /** @param byteOffset in the memory's buffer, where what has been read ends @param into whole words */
  read(byteOffset: number, into: Uint8Array): void {
    const first = (byteOffset - this.#words.byteOffset) / 4;
    const [unitWords, end] = [this.#unitWords, first + into.length / 4];
    const out = new Uint32Array(into.buffer, into.byteOffset, into.length / 4);
    out.set(this.#words.subarray(first, end));
    const lastGroup = Math.floor((end - 1) / unitWords) >>> groupBits;
    for (let group = Math.floor(first / unitWords) >>> groupBits; group <= lastGroup; group++) {
      for (let entry = this.#heads[group]; entry !== 0; ) {
        const { before, units, words } = this.#blocks[(entry - 1) >>> blockBits];
        const at = (entry - 1) & blockMask;
        const word = units[at] * unitWords;
        for (let i = Math.max(0, first - word); i < Math.min(unitWords, end - word); i++)
          out[word + i - first] = words[at * unitWords + i];
        entry = before[at];
      }
    }
    this.#read = Math.floor(end / unitWords);
  }

  #newBlock(): Block {
    const block = {
      units: new Uint32Array(blockUnits),
      before: new Uint32Array(blockUnits),
      words: new Uint32Array(blockUnits * this.#unitWords),
    };
    this.#blocks.push(block);
    return block;
  }
}
