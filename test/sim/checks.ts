import type { FeedPosition } from '../../server/events/feed-position.ts';
import { recordKind } from '../../server/journal/records.ts';
import type { LiveView } from '../../server/occupancy/view.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { Broken, fail } from './broken.ts';
import { checkDatabase } from './checks-database.ts';
import { checkLateness, checkPlaces } from './checks-places.ts';
import { differsFromDefinition } from './definition.ts';
import type { AsideFile } from './quarantine.ts';
import { batchBehind, codesOf } from './script.ts';
import { Straight } from './straight.ts';
import type { World } from './world.ts';

/** Holds the world at its end to what must be; the first thing that is not fails it. */
export function checkWorld(world: World, aside: AsideFile[]): void {
  const { config, follower, schedule } = world;
  const straight = new Straight(config, follower.log);
  for (const check of [
    checkRows,
    () => checkPlaces(world, straight, aside),
    checkPositions,
    checkEdits,
    checkDerived,
    checkDefinition,
    checkView,
    checkLateness,
    checkDatabase,
    checkBounds,
  ]) {
    try {
      check(world, straight);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      schedule.fail(error.message);
      return;
    }
  }
  for (const { copies } of world.database.commits) for (const { bytes } of copies) schedule.noteBytes(bytes);
}

/** The log's rows are those that were sent, each once, each feed's in its order. */
function checkRows({ clients, lost, pushed, scripts }: World, { records, state }: Straight): void {
  const next = new Map(scripts.map(({ identity }) => [identity, lost?.parts.get(identity) ?? 0]));
  const cells = new Map<number, string>();
  let rows = 0;
  for (const { record, to } of records) {
    if (record.k === 'cells') for (const { id, cell } of record.cells) cells.set(id, cell.cgi);
    if (record.k !== 'batch') continue;
    const { batch, position, rowsBefore } = record;
    const { identity } = position;
    const script = scripts.find((each) => each.identity === identity)!;
    if (rowsBefore !== rows) fail(`at ${to}: ${rowsBefore} rows are said to be before, not ${rows}`);
    rows += batch.n;
    let expected = script.events.slice(next.get(identity)!, next.get(identity)! + batch.n);
    if (script.kind === 'file') next.set(identity, next.get(identity)! + batch.n);
    else {
      const at = next.get(identity)!;
      if (batchBehind(script, position) !== at + 1)
        fail(`at ${to}: batch ${at} of ${identity} is not the one that comes`);
      next.set(identity, at + 1);
      const ids = Array.from(batch.bytes.subarray(0, batch.n)).join();
      if (!pushed.get(identity)?.get(at)?.includes(ids)) fail(`at ${to}: batch ${at} of ${identity} has other rows`);
      const sent = script.events.slice(script.cuts[at], script.cuts[at + 1]);
      expected = sent.filter(({ id }) => batch.bytes.subarray(0, batch.n).includes(id));
    }
    for (let i = 0; i < batch.n; i++) {
      const event = expected[i];
      const { timeUs, bytes, cell, subLo, durationMs, ...row } = batch.row(i);
      if (event === undefined) fail(`at ${to}: row ${i} of ${identity} was never sent`);
      const { plmn, kind, outcome, flags } = codesOf(event);
      const same =
        event.id === bytes &&
        event.timeUs === timeUs &&
        event.cell === (cells.get(cell) ?? '') &&
        event.subscriber === subLo &&
        event.durationMs === durationMs &&
        [plmn, kind, outcome, flags].join() === [row.plmn, row.kind, row.outcome, row.flags].join();
      if (!same) fail(`at ${to}: row ${i} of ${identity} is not the one that was sent`);
    }
    if (script.kind === 'file' && position.seq !== next.get(identity))
      fail(`at ${to}: ${identity} stands at ${position.seq} behind row ${next.get(identity)}`);
  }
  for (const { cuts, events, identity, kind } of scripts) {
    const all = kind === 'file' ? events.length : cuts.length - 1;
    if (next.get(identity) !== all) fail(`${next.get(identity)} of ${all} parts of ${identity} are in the log`);
  }
  for (const { kept, script } of clients) {
    const position = state.positions.get(script.identity);
    if (position === undefined || batchBehind(script, position) < kept)
      fail(`${script.identity}: acknowledged rows are lost`);
  }
}

/** A feed's position, and the clock, never go back. */
function checkPositions(_: World, { records }: Straight): void {
  const seen = new Map<string, FeedPosition>();
  let releaseUs = Number.NEGATIVE_INFINITY;
  for (const { record, to } of records) {
    if (record.k === 'clock') {
      if (record.releaseUs < releaseUs) fail(`at ${to}: the clock goes back`);
      releaseUs = record.releaseUs;
    }
    if (record.k !== 'batch') continue;
    const { position } = record;
    const before = seen.get(position.identity);
    seen.set(position.identity, position);
    if (before === undefined) continue;
    const { epoch, seq, eventUs, clockUs } = before;
    const isBack = position.epoch < epoch || (position.epoch === epoch && position.seq < seq);
    if (isBack || position.eventUs < eventUs || position.clockUs < clockUs)
      fail(`at ${to}: ${position.identity} goes back`);
  }
}

/** Edits that were told to be taken are in the log, each once, with their version. */
function checkEdits({ edits }: World, { records }: Straight): void {
  const sets = new Map<number, readonly Region[]>();
  for (const { record, to } of records) {
    if (record.k !== 'regions') continue;
    if (record.version === undefined || sets.has(record.version)) fail(`at ${to}: regions come a second time`);
    // The regions that starts bring are always the same here.
    if (record.edit === undefined && sets.size > 0) fail(`at ${to}: a start brings regions again`);
    sets.set(record.version, record.regions);
  }
  for (const [version, regions] of edits)
    if (JSON.stringify(sets.get(version)) !== JSON.stringify(regions)) fail(`the edit ${version} is lost`);
}

/** Derived records stand in the log once each, in order, as a run without any trouble makes them. */
function checkDerived({ follower }: World, { begun, derived }: Straight): void {
  if (begun !== 1) fail(`counting has begun ${begun} times`);
  const logged = follower.log.filter(({ kind }) => kind === recordKind.gauges || kind === recordKind.stays);
  if (logged.length !== derived.length)
    fail(`${logged.length} derived records in the log, ${derived.length} in a run without trouble`);
  logged.forEach(({ kind, payload, to }, i) => {
    const same = kind === derived[i].kind && Buffer.compare(payload, derived[i].payload) === 0;
    if (!same) fail(`at ${to}: derived record ${i} is another one than without trouble`);
  });
}

/** The counters of each interval are what the definitions say, counted the slow way. */
function checkDefinition(world: World, straight: Straight): void {
  const wrong = differsFromDefinition(world, straight);
  if (wrong !== null) fail(wrong);
}

function viewOf(view: LiveView): unknown {
  const { clockUs, cellCount, regionCount, present, fresh5, fresh30, appeared, vanished, origins } = view;
  const cells = Array.from(view.cellPresent.subarray(0, cellCount));
  const regions = [
    ...[view.regionPresent, view.regionInflow, view.regionOutflow, view.regionVisitors],
    ...[view.regionFresh5, view.regionFresh30, view.regionMachines],
  ];
  const places = Array.from({ length: regionCount }, (_, place) => place);
  const { fixAgeMedianMs, fixAgeP90Ms, cellsHeardShare, wholeFromUs, intervalEndUs } = view;
  const windows = [view.areaTraffic.window(), view.areaTraffic.now()];
  return {
    ...{ clockUs, cells, present, fresh5, fresh30, appeared, vanished, origins },
    ...{ fixAgeMedianMs, fixAgeP90Ms, cellsHeardShare, wholeFromUs, intervalEndUs },
    ...{ resolved: view.resolvedEvents, late: view.lateEvents, intervals: view.intervals },
    regions: regions.map((column) => Array.from(column.subarray(0, regionCount))),
    regionOrigins: places.map((place) => view.regionOrigins(place)),
    dwell: places.slice(0, view.drawnCount).map((place) => [0.5, 0.9].map((share) => view.regionDwellMs(place, share))),
    traffic: Array.from(view.traffic),
    areas: windows.map(({ units, ms }) => [Array.from(units), Array.from(ms)]),
    spark: Array.from(view.spark(8)),
  };
}

/** What the screens would see. */
function checkView({ server }: World, { counting }: Straight): void {
  const told = JSON.stringify(viewOf(server!.core!.counting.engine.view));
  const straight = JSON.stringify(viewOf(counting!.engine.view));
  if (told !== straight) fail(`the counters are ${told}, without trouble ${straight}`);
  const { cellPresent, cellCount, present } = counting!.engine.view;
  const sum = cellPresent.subarray(0, cellCount).reduce((all, one) => all + one, 0);
  if (sum !== present) fail(`${sum} are present in cells, ${present} in all`);
}

/** Nothing grows without end: what is sent again, what the disk holds. */
function checkBounds({ clients }: World): void {
  for (const { script, sent } of clients) {
    const most = 20 * script.cuts.length + 300;
    if (sent > most) fail(`${script.identity} was sent in ${sent} messages, more than ${most}`);
  }
}
