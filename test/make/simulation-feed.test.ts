import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { checkSimOptions } from '../../fixtures/make/options.ts';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import { SimulationFeed } from '../../fixtures/make/simulation-feed.ts';
import type { SimOptions } from '../../fixtures/make/types.ts';
import type { FrameSink } from '../../server/capture/frame.ts';
import { makeBusyLife, procedure, ScriptedCity } from './wire/fake-city.ts';

const startUs = Date.UTC(2026, 9, 17, 9, 30) * 1000;
const second = 1_000_000;

class Digest implements FrameSink {
  frames = 0;
  lastUs = 0;
  readonly #hash = createHash('sha256');

  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void {
    this.frames++;
    this.lastUs = timeUs;
    this.#hash.update(`${timeUs} ${linkType} ${end - start} `).update(bytes.subarray(start, end));
  }

  hex(): string {
    return this.#hash.digest('hex');
  }
}

const small: Partial<SimOptions> = { population: 2_000, date: '2026-10-17', from: '18:00', hours: 0.1 };

async function readAll(given: Partial<SimOptions>, maxFrames: () => number, stepUs = Number.POSITIVE_INFINITY) {
  const feed = openSimulation(given);
  const digest = new Digest();
  let untilUs = feed.startUs;
  for (let why = 'more'; why !== 'end'; ) {
    if (why === 'until' || stepUs === Number.POSITIVE_INFINITY) untilUs += stepUs;
    why = await feed.read(digest, untilUs, maxFrames());
    expect(digest.lastUs).toBeLessThanOrEqual(untilUs);
  }
  return { feed, frames: digest.frames, hash: digest.hex() };
}

test('the same options give the same bytes whatever the sizes of the reads', async () => {
  const whole = await readAll(small, () => 1_000_000);
  expect(whole.frames).toBeGreaterThan(1_000);
  expect(await readAll(small, () => 1)).toMatchObject({ frames: whole.frames, hash: whole.hash });
  const sizes = [4, 32, 28, 50, 1];
  let reads = 0;
  expect(await readAll(small, () => sizes[reads++ % sizes.length], 333_333)).toMatchObject({
    frames: whole.frames,
    hash: whole.hash,
  });
  expect((await readAll({ ...small, seed: 2 }, () => 4096)).hash).not.toBe(whole.hash);
});

test('stops in front of the first frame after the time asked for, and goes on from there', async () => {
  const city = new ScriptedCity(10, startUs, [
    procedure('detach', startUs + second),
    procedure('detach', startUs + 90 * second, { phone: 1 }),
  ]);
  const feed = new SimulationFeed(city, { seed: 1, endUs: startUs + 600 * second, commonIdShare: 1 });
  const digest = new Digest();
  expect(feed.nextTimeUs).toBe(startUs + second);
  expect(await feed.read(digest, startUs + second - 1, 100)).toBe('until');
  expect(digest.frames).toBe(0);
  expect(await feed.read(digest, startUs + second, 100)).toBe('until');
  expect(digest.frames).toBe(1);
  expect(await feed.read(digest, startUs + 60 * second, 100)).toBe('until');
  expect(await feed.read(digest, Number.POSITIVE_INFINITY, 1)).toBe('more');
  expect(digest.lastUs).toBe(startUs + 90 * second);
  expect(feed.progress).toBeCloseTo(0.15, 2);
  expect(await feed.read(digest, Number.POSITIVE_INFINITY, 100)).toBe('end');
  expect(feed.progress).toBe(1);
});

test('is endless without hours', () => {
  const feed = openSimulation({ population: 1_000 });
  expect(feed.progress).toBe(-1);
  expect(feed.endUs).toBe(Number.POSITIVE_INFINITY);
});

test('no frame reaches the end, and open connections give the truth they have', async () => {
  const rows: number[] = [];
  const endUs = startUs + 30 * second;
  const feed = new SimulationFeed(new ScriptedCity(50, startUs, makeBusyLife(50, startUs, 60)), {
    seed: 1,
    endUs,
    commonIdShare: 1,
    truth: { sighting: (timeUs) => rows.push(timeUs) },
  });
  const digest = new Digest();
  expect(await feed.read(digest, Number.POSITIVE_INFINITY, 1e9)).toBe('end');
  expect(digest.lastUs).toBeLessThan(endUs);
  expect(rows.length).toBe(feed.stats.sightings);
  expect(Math.max(...rows)).toBeLessThan(endUs);
});

test('tells the true positions at each full minute', async () => {
  const minutes: number[] = [];
  let people = 0;
  const feed = openSimulation(small, {
    truth: () => ({
      positions(timeUs, present) {
        minutes.push(timeUs);
        people += present.reduce((sum, count) => sum + count, 0);
      },
    }),
  });
  await feed.read(new Digest(), Number.POSITIVE_INFINITY, 1e9);
  expect(minutes).toEqual(Array.from({ length: 7 }, (_, i) => feed.startUs + i * 60 * second));
  expect(people).toBeGreaterThan(0);
});

test.each([
  [{ population: 0 }, 'population'],
  [{ population: 1_000_001 }, 'population'],
  [{ seed: -1 }, 'seed'],
  [{ seed: 1.5 }, 'seed'],
  [{ hours: 0 }, 'hours'],
  [{ hours: Number.NaN }, 'hours'],
  [{ date: '2026-02-30' }, 'date'],
  [{ date: 'today' }, 'date'],
  [{ from: '24:00' }, 'time'],
  [{ venueLac: 'both' as 'own' }, 'venue-lac'],
])('refuses %j by name', (given, name) => {
  expect(() => checkSimOptions(given)).toThrow(name);
});

test('takes dates and times as UTC+8', () => {
  expect(checkSimOptions({ date: '2026-10-17', from: '17:30', hours: 0.5 })).toMatchObject({
    startUs,
    endUs: startUs + 1_800 * second,
  });
});
