import { hiddenCount, unknownCount } from '../../shared/protocol.ts';
import {
  type TrafficAnswer,
  type TrafficColumn,
  type TrafficFigures,
  trafficClasses,
  trafficColumns,
} from '../../shared/traffic.ts';
import { type Outcome, outcomeCode, outcomes } from '../events/kinds.ts';
import type { AreaTraffic, TrafficView } from '../occupancy/view.ts';
import { blurNext, blurOnce } from './blur.ts';
import { jsonFigure } from './json-figure.ts';

const classCount = trafficClasses.length;

/** Traffic of the window as screens get it: the city first, then the layout's regions; a row has a column a class. */
export interface ShownTraffic {
  readonly fromUs: number;
  readonly toUs: number;
  readonly columns: Readonly<Record<TrafficColumn, Uint32Array>>;
}

const outcomesOf: Partial<Record<TrafficColumn, readonly Outcome[]>> = {
  units: outcomes,
  failed: ['rejected', 'failed'],
  unanswered: ['unanswered'],
  dropped: ['dropped'],
};

/** The traffic that screens see; the same object until it changes. */
export class TrafficExit {
  /** null: nothing has been counted yet. */
  shown: ShownTraffic | null = null;
  readonly #minCount: number;
  #revision = -1;

  constructor(minCount: number) {
    this.#minCount = minCount;
  }

  /** The places mean other regions. */
  clear(): void {
    this.shown = null;
    this.#revision = -1;
  }

  /** @param regions of the layout; those that the engine does not know yet are unknown */
  update(view: TrafficView, regions: number): void {
    if (view.toUs === 0 || view.revision === this.#revision) return;
    this.#revision = view.revision;
    const before = this.shown;
    const exact = view.window();
    const rows = 1 + regions;
    const columns = {} as Record<TrafficColumn, Uint32Array>;
    for (const name of trafficColumns) {
      const column = new Uint32Array(rows * classCount).fill(unknownCount);
      const known = Math.min(column.length, exact.ms.length);
      for (let at = 0; at < known; at++) {
        const units = outcomesOf[name];
        if (units !== undefined) {
          const published = before?.columns[name][at] ?? unknownCount;
          column[at] = blurNext(published, unitsAt(exact, at, units), this.#minCount);
        } else column[at] = secondsShown(exact.ms[at], columns.units[at], this.#minCount, before?.columns[name][at]);
      }
      columns[name] = column;
    }
    this.shown = { fromUs: view.fromUs, toUs: view.toUs, columns };
  }
}

/** Of an area as the API answers it. The open interval moves every second: nobody who may not see exact counts sees it. */
export function publishTraffic(
  view: TrafficView,
  of: { name: string; window: AreaTraffic; now: AreaTraffic },
  minCount: number,
): TrafficAnswer {
  const { fromUs, toUs } = view;
  const window = figuresOf(of.window, minCount);
  return { of: of.name, fromUs, toUs, window, open: minCount > 0 ? null : figuresOf(of.now, minCount) };
}

/** One area's row of several. */
export function rowOfTraffic(traffic: AreaTraffic, row: number): AreaTraffic {
  const width = classCount * outcomes.length;
  return {
    units: traffic.units.subarray(row * width, (row + 1) * width),
    ms: traffic.ms.subarray(row * classCount, (row + 1) * classCount),
  };
}

/** Classes without a unit are left out. */
function figuresOf(row: AreaTraffic, minCount: number): TrafficAnswer['window'] {
  const figures: TrafficAnswer['window'] = {};
  for (const [at, name] of trafficClasses.entries()) {
    const units = unitsAt(row, at, outcomes);
    if (units === 0) continue;
    const shown = blurOnce(units, minCount);
    const own = outcomes.map((outcome): [Outcome, number | null] => {
      return [outcome, jsonFigure(blurOnce(unitsAt(row, at, [outcome]), minCount))];
    });
    const seconds = jsonFigure(secondsShown(row.ms[at], shown, minCount));
    figures[name] = { units: jsonFigure(shown), seconds, ...(Object.fromEntries(own) as TrafficOutcomes) };
  }
  return figures;
}

type TrafficOutcomes = Omit<TrafficFigures, 'units' | 'seconds'>;

function unitsAt({ units }: AreaTraffic, at: number, which: readonly Outcome[]): number {
  let sum = 0;
  for (const outcome of which) sum += units[at * outcomes.length + outcomeCode[outcome]];
  return sum;
}

/**
 * How long so few have talked is hidden as they are. Where figures are not exact, whole minutes are shown as a count is:
 * to the second, the sum would tell by how much one known call has raised it.
 */
function secondsShown(ms: number, units: number, minCount: number, published: number = unknownCount): number {
  if (units === hiddenCount || units === unknownCount) return units;
  if (minCount === 0) return Math.min(Math.round(ms / 1000), hiddenCount - 1);
  const before = published < hiddenCount ? published / 60 : published;
  const minutes = blurNext(before, Math.round(ms / 60_000), minCount);
  // Above zero, but less than half a minute: no more is known than that it is little.
  if (minutes === 0 && ms > 0) return hiddenCount;
  return minutes < hiddenCount ? Math.min(minutes * 60, hiddenCount - 1) : minutes;
}
