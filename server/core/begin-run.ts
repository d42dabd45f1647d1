import type { Clock } from '../clock.ts';
import { UserError } from '../errors.ts';
import type { FeedPosition } from '../events/feed-position.ts';
import type { LogRecord } from '../journal/records.ts';
import type { Log } from '../log.ts';
import type { CellInfo } from '../reference/cell-registry.ts';
import type { Region } from '../reference/read-regions.ts';
import type { Core } from './core.ts';
import type { EventLog } from './event-log.ts';
import { changedBetween } from './fingerprint.ts';
import { digestOf, feedsMax, type LogState } from './log-state.ts';

/** Cells of one record: it stays far below what a record may hold. */
const cellsAtOnce = 5000;

/** What is known outside the log when the server starts. */
export interface RunStart {
  /** Cells that the database holds, by ascending id. */
  readonly stored: readonly { readonly id: number; readonly cell: CellInfo }[];
  /** Feeds whose rows it holds, and of which journal they are; for a journal that begins. */
  readonly positions: readonly FeedPosition[];
  readonly after: string | null;
  /** The cell list; null: cells are known as they turn up. */
  readonly cells: readonly CellInfo[] | null;
  /** Null: none are brought, and what is there stands. */
  readonly regions: readonly Region[] | null;
  /** Of this run's feeds. */
  readonly feeds: readonly FeedPosition[];
  readonly historyFromUs: number | null;
}

/**
 * The feed's position among those known; another feed is at its beginning, and gets the next number, or that of a feed
 * that is over.
 *
 * @param over whether a feed has ended long ago: nobody present was seen by it, and it is not given again
 */
export function positionOf(
  known: ReadonlyMap<string, FeedPosition>,
  identity: string,
  over: (position: FeedPosition) => boolean = () => false,
): FeedPosition {
  const position = known.get(identity);
  if (position !== undefined) return { ...position };
  let number = [...known.values()].reduce((next, one) => Math.max(next, one.number + 1), 0);
  if (number >= feedsMax) {
    const oldest = [...known.values()].filter(over).sort((a, b) => a.eventUs - b.eventUs)[0];
    if (oldest === undefined) {
      throw new UserError(
        'FEEDS_TOO_MANY',
        `this data folder knows ${feedsMax} feeds, none of them a file that ended three days ago: give fewer feeds at a time, or start with another --data DIR`,
      );
    }
    number = oldest.number;
  }
  return { number, identity, epoch: 0, seq: 0, eventUs: -1, clockUs: -1, firstUs: -1 };
}

/**
 * Writes into the log what this start brings, and has it applied: cells, micro-regions, feeds, and whether counting
 * begins anew.
 */
export async function beginRun(core: Core, records: EventLog, clock: Clock, log: Log, start: RunStart): Promise<void> {
  const append = (record: LogRecord) => core.whenApplied(records.append(record));
  const { state } = core;
  const isFirst = state.fingerprint === '';
  if (isFirst) await appendCells(append, start.stored, false);
  else refuseOtherCells(state, start.stored);
  const regions = start.regions !== null && bringsOthers(state, start.regions) ? start.regions : null;
  if (regions === null && start.cells !== null) refuseUnlistedCells(state, start.cells);
  await appendListed(append, state, start.cells ?? []);
  if (regions !== null) {
    tellLostEdits(state, regions, log);
    await append({ k: 'regions', regions, version: state.regionsVersion + 1 });
  } else if (isEdited(state))
    log('info', 'The micro-regions are as they were edited while the server ran; a start with others sets those');
  const fresh = !core.goesOn;
  if (!isFirst) tellChange(core, fresh, log);
  await append({
    k: 'run',
    wallUs: clock.nowUs(),
    fingerprint: core.fingerprint,
    fresh,
    historyFromUs: start.historyFromUs,
    after: isFirst ? start.after : null,
    positions: [...(isFirst ? start.positions : []), ...start.feeds],
  });
}

/** Says what becomes of the counters of before. */
function tellChange(core: Core, fresh: boolean, log: Log): void {
  const changed = changedBetween(core.state.fingerprint, core.fingerprint) ?? [];
  const names = changed.join(', ');
  if (!fresh) {
    if (changed.length > 0) log('info', `The counters go on by other settings (${names})`);
  } else if (core.counts) {
    const { present } = core.counting.engine.view;
    log(
      'warn',
      `presence warms up again: the counters of before can't be gone on with, because of ${names}. Held rows are counted first; the stays of the ${present} present are kept in the history, cut off here; their fix ages, stays in regions and pending crossings end`,
    );
  } else {
    const why = names === '' ? 'no snapshot of them is left' : `those of before can't be read, because of ${names}`;
    log('warn', `presence warms up again: there are no counters to go on with (${why}); stays that lasted are lost`);
  }
}

/** Digest of the set that a start has brought last. */
function broughtBefore({ broughtRegions, editedTo, regions }: LogState): string {
  // Where none has, whatever is there was edited.
  return broughtRegions === '' ? digestOf(editedTo < 0 ? regions : []) : broughtRegions;
}

/** Whether the start brings other regions than the last one that did; if not, edits since then stand. */
function bringsOthers(state: LogState, regions: readonly Region[]): boolean {
  return digestOf(regions) !== broughtBefore(state);
}

function isEdited(state: LogState): boolean {
  return broughtBefore(state) !== digestOf(state.regions);
}

/** Which of the regions that stand, edited since they were brought, the start's set lacks or has otherwise. */
function tellLostEdits(state: LogState, regions: readonly Region[], log: Log): void {
  if (!isEdited(state)) return;
  const brought = new Set(regions.map((region) => JSON.stringify(region)));
  const lost = state.regions.filter((region) => !brought.has(JSON.stringify(region)));
  if (lost.length === 0) return;
  const named = lost.slice(0, 5).map(({ id }) => id);
  const more = lost.length > named.length ? ` and ${lost.length - named.length} more` : '';
  log(
    'warn',
    `the micro-regions were edited while the server ran, and this start brings others: ${lost.length} of them ${lost.length === 1 ? 'goes, or becomes' : 'go, or become'} as the start has it (${named.join(', ')}${more}); their history is kept`,
  );
}

/** The regions that stand may name cells that nobody listed when they came. */
function refuseUnlistedCells({ registry, regions }: LogState, list: readonly CellInfo[]): void {
  const listed = new Set(list.map(({ cgi }) => cgi));
  const isListed = (cgi: string) =>
    listed.has(cgi) || (registry.find(cgi) >= 0 && registry.isListed(registry.find(cgi)));
  for (const { id, cells } of regions) {
    const cell = cells?.find((each) => !each.endsWith('*') && !isListed(each));
    if (cell === undefined) continue;
    throw new UserError(
      'REGION_CELL_UNKNOWN',
      `region ${id}, which stands since before, names the cell ${cell}, which the cell list lacks: add the cell to the list, or bring other regions with --regions FILE`,
    );
  }
}

async function appendCells(append: (record: LogRecord) => Promise<void>, cells: RunStart['stored'], listed: boolean) {
  for (let from = 0; from < cells.length; from += cellsAtOnce)
    await append({ k: 'cells', listed, cells: cells.slice(from, from + cellsAtOnce) });
}

/** Cells of the list that are new, or of which it says something new. */
async function appendListed(append: (record: LogRecord) => Promise<void>, state: LogState, list: readonly CellInfo[]) {
  const { registry } = state;
  let next = registry.count;
  const told: { id: number; cell: CellInfo }[] = [];
  const ids = new Map<string, number>();
  for (const cell of list) {
    const known = ids.get(cell.cgi) ?? registry.find(cell.cgi);
    const id = known < 0 ? next++ : known;
    ids.set(cell.cgi, id);
    const isOld = known >= 0 && known < registry.count && registry.isListed(known);
    if (isOld && JSON.stringify(registry.info(known)) === JSON.stringify(cell)) continue;
    told.push({ id, cell });
  }
  await appendCells(append, told, true);
}

/** The rows of another journal name their cells by other ids. */
export function refuseOtherCells(state: LogState, stored: RunStart['stored']): void {
  const other = stored.find(({ id, cell }) => state.registry.find(cell.cgi) !== id);
  if (other === undefined) return;
  throw new UserError(
    'JOURNAL_MISMATCH',
    `the database knows cells by other numbers than this data folder's journal (${other.cell.cgi}): start with the data folder that belongs to the database, or with another database`,
  );
}
