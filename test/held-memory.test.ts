import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeldMemory } from '../server/held-memory.ts';

test('what is held is read as it was, whatever changes before, between and behind', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20_000 }),
      fc.constantFrom(1, 4, 8, 10),
      fc.integer({ min: 1, max: 3_000 }),
      fc.infiniteStream(fc.nat()),
      (length, unitWords, pieceWords, numbers) => {
        const draw = (below: number) => numbers.next().value % Math.max(1, below);
        // Behind it there is room that is not held.
        const buffer = new ArrayBuffer(4 * (length + 100));
        const all = new Uint32Array(buffer).map((_, i) => i * 7);
        new Uint32Array(buffer).set(all);
        const words = new Uint32Array(buffer, 0, length);
        const was = words.slice();
        const held = new HeldMemory(words, unitWords);
        const whole = new Uint32Array(buffer);
        const change = () => {
          for (let n = draw(60); n > 0; n--) {
            const word = draw(length + 100);
            held.keep(Math.floor(word / unitWords));
            whole[word] = draw(2 ** 31);
          }
        };
        const read = new Uint32Array(length);
        for (let at = 0; at < length; at += pieceWords) {
          change();
          const end = Math.min(length, at + pieceWords);
          held.read(words.byteOffset + 4 * at, new Uint8Array(read.buffer, 4 * at, 4 * (end - at)));
        }
        change();
        expect(Buffer.compare(Buffer.from(read.buffer), Buffer.from(was.buffer))).toBe(0);
      },
    ),
    { numRuns: 50 },
  );
});

test('a unit is kept once, and none that has been read', () => {
  const words = new Uint32Array(1 << 20);
  const held = new HeldMemory(words, 8);
  for (let turn = 0; turn < 10; turn++) held.keep(5);
  const { keptBytes } = held;
  expect(keptBytes).toBeGreaterThan(0);
  const into = new Uint8Array(words.byteLength / 2);
  held.read(0, into);
  for (let unit = 6; unit < words.length / 16; unit++) held.keep(unit);
  expect(held.keptBytes).toBe(keptBytes);
  for (let unit = words.length / 16; unit < words.length / 8; unit++) held.keep(unit);
  expect(held.keptBytes).toBeGreaterThan(words.byteLength / 2);
});
