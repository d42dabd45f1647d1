import { expect, test } from 'vitest';
import type { FrameSink } from '../../server/capture/frame.ts';
import type { FrameReader } from '../../server/capture/frame-reader.ts';
import { PlausibleTimes } from '../../server/capture/plausible-times.ts';

const at = (time: string) => Date.parse(`${time}Z`) * 1000;

/** A capture of frames at these times, each of one octet: its number. */
class Frames implements FrameReader {
  readonly faults = new Map<string, number>();
  readonly progress = -1;
  private next = 0;
  private readonly times: number[];
  constructor(times: string[]) {
    this.times = times.map(at);
  }
  get nextTimeUs(): number {
    return this.next < this.times.length ? this.times[this.next] : -1;
  }
  async read(sink: FrameSink, untilUs: number, maxFrames: number): Promise<'more' | 'until' | 'end'> {
    for (let left = maxFrames; ; left--) {
      if (this.next === this.times.length) return 'end';
      if (this.times[this.next] > untilUs) return 'until';
      if (left === 0) return 'more';
      const i = this.next++;
      sink.frame(this.times[i], 1, new Uint8Array([i]), 0, 1);
    }
  }
  async close(): Promise<void> {}
}

async function delivered(
  times: string[],
  steps: { untilUs: number; maxFrames: number } = { untilUs: Number.POSITIVE_INFINITY, maxFrames: 2 },
) {
  const reader = await PlausibleTimes.over(new Frames(times));
  const firstUs = reader.nextTimeUs;
  const numbers: number[] = [];
  const sink: FrameSink = { frame: (_time, _link, bytes, start) => numbers.push(bytes[start]) };
  let why = 'more';
  while (why === 'more') why = await reader.read(sink, steps.untilUs, steps.maxFrames);
  return { numbers, firstUs, why, reader, faults: Object.fromEntries(reader.faults) };
}

test('one frame stamped in the far future is skipped and counted, wherever it stands', async () => {
  const good = ['2026-01-01T00:00:00', '2026-01-01T00:00:01', '2026-01-01T00:00:02'];
  for (let place = 0; place <= good.length; place++) {
    const times = [...good];
    times.splice(place, 0, '2100-01-01T00:00:00');
    const { numbers, firstUs, faults, why } = await delivered(times);
    expect(numbers).toEqual([0, 1, 2, 3].filter((number) => number !== place));
    expect(firstUs).toBe(at(good[0]));
    expect(faults).toEqual({ TIME_JUMP: 1 });
    expect(why).toBe('end');
  }
});

test('a real gap is believed when the next frame agrees, and no frame of it is lost', async () => {
  const { numbers, faults } = await delivered([
    '2026-01-01T00:00:00',
    '2026-01-01T09:00:00',
    '2026-01-01T09:00:01',
    '2026-01-03T00:00:00',
    '2026-01-03T00:30:00',
  ]);
  expect(numbers).toEqual([0, 1, 2, 3, 4]);
  expect(faults).toEqual({});
});

test('times after 2150 are none, nor is a first one before 1990 that the next ones contradict', async () => {
  const { numbers, firstUs, faults } = await delivered([
    '1970-01-01T00:00:01',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:01',
    '2200-01-01T00:00:00',
    '2200-01-01T00:00:01',
  ]);
  expect(numbers).toEqual([1, 2]);
  expect(firstUs).toBe(at('2026-01-01T00:00:00'));
  expect(faults).toEqual({ TIME_IMPLAUSIBLE: 3 });
});

test('frames of the past pass, and a capture that counts from 0 is read', async () => {
  expect(
    await delivered(['2026-01-01T00:00:00', '2026-01-01T00:00:01', '1999-01-01T00:00:02', '2026-01-01T00:00:02']),
  ).toMatchObject({
    numbers: [0, 1, 2, 3],
    faults: {},
  });
  expect(await delivered(['1970-01-01T00:00:00', '1970-01-01T00:00:01'])).toMatchObject({
    numbers: [0, 1],
    faults: {},
  });
});

test('stops in front of what may not be read yet, across a gap too', async () => {
  const { numbers, why, reader } = await delivered(
    ['2026-01-01T00:00:00', '2026-01-01T09:00:00', '2026-01-01T09:00:01'],
    { untilUs: at('2026-01-01T05:00:00'), maxFrames: 10 },
  );
  expect(numbers).toEqual([0]);
  expect(why).toBe('until');
  expect(reader.nextTimeUs).toBe(at('2026-01-01T09:00:00'));
});

test('a capture of one frame is believed, an empty one ends', async () => {
  expect((await delivered(['2026-01-01T00:00:00'])).numbers).toEqual([0]);
  expect(await delivered([])).toMatchObject({ numbers: [], why: 'end', firstUs: -1 });
});

test('time that goes on by more than an hour within one reading is no jump, up to the last frame', async () => {
  const times = ['2026-01-01T00:00:00', '2026-01-01T00:30:00', '2026-01-01T01:10:00'];
  const all = { untilUs: Number.POSITIVE_INFINITY, maxFrames: 10 };
  expect(await delivered(times, all)).toMatchObject({ numbers: [0, 1, 2], faults: {} });
  // Nor is it one when a frame of the past follows.
  const late = [...times, '2026-01-01T00:05:00', '2026-01-01T01:10:01'];
  expect(await delivered(late, all)).toMatchObject({ numbers: [0, 1, 2, 3, 4], faults: {} });
});

test('gives no more frames at a time than it was asked for, whatever gaps there are', async () => {
  const times = Array.from(
    { length: 24 },
    (_, i) => `2026-01-${String(1 + (i >> 1)).padStart(2, '0')}T00:00:0${i % 2}`,
  );
  const reader = await PlausibleTimes.over(new Frames(times));
  const counts: number[] = [];
  for (let why = 'more'; why === 'more'; ) {
    let n = 0;
    why = await reader.read({ frame: () => n++ }, Number.POSITIVE_INFINITY, 5);
    counts.push(n);
  }
  expect(counts).toEqual([5, 5, 5, 5, 4]);
});

test('a frame of before 1970 is skipped and counted, wherever it stands', async () => {
  const good = ['2026-01-01T00:00:00', '2026-01-01T00:00:01', '2026-01-01T00:00:02'];
  for (let place = 1; place <= good.length; place++) {
    const times = [...good];
    times.splice(place, 0, '1969-12-31T23:00:00');
    const { numbers, faults, why } = await delivered(times);
    expect(numbers).toEqual([0, 1, 2, 3].filter((number) => number !== place));
    expect(faults).toEqual({ TIME_IMPLAUSIBLE: 1 });
    expect(why).toBe('end');
  }
});
