import { expect, test } from 'vitest';
import { Impairment } from '../../fixtures/make/impairment.ts';
import { SimulationFeed } from '../../fixtures/make/simulation-feed.ts';
import type { FrameSink } from '../../server/capture/frame.ts';
import { makeBusyLife, ScriptedCity } from './wire/fake-city.ts';

const startUs = Date.UTC(2026, 9, 17, 9, 30) * 1000;
const second = 1_000_000;

interface Shares {
  loss?: number;
  duplicates?: number;
  reorder?: number;
  seed?: number;
}

async function run({ loss = 0, duplicates = 0, reorder = 0, seed = 1 }: Shares, maxFrames = 1e9) {
  const frames: string[] = [];
  const times: number[] = [];
  const truth: string[] = [];
  const sink: FrameSink = {
    frame(timeUs, _linkType, bytes, start, end) {
      times.push(timeUs);
      frames.push(`${timeUs} ${Buffer.from(bytes.subarray(start, end)).toString('hex')}`);
    },
  };
  const feed = new SimulationFeed(new ScriptedCity(300, startUs, makeBusyLife(300, startUs, 120)), {
    seed: 1,
    endUs: startUs + 600 * second,
    commonIdShare: 1,
    impairment: { seed, loss, duplicates, reorder },
    truth: { sighting: (...row) => truth.push(row.join(' ')) },
  });
  for (let why = 'more'; why !== 'end'; ) {
    const before = frames.length;
    why = await feed.read(sink, Number.POSITIVE_INFINITY, maxFrames);
    expect(frames.length - before).toBeLessThanOrEqual(maxFrames);
  }
  expect(feed.stats.packets).toBe(frames.length);
  return { frames, times, truth };
}

const whole = await run({});
const byPlace = new Map(whole.frames.map((frame, place) => [frame, place]));

test('loses about the share asked for, and nothing else', async () => {
  const { frames, truth } = await run({ loss: 0.05 });
  const lost = 1 - frames.length / whole.frames.length;
  expect(lost).toBeGreaterThan(0.03);
  expect(lost).toBeLessThan(0.07);
  const seen = new Set(frames);
  expect(frames).toEqual(whole.frames.filter((frame) => seen.has(frame)));
  expect(truth).toEqual(whole.truth);
});

test('doubles about the share asked for: the same octets and time, at most 64 packets later', async () => {
  const { frames } = await run({ duplicates: 0.05 });
  const first = new Map<string, number>();
  let copies = 0;
  let originals = 0;
  for (const frame of frames) {
    if (first.has(frame)) {
      copies++;
      expect(originals - first.get(frame)! - 1).toBeLessThanOrEqual(64);
    } else first.set(frame, originals++);
  }
  expect([...first.keys()]).toEqual(whole.frames);
  expect(copies / whole.frames.length).toBeGreaterThan(0.03);
  expect(copies / whole.frames.length).toBeLessThan(0.07);
});

test('gives some packets late, with their own time, and loses none', async () => {
  const { frames, times } = await run({ reorder: 0.05 });
  expect(frames.toSorted()).toEqual(whole.frames.toSorted());
  const late = frames.filter((frame, place) => byPlace.get(frame)! < place - 3);
  expect(late.length / frames.length).toBeGreaterThan(0.02);
  expect(late.length / frames.length).toBeLessThan(0.07);
  expect(times.some((timeUs, i) => i > 0 && timeUs < times[i - 1])).toBe(true);
});

test('does the same for the same seed, whatever the sizes of the reads, and other things for another', async () => {
  const shares = { loss: 0.02, duplicates: 0.02, reorder: 0.02 };
  const { frames } = await run(shares);
  expect((await run(shares, 1)).frames).toEqual(frames);
  expect((await run(shares, 17)).frames).toEqual(frames);
  expect((await run({ ...shares, seed: 2 })).frames).not.toEqual(frames);
});

test('keeps a bounded number of packets back', () => {
  const impairment = new Impairment({ seed: 1, loss: 0, duplicates: 0, reorder: 1 });
  let given = 0;
  const sink: FrameSink = { frame: () => given++ };
  for (let i = 1; i <= 5_000; i++) {
    impairment.towards(sink).frame(i, 1, new Uint8Array(60), 0, 60);
    while (impairment.giveLate(sink));
    expect(i - given).toBeLessThanOrEqual(65);
  }
  while (impairment.giveLate(sink, true));
  expect(given).toBe(5_000);
});
