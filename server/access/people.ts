import { hiddenCount, type PeopleRow, peopleInflowMs, unknownCount } from '../../shared/protocol.ts';
import { firstAlertShare, timeTo } from '../estimate/capacity.ts';
import type { RegionEstimate } from '../estimate/region-estimates.ts';
import { blurNext } from './blur.ts';

/** Estimates by place in the layout, null where one is unknown; null as a whole: none are made. */
export type Estimates = readonly (RegionEstimate | null)[] | null;

/** Estimates are rounded to so many people, or to what ten devices stand for where that is more. */
const peopleStep = 50;
const devicesStep = 10;
/** Part of a step by which a figure must be off before it changes. */
const hysteresis = 0.8;

/** What was published of a region last, and the devices that were counted in it, blurred. */
interface Published {
  devices: number;
  row: PeopleRow | null;
}

/**
 * People estimates as they may be shown. An exact estimate over a known share gives the exact devices, so it is hidden
 * where they are, rounded as coarsely, and what follows from it is computed from what is shown.
 */
export class PeopleExit {
  /** Another array when anything may have changed. */
  rows: readonly PeopleRow[] | null = null;
  readonly #minCount: number;
  #published: Published[] = [];
  #last: Estimates = null;

  constructor(minCount: number) {
    this.#minCount = minCount;
  }

  /** The places mean other regions from here on. */
  clear(): void {
    this.#published = [];
    this.#last = null;
    this.rows = null;
  }

  /** Takes over what is estimated now, of the first so many places. The caller sees to it that it is not too often. */
  publish(estimates: Estimates, regions: number): void {
    if (estimates === this.#last) return;
    this.#last = estimates;
    if (estimates === null) {
      this.clear();
      return;
    }
    const rows: PeopleRow[] = [];
    for (const [region, estimate] of estimates.slice(0, regions).entries()) {
      const before = this.#published[region] ?? { devices: unknownCount, row: null };
      const devices = estimate === null ? unknownCount : blurNext(before.devices, estimate.devices, this.#minCount);
      const row = estimate === null ? null : this.#row(region, estimate, devices, before.row);
      this.#published[region] = { devices, row };
      if (row !== null) rows.push(row);
    }
    this.rows = rows;
  }

  #row(region: number, estimate: RegionEstimate, devices: number, before: PeopleRow | null): PeopleRow {
    const { people, factor, capacity, inflow } = estimate;
    const head = { region, calibrated: factor !== 1 };
    const flow = inflow === null ? null : inflow * peopleInflowMs * 1000;
    if (this.#minCount === 0) {
      return {
        ...head,
        people: Math.round(people.people),
        low: Math.round(people.low),
        high: Math.round(people.high),
        inflow: flow === null ? null : Math.round(flow),
        toFirstAlertMs: inMs(estimate.toFirstAlertUs),
        toCapacityMs: inMs(estimate.toCapacityUs),
      };
    }
    if (devices === hiddenCount || devices === 0) {
      // That nobody is seen is shown, and what may go unseen follows from the shares alone.
      const high = devices === 0 ? Math.ceil(people.high / peopleStep) * peopleStep : devices;
      const none = { people: devices, low: devices, high };
      return { ...head, ...none, inflow: null, toFirstAlertMs: null, toCapacityMs: null };
    }
    const step = stepOf(people.people / estimate.devices);
    const near = before === null || before.people === hiddenCount ? null : before;
    const shown = Math.max(step, stepped(near?.people ?? null, people.people, step));
    const shownFlow = flow === null ? null : stepped(near?.inflow ?? null, flow, step);
    const timeUntil = (share: number) => {
      if (capacity === null) return null;
      return inMs(timeTo(share * capacity.limit, shown, shownFlow === null ? null : shownFlow / peopleInflowMs / 1000));
    };
    return {
      ...head,
      people: shown,
      low: Math.min(shown, stepped(near?.low ?? null, people.low, step)),
      high: Math.max(shown, stepped(near?.high ?? null, people.high, step)),
      inflow: shownFlow,
      toFirstAlertMs: timeUntil(firstAlertShare),
      toCapacityMs: timeUntil(1),
    };
  }
}

/** Doubled until ten devices fit in: it tells next to nothing of the exact ratio. */
function stepOf(peoplePerDevice: number): number {
  let step = peopleStep;
  while (step < devicesStep * peoplePerDevice) step *= 2;
  return step;
}

function stepped(before: number | null, value: number, step: number): number {
  if (before !== null && Math.abs(value - before) < hysteresis * step) return before;
  return Math.round(value / step) * step;
}

function inMs(us: number | null): number | null {
  return us === null ? null : Math.round(us / 1000);
}
