/** Numbers by key, one behind another: what a wide table of counters, most of them 0, comes down to. */
export class Tally {
  n = 0;
  keys: Uint32Array;
  values: Float64Array;

  constructor(room = 16) {
    this.keys = new Uint32Array(room);
    this.values = new Float64Array(room);
  }

  /** One of `n`, to be filled through {@link columns}. */
  static sized(n: number): Tally {
    const tally = new Tally(n);
    tally.n = n;
    return tally;
  }

  /** Keys, with room for `more`: whoever puts some behind the last raises {@link n}. Their values are nothing yet. */
  roomFor(more: number): Uint32Array {
    const needed = this.n + more;
    if (needed > this.keys.length) {
      const keys = new Uint32Array(Math.max(needed, this.n * 2));
      const values = new Float64Array(keys.length);
      keys.set(this.keys);
      values.set(this.values);
      this.keys = keys;
      this.values = values;
    }
    return this.keys;
  }

  push(key: number, value: number): void {
    this.roomFor(1)[this.n] = key;
    this.values[this.n++] = value;
  }

  columns() {
    return { keys: this.keys.subarray(0, this.n), values: this.values.subarray(0, this.n) };
  }
}
