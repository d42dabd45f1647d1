/** Numbers by key, one behind another: what a wide table of counters, most of them 0, comes down to. */
export class Tally {
  n = 0;
  private keys: Uint32Array;
  private values: Float64Array;

  constructor(room = 16) {
    this.keys = new Uint32Array(room);
    this.values = new Float64Array(room);
  }

  /** Itself, with the table's values of its keys. */
  valuedBy(table: Uint32Array | Float64Array): this {
    for (let i = 0; i < this.n; i++) this.values[i] = table[this.keys[i]];
    return this;
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
      const keys = new Uint32Array(Math.max(16, needed, this.n * 2));
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

  addTo(table: Uint32Array | Float64Array): void {
    for (let i = 0; i < this.n; i++) table[this.keys[i]] += this.values[i];
  }

  takeFrom(table: Uint32Array | Float64Array): void {
    for (let i = 0; i < this.n; i++) table[this.keys[i]] -= this.values[i];
  }

  columns() {
    return { keys: this.keys.subarray(0, this.n), values: this.values.subarray(0, this.n) };
  }
}
