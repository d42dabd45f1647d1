import { expect, test } from 'vitest';
import { blurNext } from '../../server/access/blur.ts';
import { unknownCount } from '../../shared/protocol.ts';

/** mulberry32: a seeded generator, so that the figures of this test never change. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const movesPerS = 0.1;
const trials = 4_000;

/** What the people of a cell do in one second: usually nothing. */
function step(draw: () => number): number {
  const u = draw();
  return u < movesPerS / 2 ? 1 : u < movesPerS ? -1 : 0;
}

/**
 * How often somebody who watches one cell's figure, and knows the second in which a known person may have come in,
 * guesses rightly whether they did. `shown` turns exact counts, one a second, into what is published after each.
 */
function guessedRight(everyS: number, shown: (published: number, exact: number) => number): number {
  const draw = random(7);
  let right = 0;
  for (let trial = 0; trial < trials; trial++) {
    let exact = 40 + Math.floor(draw() * 100);
    let published = unknownCount;
    let before = 0;
    const came = draw() < 0.5;
    const momentS = 300 + Math.floor(draw() * 60);
    for (let s = 0; s <= 360; s++) {
      exact = Math.max(20, exact + step(draw)) + (came && s === momentS ? 1 : 0);
      if (s % everyS !== 0) continue;
      const inQuestion = s >= momentS && s - everyS < momentS;
      if (inQuestion) before = published;
      published = shown(published, exact);
      if (!inQuestion) continue;
      const guess = published === before ? (everyS === 1 ? false : draw() < 0.5) : published > before;
      if (guess === came) right++;
      break;
    }
  }
  return right / trials;
}

test('who watches an exact counter each second learns whether somebody came', () => {
  expect(guessedRight(1, (_, exact) => exact)).toBeGreaterThan(0.9);
});

test('who watches a published figure learns hardly more than a coin tells', () => {
  const share = guessedRight(60, (published, exact) => blurNext(published, exact, 20));
  expect(share).toBeGreaterThan(0.47);
  expect(share).toBeLessThan(0.55);
});
