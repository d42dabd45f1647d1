import { describe, expect, test } from 'vitest';
import { hiddenCount, unknownCount } from '../../shared/protocol.ts';
import { type CellContext, CellPainter } from '../../web/draw/cell-painter.ts';
import {
  chooseFactor,
  classColours,
  classCount,
  classOf,
  firstClass,
  hiddenClass,
  scaleOf,
  unknownClass,
  zeroClass,
} from '../../web/draw/palette.ts';
import { coreBox, metresPerPx, toX, toY, type View, worldX, worldY } from '../../web/draw/projection.ts';
import { fakeLayout } from './tools/fake-city.ts';

describe('classes', () => {
  const scale = scaleOf(1);

  test('begin at their lower bound', () => {
    expect([1, 9, 10, 19, 20, 999, 1000, 50_000].map((count) => classOf(count, scale) - firstClass)).toEqual([
      0, 0, 1, 1, 2, 6, 7, 7,
    ]);
  });

  test('keep unknown, hidden and zero apart', () => {
    expect([unknownCount, hiddenCount, 0].map((count) => classOf(count, scale))).toEqual([
      unknownClass,
      hiddenClass,
      zeroClass,
    ]);
  });

  test('have colours that grow lighter with the count', () => {
    expect(classColours.length).toBe(classCount);
    const light = classColours.slice(firstClass).map(luminance);
    expect(light).toEqual(light.toSorted((a, b) => a - b));
  });

  test('keep their bounds until far too many cells are in the top one, and come back later than they went', () => {
    const counts = (share: number) => Uint32Array.from({ length: 1000 }, (_, k) => (k < share * 1000 ? 1500 : 10));
    expect(chooseFactor(counts(0.04), 1)).toBe(1);
    expect(chooseFactor(counts(0.06), 1)).toBe(10);
    expect(chooseFactor(counts(0.03), 10)).toBe(10);
    expect(chooseFactor(counts(0.01), 10)).toBe(1);
  });
});

/** WCAG relative luminance. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** Notes what is drawn: fills with their colour, and the cleared rectangles. */
class Recorder implements CellContext {
  fillStyle = '';
  strokeStyle = '';
  lineWidth = 1;
  globalAlpha = 1;
  fills: string[] = [];
  strokes: string[] = [];
  cleared: number[][] = [];
  clips = 0;
  save() {}
  restore() {}
  beginPath() {}
  closePath() {}
  moveTo() {}
  arc() {}
  rect() {}
  clip() {
    this.clips++;
  }
  clearRect(...box: number[]) {
    this.cleared.push(box);
  }
  fill() {
    this.fills.push(this.fillStyle);
  }
  stroke() {
    this.strokes.push(this.strokeStyle);
  }
}

/** A view of `width` × `height` with a place in its middle. */
function viewAt(lon: number, lat: number, zoom: number, width = 1000, height = 800): View {
  const scale = 256 * 2 ** zoom;
  return {
    scale,
    originX: worldX(lon) * scale - width / 2,
    originY: worldY(lat) * scale - height / 2,
    width,
    height,
    rem: 18,
  };
}

describe('the painter', () => {
  const place = { lon: 113.3, lat: 23.1 };
  const view = viewAt(place.lon, place.lat, 15);

  test('draws the cells in view, busiest last', () => {
    const painter = new CellPainter();
    painter.setCells([
      { ...place, azimuth: 0 },
      { ...place, azimuth: 120 },
      { lon: 120, lat: 30, azimuth: null },
      { lon: null, lat: null, azimuth: null },
      { ...place, azimuth: 240 },
    ]);
    painter.setView(view);
    painter.setCounts(Uint32Array.of(1200, 5, 9, 9, 0), null, scaleOf(1));
    const context = new Recorder();
    expect(painter.paint(context as unknown as CellContext)).toBe(3);
    expect(context.fills).toEqual([classColours[zeroClass], classColours[firstClass], classColours[classCount - 1]]);
    expect(painter.unplaced).toBe(1);
  });

  test('draws unknown and hidden cells hollow', () => {
    const painter = new CellPainter();
    painter.setCells([
      { ...place, azimuth: 0 },
      { ...place, azimuth: 120 },
    ]);
    painter.setView(view);
    painter.setCounts(Uint32Array.of(unknownCount, hiddenCount), null, scaleOf(1));
    const context = new Recorder();
    painter.paint(context as unknown as CellContext);
    expect(context.fills).toEqual([]);
    expect(context.strokes).toEqual([classColours[unknownClass], classColours[hiddenClass]]);
  });

  test('repaints nothing when no cell has changed its class', () => {
    const painter = new CellPainter();
    painter.setCells([{ ...place, azimuth: 0 }]);
    painter.setView(view);
    painter.setCounts(Uint32Array.of(12), null, scaleOf(1));
    painter.paint(new Recorder() as unknown as CellContext);
    expect(painter.setCounts(Uint32Array.of(15), Uint32Array.of(0), scaleOf(1))).toBe(false);
    expect(painter.paint(new Recorder() as unknown as CellContext)).toBe(0);
  });

  test('repaints only the neighbourhood of a changed cell', () => {
    const { cells } = fakeLayout({
      seed: 4,
      cells: 2000,
      positions: true,
      regions: false,
      minCount: 0,
      title: '',
      schematic: null,
    });
    const wide = viewAt(113.3, 23.125, 12.8);
    const painter = new CellPainter();
    painter.setCells(cells);
    painter.setView(wide);
    const present = new Uint32Array(cells.length).fill(30);
    painter.setCounts(present, null, scaleOf(1));
    const whole = painter.paint(new Recorder() as unknown as CellContext);
    const cell = cells.findIndex((c) => Math.hypot(c.lon! - 113.3, c.lat! - 23.125) < 0.02);
    present[cell] = 700;
    expect(painter.setCounts(present, Uint32Array.of(cell), scaleOf(1))).toBe(true);
    const context = new Recorder();
    const some = painter.paint(context as unknown as CellContext);
    expect(context.clips).toBe(1);
    expect(context.fills).toContain(classColours[classOf(700, scaleOf(1))]);
    expect(some).toBeLessThan(whole / 10);
    const x = toX(cells[cell]!.lon!, wide);
    const y = toY(cells[cell]!.lat!, wide);
    expect(context.cleared.some(([x0, y0, w, h]) => x >= x0! && x < x0! + w! && y >= y0! && y < y0! + h!)).toBe(true);
  });

  test('finds the sector under a point by its azimuth', () => {
    const painter = new CellPainter();
    painter.setCells([
      { ...place, azimuth: 0 },
      { ...place, azimuth: 120 },
      { ...place, azimuth: 240 },
    ]);
    painter.setView(view);
    painter.setCounts(Uint32Array.of(50, 50, 50), null, scaleOf(1));
    const at = (degrees: number, r: number) =>
      painter.hit(500 + r * Math.sin((degrees * Math.PI) / 180), 400 - r * Math.cos((degrees * Math.PI) / 180));
    expect([0, 120, 240, 25, 140].map((degrees) => at(degrees, 15))).toEqual([0, 1, 2, 0, 1]);
    expect(at(60, 15)).toBe(-1);
    expect(at(0, 200)).toBe(-1);
  });
});

describe('the projection', () => {
  test('is Web Mercator', () => {
    // Tile 0/0/0 is the world; 180° W is its left edge, 85.0511° N its upper one.
    expect(worldX(-180)).toBe(0);
    expect(worldY(85.0511287798)).toBeCloseTo(0, 9);
    expect(worldY(0)).toBe(0.5);
  });

  test('knows the metres of a pixel', () => {
    // 156,543.03 m/px at zoom 0 on the equator, times the cosine of the latitude.
    expect(metresPerPx(viewAt(113, 23.1, 10))).toBeCloseTo((156_543.03 / 1024) * Math.cos((23.1 * Math.PI) / 180), 0);
  });

  test('opens with the core of the cells and the venue', () => {
    const lons = Array.from({ length: 101 }, (_, k) => 113 + k / 100);
    const lats = lons.map((lon) => lon - 90);
    const venue = { west: 112.9, east: 112.91, south: 23.5, north: 23.6 };
    expect(coreBox(lons, lats, null)).toEqual({ west: 113.2, east: 113.8, south: lats[20], north: lats[80] });
    expect(coreBox(lons, lats, venue)!.west).toBe(112.9);
    expect(coreBox([], [], null)).toBeNull();
  });
});
