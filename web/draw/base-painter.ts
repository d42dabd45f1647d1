import type { Schematic } from '../../shared/protocol.ts';
import { metresPerPx, toX, toY, type View } from './projection.ts';

export type BaseContext = Pick<
  CanvasRenderingContext2D,
  | 'clearRect'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'quadraticCurveTo'
  | 'stroke'
  | 'fillText'
  | 'strokeText'
  | 'strokeStyle'
  | 'fillStyle'
  | 'lineWidth'
  | 'lineJoin'
  | 'lineCap'
  | 'font'
  | 'textAlign'
  | 'textBaseline'
  | 'letterSpacing'
>;

export const mapColours = {
  river: '#12395c',
  roadCasing: '#22385a',
  roadFill: '#0b1628',
  label: '#93a6c4',
} as const;

/** Half-widths of roads by class, in rem, casing and core. */
const roadRem = [0, 0.1, 0.17, 0.22];

export const fontStack = `'Inter','Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans SC','Noto Sans CJK SC',sans-serif`;

/** Draws the schematic city: river and roads, in quiet colours under the cells. */
export function paintSchematic(context: BaseContext, schematic: Schematic, view: View): void {
  context.clearRect(0, 0, view.width, view.height);
  context.lineJoin = 'round';
  context.lineCap = 'round';
  const perM = 1 / metresPerPx(view);
  context.strokeStyle = mapColours.river;
  for (const river of schematic.river) {
    context.lineWidth = Math.max(0.2 * view.rem, river.w * perM);
    curve(context, river.p, view);
  }
  for (const [colour, grow] of [
    [mapColours.roadCasing, 1],
    [mapColours.roadFill, 0.5],
  ] as const) {
    context.strokeStyle = colour;
    for (const road of schematic.road) {
      context.lineWidth = (roadRem[road.c] ?? roadRem[1]!) * view.rem * grow;
      curve(context, road.p, view);
    }
  }
}

/** District names: above the cells, with a dark rim so that they are read on any colour. */
export function paintDistricts(context: BaseContext, schematic: Schematic, view: View): void {
  context.lineJoin = 'round';
  context.fillStyle = mapColours.label;
  context.strokeStyle = 'rgba(5, 12, 24, 0.85)';
  context.lineWidth = 0.28 * view.rem;
  context.font = `500 ${1.15 * view.rem}px ${fontStack}`;
  context.letterSpacing = `${0.28 * view.rem}px`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const label of schematic.label) {
    const x = toX(label.lon, view);
    const y = toY(label.lat, view);
    context.strokeText(label.name, x, y);
    context.fillText(label.name, x, y);
  }
  context.letterSpacing = '0px';
}

/** A smooth line through the points: quadratic pieces between the midpoints. */
function curve(context: BaseContext, points: readonly (readonly [number, number])[], view: View): void {
  if (points.length < 2) return;
  const x = (k: number) => toX(points[k]![0], view);
  const y = (k: number) => toY(points[k]![1], view);
  context.beginPath();
  context.moveTo(x(0), y(0));
  for (let k = 1; k < points.length - 1; k++) {
    context.quadraticCurveTo(x(k), y(k), (x(k) + x(k + 1)) / 2, (y(k) + y(k + 1)) / 2);
  }
  context.lineTo(x(points.length - 1), y(points.length - 1));
  context.stroke();
}
