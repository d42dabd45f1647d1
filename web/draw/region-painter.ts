import type { LayoutRegion } from '../../shared/protocol.ts';
import { fontStack } from './base-painter.ts';
import { boxOf, toX, toY, type View } from './projection.ts';

export const regionColours = {
  venue: '#ffd166',
  chosen: '#7fdbff',
  other: '#9fb4d6',
  plate: 'rgba(5, 12, 24, 0.78)',
  text: '#eaf1fb',
} as const;

/** Labels on the map at most: more would hide the cells. */
const labelsMax = 12;

interface Outline {
  readonly place: number;
  readonly region: LayoutRegion;
  /** The venue that the wall is about. */
  readonly main: boolean;
  /** x, y pairs per ring, px of the view. */
  rings: Float32Array[];
  centreX: number;
  top: number;
  bottom: number;
  width: number;
}

interface Label {
  readonly outline: Outline;
  x: number;
  y: number;
  width: number;
}

/**
 * Outlines of the micro-regions with name and count above the cells; the venue prominent. Which labels are shown is
 * decided by {@link place} only (on a new view, choice or page of figures), so that they don't jump each second.
 */
export class RegionPainter {
  #outlines: Outline[] = [];
  #labels: Label[] = [];
  #view: View | null = null;

  /** `main`: place of the venue that the wall is about, drawn prominently; -1 for none. */
  setRegions(regions: readonly LayoutRegion[], main: number): void {
    this.#outlines = regions.flatMap((region, place) =>
      region.polygons === null
        ? []
        : [{ place, region, main: place === main, rings: [], centreX: 0, top: 0, bottom: 0, width: 0 }],
    );
    this.#labels = [];
    if (this.#view !== null) this.setView(this.#view);
  }

  setView(view: View): void {
    this.#view = view;
    for (const outline of this.#outlines) {
      outline.rings = outline.region.polygons!.flatMap((polygon) =>
        polygon.map((ring) => {
          const xy = new Float32Array(2 * ring.length);
          ring.forEach(([lon, lat], k) => {
            xy[2 * k] = toX(lon, view);
            xy[2 * k + 1] = toY(lat, view);
          });
          return xy;
        }),
      );
      const box = boxOf(outline.region.polygons);
      if (box === null) continue;
      outline.centreX = (toX(box.west, view) + toX(box.east, view)) / 2;
      outline.width = toX(box.east, view) - toX(box.west, view);
      outline.top = toY(box.north, view);
      outline.bottom = toY(box.south, view);
    }
  }

  /** Chooses the labels: venue and chosen region first, then by `weight`; none overlaps another or leaves the view. */
  place(
    chosen: number,
    weight: (place: number) => number,
    measure: (text: string) => number,
    margin: { left: number; top: number; right: number; bottom: number },
  ): void {
    const view = this.#view;
    this.#labels = [];
    if (view === null) return;
    const rank = (o: Outline) => (o.main ? 4 : 0) + (o.place === chosen ? 2 : 0) + (o.region.kind === 'venue' ? 1 : 0);
    const order = this.#outlines.toSorted(
      (a, b) => rank(b) - rank(a) || weight(b.place) - weight(a.place) || a.place - b.place,
    );
    const taken: { x0: number; x1: number; y0: number; y1: number }[] = [];
    const main = order.find((outline) => outline.main);
    // What the crowd in and around the venue looks like must not be hidden by names.
    const clear = 2.2 * view.rem;
    if (main !== undefined) {
      const half = main.width / 2 + clear;
      const around = {
        x0: main.centreX - half,
        x1: main.centreX + half,
        y0: main.top - clear,
        y1: main.bottom + clear,
      };
      taken.push(around);
    }
    for (const outline of order) {
      if (this.#labels.length >= labelsMax) break;
      const height = labelHeight(outline, view.rem);
      const width = Math.max(measure(outline.region.name), 4.2 * view.rem) + 1.1 * view.rem;
      const gap = outline.main ? clear : 0.3 * view.rem;
      for (const y of [outline.top - height - gap, outline.bottom + gap]) {
        const box = { x0: outline.centreX - width / 2, x1: outline.centreX + width / 2, y0: y, y1: y + height };
        if (box.x0 < margin.left || box.x1 > view.width - margin.right) continue;
        if (box.y0 < margin.top || box.y1 > view.height - margin.bottom) continue;
        if (taken.some((t) => box.x0 < t.x1 && box.x1 > t.x0 && box.y0 < t.y1 && box.y1 > t.y0)) continue;
        taken.push(box);
        this.#labels.push({ outline, x: outline.centreX, y, width });
        break;
      }
    }
  }

  /** Paints outlines and labels onto a cleared canvas; `text` gives the count of a region. */
  paint(context: CanvasRenderingContext2D, chosen: number, text: (place: number) => string): void {
    const view = this.#view;
    if (view === null) return;
    context.lineJoin = 'round';
    for (const outline of this.#outlines) paintOutline(context, outline, outline.place === chosen, view.rem);
    for (const label of this.#labels) {
      paintLabel(context, label, text(label.outline.place), label.outline.place === chosen, view.rem);
    }
  }

  /** The smallest region around a point of the canvas (even-odd, so holes are out), -1 for none. */
  hit(x: number, y: number): number {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (const { rings, width, place } of this.#outlines) {
      if (width < least && inside(rings, x, y)) {
        best = place;
        least = width;
      }
    }
    return best;
  }
}

function inside(rings: readonly Float32Array[], x: number, y: number): boolean {
  let odd = false;
  for (const xy of rings) {
    for (let k = 0, j = xy.length - 2; k < xy.length; j = k, k += 2) {
      const ay = xy[k + 1]!;
      const by = xy[j + 1]!;
      if (ay > y === by > y) continue;
      if (x < xy[k]! + ((y - ay) / (by - ay)) * (xy[j]! - xy[k]!)) odd = !odd;
    }
  }
  return odd;
}

function labelHeight(outline: Outline, rem: number): number {
  return (outline.main ? 3.15 : 2.5) * rem;
}

function paintOutline(context: CanvasRenderingContext2D, outline: Outline, chosen: boolean, rem: number): void {
  const { main } = outline;
  const gold = outline.region.kind === 'venue';
  context.beginPath();
  for (const xy of outline.rings) {
    for (let k = 0; k < xy.length; k += 2) {
      if (k === 0) context.moveTo(xy[k]!, xy[k + 1]!);
      else context.lineTo(xy[k]!, xy[k + 1]!);
    }
    context.closePath();
  }
  // A dark rim first: the line is seen on bright cells too.
  context.strokeStyle = 'rgba(5, 12, 24, 0.8)';
  context.lineWidth = (main ? 0.55 : chosen ? 0.42 : 0.26) * rem;
  context.stroke();
  context.strokeStyle = gold ? regionColours.venue : chosen ? regionColours.chosen : regionColours.other;
  context.globalAlpha = main || chosen ? 1 : 0.8;
  context.lineWidth = (main ? 0.23 : chosen ? 0.17 : 0.085) * rem;
  context.stroke();
  context.globalAlpha = 1;
}

function paintLabel(context: CanvasRenderingContext2D, label: Label, text: string, chosen: boolean, rem: number): void {
  const { region, main } = label.outline;
  const height = labelHeight(label.outline, rem);
  const colour = main ? regionColours.venue : chosen ? regionColours.chosen : regionColours.text;
  context.fillStyle = regionColours.plate;
  context.beginPath();
  context.roundRect(label.x - label.width / 2, label.y, label.width, height, 0.25 * rem);
  context.fill();
  if (main || chosen) {
    context.strokeStyle = colour;
    context.lineWidth = 0.07 * rem;
    context.stroke();
  }
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = main || chosen ? colour : '#b9c7de';
  context.font = `${main ? 600 : 500} ${labelNameRem(main) * rem}px ${fontStack}`;
  context.fillText(region.name, label.x, label.y + height * 0.29, label.width - 0.4 * rem);
  context.fillStyle = colour;
  context.font = `700 ${(main ? 1.45 : 1.12) * rem}px ${fontStack}`;
  context.fillText(text, label.x, label.y + height * 0.71);
}

/** Size of a label's name, rem. */
export function labelNameRem(main: boolean): number {
  return main ? 1.15 : 0.98;
}
