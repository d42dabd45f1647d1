import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  columnBytes,
  columnU32,
  decodeClientMessage,
  decodeFrame,
  encodeClientMessage,
  encodeFrame,
  FrameError,
} from '../../shared/codec.ts';
import { type DeltaFrame, protocolVersion, type RegionColumns, type WallStatus } from '../../shared/protocol.ts';
import { WallState } from '../../shared/wall-state.ts';

const status = { eventUs: 1_785_672_060_000_000, present: 3, origins: [], feeds: [] } as unknown as WallStatus;

function delta(cells: [number, number][], regionPlaces: number[] = []): DeltaFrame {
  const u32 = (values: number[]) => columnBytes(Uint32Array.from(values));
  const region = u32(regionPlaces);
  const regions: RegionColumns = {
    index: region,
    present: region,
    fresh5: region,
    fresh30: region,
    inflow: region,
    outflow: region,
    visitors: region,
    machines: region,
  };
  return {
    v: protocolVersion,
    k: 'delta',
    seq: 1,
    layout: 1,
    status,
    cells: { index: u32(cells.map(([i]) => i)), present: u32(cells.map(([, n]) => n)) },
    regions,
  };
}

test('the build in use makes no code from strings, which the wall’s Content-Security-Policy forbids', () => {
  const file = createRequire(import.meta.url).resolve('msgpackr/index-no-eval');
  expect(readFileSync(file, 'utf8')).not.toMatch(/new Function|\beval\(/);
});

test('a frame comes back with its columns and 53-bit times, wherever its bytes lie in memory', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9_999), fc.nat())), fc.nat(7), (cells, shift) => {
      const bytes = encodeFrame(delta(cells));
      const moved = new Uint8Array(bytes.length + shift).subarray(shift);
      moved.set(bytes);
      const frame = decodeFrame(moved);
      expect([...columnU32(frame.cells.index)]).toEqual(cells.map(([i]) => i));
      expect([...columnU32(frame.cells.present)]).toEqual(cells.map(([, n]) => n));
      expect(frame.status).toEqual(status);
    }),
  );
});

test('a frame encoded later does not change the bytes of an earlier one', () => {
  const first = encodeFrame(delta([[1, 2]]));
  const copy = first.slice();
  for (let i = 0; i < 2_000; i++) encodeFrame(delta([[i, i]]));
  expect(Buffer.from(first).equals(Buffer.from(copy))).toBe(true);
});

test('a column is read from an unaligned Node buffer without touching what lies beside it', () => {
  const buffer = Buffer.from([9, 1, 0, 0, 0, 2, 0, 0, 0, 9]);
  expect([...columnU32(buffer.subarray(1, 9))]).toEqual([1, 2]);
  expect(() => columnU32(buffer.subarray(0, 3))).toThrow(FrameError);
});

test('any bytes at all give a frame or a FrameError', () => {
  const good = encodeFrame(delta([[1, 2]], [0]));
  const mutated = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, value]) => {
    const bytes = good.slice();
    bytes[at] = value;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), mutated), (bytes) => {
      for (const decode of [decodeFrame, decodeClientMessage]) {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test('only resync is understood from a screen', () => {
  expect(decodeClientMessage(encodeClientMessage({ k: 'resync', have: 4 }))).toEqual({ k: 'resync', have: 4 });
  const other = encodeClientMessage({ k: 'resync', have: -1 });
  expect(() => decodeClientMessage(other)).toThrow(FrameError);
});

test('a delta that does not follow is a gap and changes nothing', () => {
  const state = new WallState();
  expect(state.apply(delta([[0, 1]]))).toBe('gap');
  state.apply({
    ...delta([[0, 1]]),
    k: 'snapshot',
    spark: { everyMs: 1, endUs: 0, points: 0, present: new Uint8Array() },
  });
  expect(state.apply({ ...delta([[0, 7]]), seq: 3 })).toBe('gap');
  expect(state.apply({ ...delta([[0, 7]]), seq: 1 })).toBe('gap');
  expect([...state.cellPresent]).toEqual([1]);
  expect(state.apply({ ...delta([[0, 7]]), seq: 2 })).toBe('applied');
  expect([...state.cellPresent]).toEqual([7]);
});

test('an index outside any layout is refused before anything is changed', () => {
  const state = new WallState();
  const spark = { everyMs: 1, endUs: 0, points: 0, present: new Uint8Array() };
  state.apply({ ...delta([[0, 1]], [0]), k: 'snapshot', spark });
  const wild = {
    ...delta([
      [0, 5],
      [0xffffffff, 1],
    ]),
    seq: 2,
  };
  expect(() => state.apply(wild)).toThrow(FrameError);
  expect(() => state.apply({ ...delta([[0, 5]], [1]), seq: 2 })).toThrow(FrameError);
  expect([...state.cellPresent]).toEqual([1]);
  expect(state.seq).toBe(1);
});
