import { fail } from './broken.ts';
import { type Field, readRow, rowsOf, timeOf } from './copy-rows.ts';
import { dayFacts, hourFacts } from './statements.ts';
import { addTo, gaugeTables, Stored, type StoredTable } from './stored.ts';
import type { Straight } from './straight.ts';
import { type Commit, simDayUs, simHourUs, type Tables } from './tables.ts';
import type { World } from './world.ts';

/** The tables hold what the log comes to: each row once and in the log's order, or set aside where its table refused it. */
export function checkDatabase(world: World, straight: Straight): void {
  const { database, follower, lost, config } = world;
  const { tables } = database;
  const { ledger } = tables;
  if (ledger?.journal !== follower.id) fail('the ledger is of another journal');
  if (ledger.offset !== follower.to) fail(`the ledger stands at ${ledger.offset}, the log at ${follower.to}`);
  const surrogates = new Map(tables.regions.map(({ id }, i) => [id, i + 1]));
  const records = straight.records.map(({ record }) => record);
  const stored = new Stored(records, config.keepEvents, surrogates);
  // What it held before the journal was lost is not in the log.
  const commits = tables.commits.slice(lost?.commits ?? 0);
  const ids = rowsOf(tables.commits, 'event').map((row) => row[2]);
  if (new Set(ids).size !== ids.length) fail('an event is stored twice');
  const starts = rowsOf(commits, 'city_gauge').map(([ts]) => ts);
  if (new Set(starts).size !== starts.length) fail('an interval is stored twice');
  if (stored.toldAgain.size > 0) world.schedule.coverage.meet('an interval told again');
  const refused = refusedRows(world, commits);
  for (const [table, expected] of Object.entries(stored.rows))
    checkTable(table as StoredTable, expected, rowsOf(commits, table), refused.get(table) ?? [], stored);
  checkActivity(stored.activity, [...rowsOf(commits, 'activity'), ...(refused.get('activity') ?? [])]);
  checkReference(world, straight);
  checkMembership(world, straight, surrogates);
  checkFacts(world, tables);
}

/** Rows set aside, by table: there must have been somebody who refused them. */
function refusedRows({ database }: World, commits: readonly Commit[]): Map<string, Field[][]> {
  const refused = new Map<string, Field[][]>();
  for (const { table, sqlstate, row } of commits.flatMap((commit) => commit.refused)) {
    // Only of values and constraints a table speaks of its rows; all else is to be tried again.
    if (!(database.isPoison(row) && sqlstate === '23514') && !(/^2[23]/.test(sqlstate) && database.toldOf(sqlstate)))
      fail(`a row of ${table} is set aside for ${sqlstate}, and nobody has refused it`);
    refused.set(table, [...(refused.get(table) ?? []), readRow(row)]);
  }
  return refused;
}

/** Row by row: what is not stored has been set aside, and nothing else has. */
function checkTable(
  table: StoredTable,
  expected: readonly Field[][],
  rows: readonly Field[][],
  refused: readonly Field[][],
  { toldAgain }: Stored,
): void {
  const aside = new Map<string, number>();
  for (const row of refused) aside.set(row.join(), (aside.get(row.join()) ?? 0) + 1);
  let at = 0;
  for (const row of expected) {
    const text = row.join();
    if (rows[at]?.join() === text) at++;
    else if ((aside.get(text) ?? 0) > 0) aside.set(text, aside.get(text)! - 1);
    else fail(`table ${table}: row ${at} of ${rows.length} is ${rows[at]}, not ${text} (of ${expected.length})`);
  }
  if (at < rows.length) fail(`table ${table} has ${rows.length} rows, ${at} of them are in the log`);
  // Of what was foretold, rows set aside stay there.
  const isGauge = (gaugeTables as readonly string[]).includes(table);
  for (const row of refused) {
    const left = aside.get(row.join()) ?? 0;
    if (left > 0 && !(isGauge && toldAgain.has(timeOf(row[0])))) fail(`table ${table}: ${row} is set aside twice`);
  }
}

/** Counts of the same 10 s, cell and kind add up, over as many rows as there were transactions. */
function checkActivity(expected: ReadonlyMap<string, number[]>, rows: readonly Field[][]): void {
  const sums = new Map<string, number[]>();
  for (const [ts, durationMs, bytes, cell, units, unsuccessful, unknown, rejected, unanswered, dropped, kind] of rows) {
    const outcomes = [unsuccessful, unknown, rejected, unanswered, dropped];
    addTo(sums, [ts, cell, kind].join(' '), [units, ...outcomes, durationMs, bytes] as number[]);
  }
  for (const key of new Set([...expected.keys(), ...sums.keys()]))
    if (sums.get(key)?.join() !== expected.get(key)?.join())
      fail(`activity of ${key} is ${sums.get(key)}, not ${expected.get(key)}`);
}

/** Cells by their numbers, and feeds where they stand. */
function checkReference({ database }: World, { state }: Straight): void {
  const { cells, positions } = database.tables;
  const { count } = state.registry;
  if (cells.length !== count) fail(`${cells.length} cells are stored of ${count}`);
  for (const { id, cgi } of cells) if (state.registry.find(cgi) !== id) fail(`cell ${cgi} is stored as ${id}`);
  for (const { identity, epoch, seq } of positions) {
    const position = state.positions.get(identity);
    if (position?.seq !== seq || position.epoch !== epoch) fail(`${identity} is stored as being at ${epoch} ${seq}`);
  }
}

/** Which cells the regions hold: now those of the counters, and before that one answer at each time. */
function checkMembership(
  { database, schedule }: World,
  { counting }: Straight,
  surrogates: ReadonlyMap<string, number>,
): void {
  const rows = database.tables.members(null);
  const open = rows
    .filter(({ toUs }) => toUs === Number.POSITIVE_INFINITY)
    .map(({ region, cell }) => `${region} ${cell}`);
  const { regions } = counting!;
  const now = regions.regions.flatMap(({ id }, place) =>
    Array.from(regions.cellsOf(place), (cell) => `${surrogates.get(id)} ${cell}`),
  );
  if (open.sort().join() !== now.sort().join()) fail(`regions hold the cells ${open}, by the counters ${now}`);
  for (const [i, { region, cell, fromUs, toUs }] of rows.entries()) {
    if (fromUs >= toUs) fail(`cell ${cell} is in region ${region} from ${fromUs} to ${toUs}`);
    if (toUs < Number.POSITIVE_INFINITY) schedule.coverage.meet('a cell that has left a region');
    const twice = rows.some(
      (other, k) =>
        k > i && other.region === region && other.cell === cell && other.fromUs < toUs && other.toUs > fromUs,
    );
    if (twice)
      fail(
        `cell ${cell} is in region ${region} twice at a time: ${JSON.stringify(rows.filter((r) => r.cell === cell && r.region === region))}`,
      );
  }
}

/** Hours and days of events, and stays, are counted in what is kept of subscribers: all of them, and as they stand now. */
function checkFacts({ keptUs, schedule }: World, tables: Tables): void {
  if (tables.queued !== 0) fail(`${tables.queued} stays wait for what is kept of subscribers`);
  const facts = tables.facts(null);
  const waiting = new Set(tables.marks('hour', null).map(({ startUs }) => startUs));
  const days = new Map<number, number>();
  for (const [startUs, rows] of tables.hours) {
    if (waiting.has(startUs)) {
      if (startUs < keptUs - 2 * simHourUs) fail(`the hour ${startUs} waits though it is ${keptUs}`);
      continue;
    }
    const dayUs = Math.floor(startUs / simDayUs) * simDayUs;
    days.set(dayUs, (days.get(dayUs) ?? 0) + rows);
    for (const fact of hourFacts)
      if (facts.get(`${fact} ${startUs}`) !== rows)
        fail(`${fact} of the hour ${startUs} is counted from ${facts.get(`${fact} ${startUs}`)} of ${rows} rows`);
  }
  const open = new Set(tables.marks('day', null).map(({ startUs }) => startUs));
  for (const [startUs, rows] of days) {
    if (open.has(startUs)) {
      if (startUs < keptUs - simDayUs - 2 * simHourUs) fail(`the day ${startUs} waits though it is ${keptUs}`);
      continue;
    }
    schedule.coverage.meet('a day of facts');
    for (const fact of dayFacts)
      if (facts.get(`day ${fact} ${startUs}`) !== rows)
        fail(`${fact} of the day ${startUs} is counted from ${facts.get(`day ${fact} ${startUs}`)} of ${rows} rows`);
  }
}
