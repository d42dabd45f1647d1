import { hiddenCount } from '../../shared/protocol.ts';

export type SparkContext = Pick<
  CanvasRenderingContext2D,
  'clearRect' | 'beginPath' | 'moveTo' | 'lineTo' | 'closePath' | 'fill' | 'stroke' | 'arc'
> & { fillStyle: unknown; strokeStyle: unknown; lineWidth: number; lineJoin: CanvasLineJoin };

/**
 * A small line of the last intervals over its own range, from zero when zero is near. Unknown and hidden values are
 * gaps. `width` and `height` in px of the context; `line` is the width of the stroke.
 */
export function paintSparkline(
  context: SparkContext,
  values: ArrayLike<number>,
  size: { width: number; height: number; line: number },
  colour: string,
): void {
  const { width, height, line } = size;
  context.clearRect(0, 0, width, height);
  const range = rangeOf(values);
  if (range === null) return;
  const [low, high] = range;
  const pad = line * 1.5;
  const x = (k: number) => pad + ((width - 2 * pad) * k) / Math.max(1, values.length - 1);
  const y = (v: number) => height - pad - ((height - 2 * pad) * (v - low)) / Math.max(1, high - low);
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = line;
  context.lineJoin = 'round';
  context.beginPath();
  let drawing = false;
  let last = -1;
  for (let k = 0; k < values.length; k++) {
    const v = values[k]!;
    if (v >= hiddenCount) {
      drawing = false;
      continue;
    }
    if (drawing) context.lineTo(x(k), y(v));
    else context.moveTo(x(k), y(v));
    drawing = true;
    last = k;
  }
  context.stroke();
  if (last < 0) return;
  context.beginPath();
  context.arc(x(last), y(values[last]!), line * 1.4, 0, 2 * Math.PI);
  context.fill();
}

/** A line's own range is at least this share of its height above zero, and this many subscribers: noise stays small. */
const spanShareMin = 0.05;
const spanMin = 4;

/** Lowest and highest count to draw; zero is taken in when the low is less than half of the high. Null without any count. */
export function rangeOf(values: ArrayLike<number>): [number, number] | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < values.length; k++) {
    const v = values[k]!;
    if (v >= hiddenCount) continue;
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (low > high) return null;
  if (low < high / 2) low = 0;
  const lacking = Math.max(0, Math.max(spanMin, high * spanShareMin) - (high - low)) / 2;
  const foot = Math.max(0, low - lacking);
  return [foot, high + lacking + (foot - low + lacking)];
}
