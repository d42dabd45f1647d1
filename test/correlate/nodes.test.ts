import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Nodes, numberOfSemiOctets, unknownNode } from '../../server/correlate/nodes.ts';

/** The same as text: digits up to the filler, a number where they are 1 to 15 decimal ones. */
function expected(octets: Uint8Array, digits: number): number {
  const hex = [...octets].map((octet) => octet.toString(16).padStart(2, '0'));
  const [text] = hex
    .map(([high, low]) => low + high)
    .join('')
    .slice(0, digits)
    .split('f');
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : -1;
}

it('reads a number of semi-octets of any length, with a filler, an odd digit or none at all', () => {
  const octet = fc.oneof(
    fc.tuple(fc.nat(9), fc.nat(9)).map(([low, high]) => (high << 4) | low),
    fc.tuple(fc.nat(9), fc.nat(9)).map(([low, high]) => (high << 4) | low),
    fc.tuple(fc.nat(9), fc.nat(9)).map(([low, high]) => (high << 4) | low),
    fc.nat(255),
    fc.nat(9).map((low) => 0xf0 | low),
  );
  fc.assert(
    fc.property(fc.array(octet, { maxLength: 10 }), fc.nat(3), fc.nat(1), (octets, start, odd) => {
      const bytes = Uint8Array.from([...new Array<number>(start).fill(0x21), ...octets, 0x43]);
      const digits = Math.max(0, 2 * octets.length - odd);
      expect(numberOfSemiOctets(bytes, start, digits)).toBe(expected(Uint8Array.from(octets), digits));
    }),
    { numRuns: 3000, seed: 4 },
  );
});

it('gives each number a symbol of its own, however alike they are', () => {
  const nodes = new Nodes('86', '');
  const numbers = [861_390_000_001, 861_390_000_002, 861_390_000_001 + 2 ** 32, 85_290_000_001, 1];
  const symbols = numbers.map((number) => nodes.symbolOf(number));
  expect(new Set(symbols).size).toBe(numbers.length);
  expect(numbers.map((number) => nodes.symbolOf(number))).toEqual(symbols);
  expect(symbols.map((symbol) => nodes.numberOf(symbol))).toEqual(numbers);
  expect([nodes.symbolOf(0), nodes.symbolOf(-1)]).toEqual([unknownNode, unknownNode]);
});
