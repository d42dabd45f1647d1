/** Numbers from a seed: what a run did can be done again from its seed and an input's number alone. */
export class Random {
  #state = 1;

  /** Begins the sequence of input `index` of a run; neighbouring indices have nothing in common. */
  begin(seed: number, index: number): void {
    let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
    h ^= h >>> 16;
    h = Math.imul(h, 0x7feb352d);
    h ^= h >>> 15;
    this.#state = h === 0 ? 1 : h;
  }

  /** 0 … n − 1; n below 2^31. Marsaglia's xorshift with a multiplication behind it, whose low bits would repeat. */
  below(n: number): number {
    let s = this.#state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.#state = s;
    return (Math.imul(s, 0x9e3779b1) >>> 1) % n;
  }
}
