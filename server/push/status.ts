import {
  type FeedStatus,
  hiddenCount,
  type JournalStatus,
  type StoreStatus,
  unknownCount,
  type WallStatus,
} from '../../shared/protocol.ts';
import type { FigureExit } from '../access/exit.ts';
import type { LiveView } from '../occupancy/view.ts';
import { linksOf } from './links.ts';

/** What the composition root adds to the engine's view: states of the machinery, no figures about people. */
export interface MachineStatus {
  feeds: FeedStatus[];
  store: StoreStatus;
  /** Absent: there is none. */
  journal?: JournalStatus;
  unknownCells: number;
  eventsPerS: number;
  /** As in {@link WallStatus}; absent: not known. */
  storedUs?: number;
}

/** Cells named in the status by count, for the list of cells without a position. */
const topCellsMax = 50;

/** The status of one frame. Counts of people come from `exit`; `view` gives the states of the pipeline only. */
export function makeStatus(exit: FigureExit, view: LiveView, machine: MachineStatus, wallUs: number): WallStatus {
  const events = view.resolvedEvents + view.unresolvedEvents;
  return {
    eventUs: view.clockUs,
    wallUs,
    ...exit.totals,
    resolvedShare: events === 0 ? -1 : view.resolvedEvents / events,
    cellsHeardShare: view.cellsHeardShare,
    ...linksOf(machine.feeds),
    unknownCells: machine.unknownCells,
    lateEvents: view.lateEvents,
    eventsPerS: machine.eventsPerS,
    origins: exit.origins,
    topCells: topCells(exit.cellPresent, topCellsMax),
    feeds: machine.feeds,
    store: machine.store,
    journal: machine.journal ?? null,
    warmingUp: view.warmingUp,
    wholeFromUs: view.wholeFromUs,
    storedUs: machine.storedUs ?? null,
    minCount: exit.minCount,
  };
}

/**
 * The `max` largest published counts as [place, count], largest first, then by place. Of published counts, not exact
 * ones, so that the order tells nothing that the figures don't.
 */
function topCells(published: Uint32Array, max: number): [number, number][] {
  const top: [number, number][] = [];
  let least = 0;
  for (let place = 0; place < published.length; place++) {
    const count = published[place]!;
    if (count <= least || count === unknownCount || count === hiddenCount) continue;
    let at = top.length;
    while (at > 0 && top[at - 1]![1] < count) at--;
    top.splice(at, 0, [place, count]);
    if (top.length > max) top.pop();
    if (top.length === max) least = top[max - 1]![1];
  }
  return top;
}
