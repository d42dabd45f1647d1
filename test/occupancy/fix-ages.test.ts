import { expect, test } from 'vitest';
import { fixAgeStepUs } from '../../server/occupancy/fix-age-kernel.ts';
import { FixAges, stepOf } from '../../server/occupancy/fix-ages.ts';
import { seenBytes, seenFrom, seenTo } from '../../server/presence/row-kernel.ts';

const nowUs = 1_780_000_000_000_000;
const ttlUs = 7_200e6;

test('sightings told together leave the fix ages that they leave one by one', () => {
  const [together, single] = [new FixAges(ttlUs), new FixAges(ttlUs)];
  let x = 1;
  const random = (below: number) => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
  const seen: { cell: number; lastUs: number }[] = [];
  for (const ages of [together, single]) ages.growTo(4);
  // Everybody appears within five hours, a few beyond the reach of the city's histogram.
  for (let minute = 0; minute < 300; minute++) {
    const lastUs = nowUs + minute * 2 * fixAgeStepUs + random(1e6);
    const cell = random(4);
    for (const ages of [together, single]) {
      ages.advance(lastUs);
      ages.add(cell);
    }
    seen.push({ cell, lastUs });
  }
  for (const ages of [together, single]) ages.growTo(8);
  const rows = new Uint8Array(64 * seenBytes);
  const view = new DataView(rows.buffer);
  for (let round = 0; round < 200; round++) {
    const atUs = nowUs + 300 * 2 * fixAgeStepUs + round * 7e6;
    for (const ages of [together, single]) ages.advance(atUs);
    const n = 1 + random(64);
    for (let i = 0; i < n; i++) {
      const one = seen[random(seen.length)];
      view.setFloat64(i * seenBytes, one.lastUs, true);
      view.setUint32(i * seenBytes + seenFrom, one.cell, true);
      if (random(3) === 0) {
        single.remove(one.cell, stepOf(one.lastUs));
        one.cell = random(8);
        single.add(one.cell);
      } else single.renew(one.cell, stepOf(one.lastUs));
      view.setUint32(i * seenBytes + seenTo, one.cell, true);
      one.lastUs = atUs;
    }
    together.seeMany(rows, n);
    for (const of of ['fresh5', 'fresh30'] as const) expect(together[of]).toEqual(single[of]);
    for (const [of, steps] of [
      ['fresh5', 10],
      ['fresh30', 60],
    ] as const) {
      const counted = new Uint32Array(8);
      for (const { cell, lastUs } of seen) if (stepOf(atUs) - stepOf(lastUs) <= steps) counted[cell]++;
      expect([...together[of]]).toEqual([...counted]);
    }
    for (const share of [0.1, 0.5, 0.9, 1])
      expect(together.quantileMs(share, seen.length)).toBe(single.quantileMs(share, seen.length));
  }
});
