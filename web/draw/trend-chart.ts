import { Chart, Filler, LinearScale, LineController, LineElement, PointElement } from 'chart.js';
import { formatAxis } from '../parts/format.ts';
import { formatHourMinute } from '../parts/time.ts';
import { fontStack } from './base-painter.ts';

Chart.register(LineController, LineElement, PointElement, LinearScale, Filler);

export interface TrendPoint {
  x: number;
  y: number | null;
}

const hourUs = 3_600_000_000;
const line = '#4cc9f0';
const area = 'rgba(76, 201, 240, 0.18)';
const mutedLine = '#7f93b2';
const capacityLine = '#ffb347';
const editLine = '#d9a7ff';
const grid = 'rgba(148, 170, 205, 0.14)';
const tick = '#a9b8cf';

/**
 * The trend of one region: an area with time below and, where it is near, the capacity as a dashed line. Animation,
 * parsing, points and events are off: at one update a second these cost 27 times the drawing itself.
 */
export class TrendChart {
  readonly #chart: Chart<'line', TrendPoint[]>;
  #zone = 'UTC';

  constructor(canvas: HTMLCanvasElement, rem: number) {
    const font = { family: fontStack, size: rem };
    this.#chart = new Chart<'line', TrendPoint[]>(canvas, {
      type: 'line',
      data: {
        datasets: [
          {
            data: [],
            borderColor: line,
            backgroundColor: area,
            borderWidth: rem * 0.13,
            fill: 'origin',
            spanGaps: false,
          },
          { data: [], borderColor: capacityLine, borderWidth: rem * 0.1, borderDash: [rem * 0.5, rem * 0.4] },
          { data: [], borderColor: editLine, borderWidth: rem * 0.13, borderDash: [rem * 0.2, rem * 0.25] },
        ],
      },
      options: {
        animation: false,
        parsing: false,
        normalized: true,
        events: [],
        responsive: true,
        maintainAspectRatio: false,
        elements: { point: { radius: 0 } },
        layout: { padding: { top: rem * 0.3, right: rem * 0.2 } },
        scales: {
          x: {
            type: 'linear',
            grid: { color: grid, tickLength: 0 },
            border: { color: grid },
            afterBuildTicks: (axis) => {
              const most = Math.max(2, Math.floor(axis.maxWidth / (labelRem * rem)));
              axis.ticks = clockTicks(axis.min, axis.max, most).map((value) => ({ value }));
            },
            ticks: {
              color: tick,
              font,
              maxRotation: 0,
              padding: rem * 0.3,
              callback: (value) => formatHourMinute(Number(value), this.#zone),
            },
          },
          y: {
            beginAtZero: true,
            grid: { color: grid, tickLength: 0 },
            border: { display: false },
            ticks: {
              color: tick,
              font,
              maxTicksLimit: 5,
              padding: rem * 0.4,
              precision: 0,
              callback: (value) => formatAxis(Number(value)),
            },
          },
        },
      },
    });
  }

  /**
   * Shows `points` over the `hours` before the newest one, hours of the clock as grid; dashed and grey if `muted`. An
   * upright line at each of `edits`: before it the figures are of other cells.
   */
  update(
    points: TrendPoint[],
    capacity: number | null,
    hours: number,
    zone: string,
    muted: boolean,
    edits: readonly number[],
  ): void {
    this.#zone = zone;
    const end = points.at(-1)?.x ?? 0;
    // As long as there is less than an hour, that hour fills the chart; then it grows to the full span.
    const start = Math.max(end - hours * hourUs, Math.min(points[0]?.x ?? 0, end - hourUs));
    const [present, limit, changes] = this.#chart.data.datasets;
    Object.assign(present!, {
      data: points,
      borderColor: muted ? mutedLine : line,
      backgroundColor: muted ? 'transparent' : area,
      borderDash: muted ? [4, 4] : [],
    });
    limit!.data =
      capacity === null || !worthALine(points, capacity)
        ? []
        : [
            { x: start, y: capacity },
            { x: end, y: capacity },
          ];
    changes!.data = editLines(edits, start, end, Math.max(1, ...points.map(({ y }) => y ?? 0)));
    const x = this.#chart.options.scales!.x!;
    x.min = start;
    x.max = end;
    this.#chart.update('none');
  }

  destroy(): void {
    this.#chart.destroy();
  }
}

/** Whether the capacity belongs into the picture: far above the figures it would press them to the ground. */
export function worthALine(points: readonly TrendPoint[], capacity: number): boolean {
  return points.some(({ y }) => y !== null && y >= 0.4 * capacity);
}

/** Upright lines of the height at those of the times that lie between two, with a gap behind each. */
export function editLines(edits: readonly number[], fromUs: number, toUs: number, height: number): TrendPoint[] {
  const seen = edits.filter((us) => us > fromUs && us < toUs);
  return seen.flatMap((x) => [
    { x, y: 0 },
    { x, y: height },
    { x, y: null },
  ]);
}

/** Room of a time below the chart. */
const labelRem = 3.4;
const stepsUs = [hourUs / 4, hourUs / 2, hourUs, 2 * hourUs, 3 * hourUs];

/**
 * Round times between two, about `most` at most: whole hours, or quarters of an hour where there are few. Whole hours
 * of UTC+n are too.
 */
export function clockTicks(fromUs: number, toUs: number, most: number): number[] {
  const span = toUs - fromUs;
  const fine = span > 2.5 * hourUs ? hourUs : hourUs / 4;
  const stepUs = stepsUs.find((us) => us >= fine && span / us <= most) ?? stepsUs.at(-1)!;
  const ticks: number[] = [];
  for (let t = Math.ceil(fromUs / stepUs) * stepUs; t <= toUs; t += stepUs) ticks.push(t);
  return ticks;
}
