import { expect, test } from 'vitest';
import { columnBytes, decodeFrame, encodeFrame } from '../../shared/codec.ts';
import type { ServerFrame } from '../../shared/protocol.ts';
import { Figures } from '../../web/state/figures.ts';
import { fakeLayout } from './tools/fake-city.ts';
import { FakeFeed, kickOffUs } from './tools/fake-feed.ts';

function feedOf(minCount = 0): FakeFeed {
  const layout = fakeLayout({
    seed: 1,
    cells: 300,
    positions: true,
    regions: true,
    minCount,
    title: '',
    schematic: null,
  });
  return new FakeFeed(layout, { seed: 2, startUs: kickOffUs, stepUs: 60_000_000 });
}

/** Through the bytes, as on the wire. */
const carried = (frame: ServerFrame): ServerFrame => decodeFrame(encodeFrame(frame));

test('a snapshot and the deltas after it give the state of a later snapshot', () => {
  const feed = feedOf(20);
  const figures = new Figures();
  figures.apply(carried(feed.snapshot()));
  for (let k = 0; k < 30; k++) expect(figures.apply(carried(feed.delta()))).toBe('applied');
  const fresh = new Figures();
  fresh.apply(carried(feed.snapshot()));
  expect(figures.state.cellPresent).toEqual(fresh.state.cellPresent);
  expect(figures.state.regions).toEqual(fresh.state.regions);
  expect(figures.sparkOf(0, 20)).toEqual(fresh.sparkOf(0, 20));
  expect(figures.state.sparkEndUs).toBe(fresh.state.sparkEndUs);
});

test('a missed delta is a gap that changes nothing until a snapshot comes', () => {
  const feed = feedOf();
  const figures = new Figures();
  figures.apply(carried(feed.snapshot()));
  const before = figures.state.cellPresent.slice();
  feed.delta();
  expect(figures.apply(carried(feed.delta()))).toBe('gap');
  expect(figures.state.cellPresent).toEqual(before);
  expect(figures.apply(carried(feed.snapshot()))).toBe('applied');
  expect(figures.apply(carried(feed.delta()))).toBe('applied');
});

test('changed cells add up between two paints and are handed out once', () => {
  const feed = feedOf();
  const figures = new Figures();
  figures.apply(carried(feed.snapshot()));
  expect(figures.takeChanged()).toBeNull();
  const first = feed.delta();
  const second = feed.delta();
  figures.apply(carried(first));
  figures.apply(carried(second));
  const named = new Set([...indexOf(first), ...indexOf(second)]);
  expect(new Set(figures.takeChanged())).toEqual(named);
  expect(figures.takeChanged()).toEqual(new Uint32Array(0));
});

test('a screen that is not painted for long repaints everything instead of keeping an endless list', () => {
  const feed = feedOf();
  const figures = new Figures();
  figures.apply(carried(feed.snapshot()));
  figures.takeChanged();
  for (let k = 0; k < 200; k++) figures.apply(carried(feed.delta()));
  expect(figures.takeChanged()).toBeNull();
});

function indexOf(frame: ServerFrame): Uint32Array {
  const copy = Uint8Array.from(frame.cells.index);
  return new Uint32Array(copy.buffer);
}

test('a cell appended by a delta is kept until the layout names it', () => {
  const feed = feedOf();
  const figures = new Figures();
  figures.apply(carried(feed.snapshot()));
  const delta = feed.delta();
  delta.cells = { index: columnBytes(Uint32Array.of(305)), present: columnBytes(Uint32Array.of(41)) };
  delta.layout = 2;
  figures.apply(carried(delta));
  expect(figures.state.cellPresent[305]).toBe(41);
  expect(figures.state.cellPresent.length).toBe(306);
  expect(figures.snapshotLayout).toBe(1);
});
