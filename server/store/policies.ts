/**
 * TimescaleDB's own jobs, for live data on a real database: they go by wall time. For replays they are taken away,
 * since by wall time everything replayed is long past its period.
 */
import type pg from 'pg';
import { type Clock, dayUs, secondUs } from '../clock.ts';
import { aggregates, keptTables, refreshReachUs } from './periods.ts';

const seconds = (us: number) => `interval '${us / secondUs} seconds'`;

/** The statements that add all policies; running them again changes nothing. */
export function addPolicies(): string[] {
  const statements: string[] = [];
  for (const { name, bucketUs } of aggregates) {
    const every = bucketUs >= 3600 * secondUs ? '10 minutes' : '30 seconds';
    statements.push(
      `select add_continuous_aggregate_policy('${name}', start_offset => ${seconds(refreshReachUs)},
         end_offset => ${seconds(bucketUs)}, schedule_interval => interval '${every}', if_not_exists => true)`,
    );
  }
  for (const { name, keepUs, compressAfterUs, countedFrom } of keptTables) {
    if (compressAfterUs !== null) {
      statements.push(`select add_compression_policy('${name}', ${seconds(compressAfterUs)}, if_not_exists => true)`);
    }
    // A job goes by wall time alone: what facts are still to be counted from is dropped by upkeep, when they have been.
    if (!countedFrom)
      statements.push(`select add_retention_policy('${name}', ${seconds(keepUs)}, if_not_exists => true)`);
  }
  return statements;
}

function removePolicies(): string[] {
  return [
    ...aggregates.map(({ name }) => `select remove_continuous_aggregate_policy('${name}', if_exists => true)`),
    ...keptTables.flatMap(({ name, compressAfterUs }) => [
      ...(compressAfterUs === null ? [] : [`select remove_compression_policy('${name}', if_exists => true)`]),
      `select remove_retention_policy('${name}', if_exists => true)`,
    ]),
  ];
}

/**
 * By whom a database is kept: by upkeep and the event clock alone, by TimescaleDB's jobs as well, or by these as soon as
 * what it holds has come as it happens.
 */
export type Jobs = 'none' | 'later' | 'set';

/**
 * Whether the newest stored event is of the last day: only such data is kept by wall time. What a sender or probe gives
 * of last month would be dropped as soon as it is stored; a database that is empty is kept by the event clock until that
 * is known (`maintenance.ts`).
 */
export async function comesAsItHappens(client: pg.ClientBase | pg.Pool, clock: Clock): Promise<boolean> {
  const { rows } = await client.query<{ us: number | null }>('select max(event_us) as us from ledger');
  const [{ us }] = rows;
  return us !== null && us >= clock.nowUs() - dayUs;
}

/** Whether TimescaleDB's jobs have been handed this database: all that they may drop had been refreshed by then. */
export async function jobsStand(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ stand: boolean }>(
    `select exists (
       select from timescaledb_information.jobs where proc_name = 'policy_refresh_continuous_aggregate'
     ) as stand`,
  );
  return rows[0].stand;
}

export async function setPolicies(client: pg.ClientBase, mode: 'replay' | 'live'): Promise<void> {
  for (const statement of mode === 'live' ? addPolicies() : removePolicies()) await client.query(statement);
}
