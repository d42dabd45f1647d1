import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';

const shardCount = 256;
const rowsFirst = 8;
const loadMax = 0.7;
/** Rows looked at before the event loop may have its turn: about a millisecond. */
const rowsAtOnce = 16_384;
/** A row in 32-bit words: two of the key, then the value as a float64. */
const rowWords = 4;
const rowDoubles = 2;
const dValue = 1;

interface Shard {
  u32: Uint32Array;
  f64: Float64Array;
  used: number;
}

function shardOf(rows: number): Shard {
  const f64 = new Float64Array(rows * rowDoubles);
  return { u32: new Uint32Array(f64.buffer), f64, used: 0 };
}

function hashOf(a: number, b: number): number {
  let x = Math.imul(a, 0x9e3779b1) ^ b;
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  return (x ^ (x >>> 13)) >>> 0;
}

/**
 * Pairs of words (the first not 0) to numbers that are not negative, 16 bytes a row: open addressing in 256 parts that
 * grow each by itself, so that no growth stalls.
 */
export class ShardedTable {
  private readonly shards = Array.from({ length: shardCount }, () => shardOf(rowsFirst));
  private count = 0;
  private row = 0;

  /** The key's value, or -1. */
  get(a: number, b: number): number {
    const hash = hashOf(a, b);
    const shard = this.shards[hash >>> 24];
    const row = rowOf(shard, hash, a, b);
    return isEmpty(shard, row) ? -1 : shard.f64[row * rowDoubles + dValue];
  }

  set(a: number, b: number, value: number): void {
    this.shardFor(a, b).f64[this.row * rowDoubles + dValue] = value;
  }

  /** Counts one more of the key. */
  increment(a: number, b: number): void {
    const { f64 } = this.shardFor(a, b);
    f64[this.row * rowDoubles + dValue] += 1;
  }

  /** Takes all out, by the first word, then the second, in steps: nothing may be put in meanwhile. The first words are below 2²¹. */
  *taking(): Generator<void, { n: number; a: Uint32Array; b: Uint32Array; value: Float64Array }> {
    const n = this.count;
    const all = { n, a: new Uint32Array(n), b: new Uint32Array(n), value: new Float64Array(n) };
    if (n === 0) return all;
    let last = 0;
    yield* this.eachKey((a) => {
      if (a > last) last = a;
    });
    // How many rows there are of each first word; then where the next of them comes, which is their end at last.
    const ends = new Uint32Array(last + 1);
    yield* this.eachKey((a) => {
      ends[a]++;
    });
    for (let a = 0, end = 0; a <= last; a++) {
      const own = ends[a];
      ends[a] = end;
      end += own;
    }
    yield* this.eachKey((a, b) => {
      all.b[ends[a]++] = b;
    });
    for (let a = 0, from = 0, looked = 0; a <= last; from = ends[a++]) {
      const to = ends[a];
      all.a.fill(a, from, to);
      all.b.subarray(from, to).sort();
      for (let i = from; i < to; i++) all.value[i] = this.get(a, all.b[i]);
      looked += to - from;
      if (looked < rowsAtOnce) continue;
      looked = 0;
      yield;
    }
    yield* this.clearing();
    return all;
  }

  *save(to: StateWriter, name: string): Generator<void> {
    to.json(
      name,
      this.shards.map(({ f64, used }) => ({ rows: f64.length / rowDoubles, used })),
    );
    for (const [i, { f64, used }] of this.shards.entries()) if (used > 0) yield* saveBytes(to, `${name}.${i}`, f64);
  }

  /** Of an empty one. */
  restore(from: StateReader, name: string): void {
    for (const [i, { rows, used }] of from.json<{ rows: number; used: number }[]>(name).entries()) {
      const shard = shardOf(rows);
      shard.used = used;
      this.count += used;
      this.shards[i] = shard;
      if (used > 0) restoreBytes(from, `${name}.${i}`, shard.f64);
    }
  }

  private *eachKey(tell: (a: number, b: number) => void): Generator<void> {
    let looked = 0;
    for (const { u32, used } of this.shards) {
      if (used === 0) continue;
      for (let at = 0; at < u32.length; at += rowWords) if ((u32[at] | u32[at + 1]) !== 0) tell(u32[at], u32[at + 1]);
      looked += u32.length / rowWords;
      if (looked < rowsAtOnce) continue;
      looked = 0;
      yield;
    }
  }

  private *clearing(): Generator<void> {
    let cleared = 0;
    for (const shard of this.shards) {
      if (shard.used === 0) continue;
      shard.f64.fill(0);
      shard.used = 0;
      cleared += shard.f64.length / rowDoubles;
      if (cleared < rowsAtOnce) continue;
      cleared = 0;
      yield;
    }
    this.count = 0;
  }

  /** The shard of the key, which is in it from now on: in {@link row}, with the value 0 if it is new. */
  private shardFor(a: number, b: number): Shard {
    const hash = hashOf(a, b);
    let shard = this.shards[hash >>> 24];
    let row = rowOf(shard, hash, a, b);
    if (isEmpty(shard, row)) {
      if (shard.used >= (shard.f64.length / rowDoubles) * loadMax) {
        shard = this.grow(hash >>> 24);
        row = rowOf(shard, hash, a, b);
      }
      shard.used++;
      this.count++;
      shard.u32[row * rowWords] = a;
      shard.u32[row * rowWords + 1] = b;
    }
    this.row = row;
    return shard;
  }

  private grow(number: number): Shard {
    const old = this.shards[number];
    const rows = old.f64.length / rowDoubles;
    const wider = shardOf(rows * 2);
    for (let row = 0; row < rows; row++) {
      if (isEmpty(old, row)) continue;
      const a = old.u32[row * rowWords];
      const b = old.u32[row * rowWords + 1];
      const at = rowOf(wider, hashOf(a, b), a, b);
      wider.u32[at * rowWords] = a;
      wider.u32[at * rowWords + 1] = b;
      wider.f64[at * rowDoubles + dValue] = old.f64[row * rowDoubles + dValue];
    }
    wider.used = old.used;
    this.shards[number] = wider;
    return wider;
  }
}

function isEmpty({ u32 }: Shard, row: number): boolean {
  return (u32[row * rowWords] | u32[row * rowWords + 1]) === 0;
}

/** The row of the key, or the empty one where it would stand. */
function rowOf({ u32 }: Shard, hash: number, a: number, b: number): number {
  const mask = u32.length / rowWords - 1;
  for (let row = hash & mask; ; row = (row + 1) & mask) {
    const lo = u32[row * rowWords];
    const hi = u32[row * rowWords + 1];
    if ((lo === a && hi === b) || (lo | hi) === 0) return row;
  }
}
