import { eventFlag } from '../../server/events/kinds.ts';
import { isLearnt } from '../../server/events/learnt.ts';
import { fail } from './broken.ts';
import type { AsideFile } from './quarantine.ts';
import { batchBehind, codesOf, pseudonymOf, type SimEvent } from './script.ts';
import type { Straight } from './straight.ts';
import type { World } from './world.ts';

/** Each row that was acknowledged is in one place: in the log, and so counted or at least stored, or set aside. */
export function checkPlaces(
  { clients, lost, pushed, scripts }: World,
  { records }: Straight,
  files: AsideFile[],
): void {
  const logged = new Map<string, Set<number>>();
  for (const { record } of records) {
    if (record.k !== 'batch') continue;
    const { batch, position } = record;
    const script = scripts.find(({ identity }) => identity === position.identity)!;
    if (script.kind === 'file') continue;
    const key = `${script.identity} ${batchBehind(script, position) - 1}`;
    logged.set(key, new Set(batch.bytes.subarray(0, batch.n)));
  }
  const aside = new Map<string, readonly string[]>();
  for (const { batch, identity, lines, path } of files) {
    const key = `${identity} ${batch}`;
    if (Number.isNaN(batch)) fail(`${path} is of no batch`);
    if (aside.has(key)) fail(`batch ${batch} of ${identity} is set aside twice`);
    aside.set(key, lines);
  }
  for (const { script } of clients) {
    const { cuts, events, identity } = script;
    for (let batch = 0; batch < cuts.length - 1; batch++) {
      const key = `${identity} ${batch}`;
      const sent = events.slice(cuts[batch], cuts[batch + 1]);
      const left = (aside.get(key) ?? []).map((line) => idOf(line, sent, key));
      if (new Set(left).size !== left.length) fail(`batch ${batch} of ${identity}: a row is set aside twice`);
      // What was in the log before it was lost is only known by what was handed on.
      const ids = logged.get(key) ?? batchOfThose(sent, left);
      if (
        batch < (lost?.parts.get(identity) ?? 0) &&
        !pushed
          .get(identity)
          ?.get(batch)
          ?.includes([...ids].join())
      )
        fail(`batch ${batch} of ${identity}: what was set aside of it is not what was left out`);
      for (const { id } of sent) {
        if (ids.has(id) !== left.includes(id)) continue;
        const where = ids.has(id) ? 'in the log and set aside' : 'acknowledged, but neither in the log nor set aside';
        fail(`row ${id} of batch ${batch} of ${identity} is ${where}`);
      }
    }
  }
}

/** The rows of a batch without those. */
function batchOfThose(sent: readonly SimEvent[], left: readonly number[]): Set<number> {
  return new Set(sent.map(({ id }) => id).filter((id) => !left.includes(id)));
}

/** Of which row a line that was set aside tells: all of it as it was sent. */
function idOf(line: string, sent: readonly SimEvent[], where: string): number {
  const row = rowOf(line);
  if (row === null) fail(`${where}: a line that was set aside is torn`);
  const event = sent.find(({ id }) => id === row.bytes);
  if (event === undefined) fail(`${where}: a row is set aside that was never sent`);
  const { cell, durationMs, kind, outcome, subscriber, timeUs } = event;
  const told = [row.timeUs, row.subscriber, row.cell, row.kind, row.outcome, row.durationMs ?? 0, row.plmn ?? 0];
  const { plmn } = codesOf(event);
  const expected = [timeUs, pseudonymOf(subscriber), cell, kind, outcome, durationMs, plmn];
  if (told.join() !== expected.join()) fail(`${where}: ${told} is set aside, not ${expected}`);
  return event.id;
}

function rowOf(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** What a row counts for is a matter of the clock when it came: all, traffic alone, or nothing. */
export function checkLateness({ config, schedule, server }: World, { records }: Straight): void {
  const { engine, sorter } = server!.core!.counting;
  const latenessUs = config.latenessMs * 1000;
  let releasedUs = Number.NEGATIVE_INFINITY;
  const inTime: { timeUs: number; kind: number }[] = [];
  const units = new Map<number, number>();
  const count = (kind: number) => units.set(kind, (units.get(kind) ?? 0) + 1);
  let [late, tooLate, lateEvents] = [0, 0, 0];
  for (const { record } of records) {
    if (record.k === 'clock') releasedUs = Math.max(releasedUs, record.releaseUs);
    if (record.k !== 'batch') continue;
    const { timeUs: times, kind: kinds, flags, n } = record.batch;
    for (let i = 0; i < n; i++) {
      const [timeUs, kind] = [times[i], kinds[i]];
      const isTraffic = (flags[i] & eventFlag.traffic) !== 0;
      if (timeUs >= releasedUs) {
        if (isTraffic) inTime.push({ timeUs, kind });
      } else if (timeUs < releasedUs - latenessUs) tooLate++;
      else {
        late++;
        if (!isLearnt(kind)) lateEvents++;
        if (isTraffic) count(kind);
      }
    }
  }
  for (const { kind, timeUs } of inTime) if (timeUs < releasedUs) count(kind);
  if (late > 0) schedule.coverage.meet('a late row');
  if (tooLate > 0) schedule.coverage.meet('a row for the database alone');
  const { stats } = sorter;
  if (stats.late !== late || stats.tooLate !== tooLate)
    fail(`${stats.late} rows are late and ${stats.tooLate} too late, by the log ${late} and ${tooLate}`);
  if (engine.view.lateEvents !== lateEvents) fail(`${engine.view.lateEvents} events are late, not ${lateEvents}`);
  for (const [kind, n] of engine.view.traffic.entries())
    if (n !== (units.get(kind) ?? 0))
      fail(`${n} units of kind ${kind} are counted, by the log ${units.get(kind) ?? 0}`);
}
