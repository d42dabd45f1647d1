/** `x^32 + x^26 + …`, its bits reversed: the polynomial of the CRC-32 that zlib computes. */
const polynomial = 0xedb88320;

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? polynomial ^ (c >>> 1) : c >>> 1;
  return c;
});

/** The product of two polynomials, modulo {@link polynomial}; `a` is not 0. As zlib's `multmodp`. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0x8000_0000; ; bit >>>= 1) {
    if (a & bit) {
      product ^= b;
      if ((a & (bit - 1)) === 0) return product >>> 0;
    }
    b = b & 1 ? (b >>> 1) ^ polynomial : b >>> 1;
  }
}

/** `x^(8 · 2^k)`: what a register is multiplied with when 2^k octets of zero pass. */
const powers: number[] = [];
for (let k = 0, power = 0x0080_0000; k < 32; k++, power = multiply(power, power)) powers.push(power);

/** The register after `bytes` octets of zero. */
function pass(register: number, bytes: number): number {
  let result = register;
  for (let k = 0; bytes > 0; k++, bytes >>>= 1) if (bytes & 1) result = multiply(powers[k], result);
  return result;
}

/**
 * CRC-32 of any range of some octets, in the same number of steps whatever its length: from the registers at each 8th
 * octet, as the register after A and B is that after A and as many zeros, plus that after B alone.
 */
export class CrcRanges {
  readonly #bytes: Uint8Array;
  readonly #registers: Uint32Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#registers = new Uint32Array(Math.floor(bytes.length / 8) + 1);
    for (let i = 1; i < this.#registers.length; i++)
      this.#registers[i] = this.#walk(this.#registers[i - 1], (i - 1) * 8, i * 8);
  }

  /**
   * The same as `crc32(bytes.subarray(from, to), before)`.
   *
   * @param from a multiple of 8
   */
  crc(from: number, to: number, before: number): number {
    const whole = Math.floor(to / 8);
    const end = this.#walk(this.#registers[whole], whole * 8, to);
    return ~(pass(~before ^ this.#registers[from / 8], to - from) ^ end) >>> 0;
  }

  #walk(register: number, from: number, to: number): number {
    let c = register;
    for (let at = from; at < to; at++) c = table[(c ^ this.#bytes[at]) & 0xff] ^ (c >>> 8);
    return c;
  }
}
