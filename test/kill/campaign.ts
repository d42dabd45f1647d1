import type { ChildProcess } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { heardElsewhere } from '../../server/errors.ts';
import { Random } from '../fuzz/random.ts';
import { type RunningServer, serve, until } from '../tools/serve.ts';
import { type Cluster, createDatabase, startCluster } from './cluster.ts';
import { differences, type Held, readHeld } from './held.ts';
import { fileIntake, type Intake, type Progress, pushIntake } from './intake.ts';
import { type Load, regions, writeLoad } from './load.ts';
import { comes, health, type Moment, moments } from './moments.ts';
import type { Settings } from './oracle.ts';

export interface CampaignOptions {
  folder: string;
  kills: number;
  events: number;
  seed: number;
  /** How the load comes: as a file that the server reads, or over an acknowledged feed, whose sender is killed too. */
  over: 'file' | 'push';
  /** A server for databases of this campaign; absent: embedded ones. */
  databaseUrl?: string;
  /** Programs of a PostgreSQL: a cluster of the campaign's own, whose postmaster dies so often. */
  postgres?: { programs: string; kills: number };
  /** A statement that damages what the killed server has stored: both comparisons must tell it. */
  plant?: string;
  say: (line: string) => void;
}

export interface CampaignResult {
  /** Of the server, with how far the load was when it was last asked. */
  kills: { moment: Moment; come: Progress }[];
  databaseKills: number;
  senderKills: number;
  /** From the start of the process to its address, ms, of each start that came so far. */
  restartsMs: number[];
  held: Held;
  /** From the undisturbed run, and from the oracle. */
  differences: string[];
  /** The same behind `plant`. */
  planted: string[] | null;
}

const told = (want: Held, got: Held) => [...differences(want, got), ...got.oracle!.differences];

/** The load lasts so long for each kill: time for the server to start, to come to the moment, and for events behind it. */
const loadMsOfKill = 2500;

/** So long lasts a presence: some vanish within the load. The others are the server's own. */
const settings = {
  ...{ everyUs: 60_000_000, ttlUs: 600_000_000, holdDownUs: 60_000_000, tripUs: 900_000_000, regions },
  home: { plmns: ['460-00', '460-02'], city: [20], province: [755] },
};
/** A file is put in order as a whole; rows of an acknowledged feed are within the window. */
const settingsOf = (over: CampaignOptions['over']): Settings => {
  return { ...settings, reorderUs: over === 'file' ? null : 10_000_000 };
};

interface Place {
  dataDir: string;
  intake: Intake;
  args: string[];
  env: Record<string, string>;
  drop(): Promise<void>;
}

/** Feeds a load to a server that is left alone, and to one that is killed again and again. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { events, folder, say, seed } = options;
  const load = writeLoad(folder, events, seed, options.over);
  say(`${events.toLocaleString('en')} events, seed ${seed}`);
  const cluster = options.postgres && (await startCluster(options.postgres.programs, folder));
  const server = cluster?.url ?? options.databaseUrl;
  const places: Place[] = [];
  try {
    const place = async (name: string, loadMs: number) => {
      const placed = await placeOf({ load, folder, name, seed, over: options.over, server, loadMs });
      places.push(placed);
      return placed;
    };
    const calm = await place('calm', 0);
    await toEnd(calm, await start(calm));
    const killed = await place('killed', options.kills * loadMsOfKill);
    // The same people under the same pseudonyms.
    cpSync(join(calm.dataDir, 'keys'), join(killed.dataDir, 'keys'), { recursive: true });
    const result = await killAgainAndAgain(options, killed, cluster);
    const want = await readHeld(load, calm.dataDir, calm.env.DATABASE_URL);
    const held = await readHeld(load, killed.dataDir, killed.env.DATABASE_URL, { settings: settingsOf(options.over) });
    for (const kind of ['lost', 'doubled', 'wrong'] as const)
      if (want[kind].length > 0) throw new Error(`${want[kind].length} events are ${kind} without any kill`);
    const { plant } = options;
    const damaged =
      plant === undefined
        ? null
        : await readHeld(load, killed.dataDir, killed.env.DATABASE_URL, { plant, before: held });
    return { ...result, held, differences: told(want, held), planted: damaged && told(want, damaged) };
  } finally {
    for (const { drop, intake } of places) {
      await intake.stop();
      await drop();
    }
    await cluster?.stop();
  }
}

async function placeOf(options: {
  load: Load;
  folder: string;
  name: string;
  seed: number;
  over: CampaignOptions['over'];
  server: string | undefined;
  loadMs: number;
}): Promise<Place> {
  const { folder, load, loadMs, name, over, seed, server } = options;
  const intake = over === 'push' ? await pushIntake(load, `${folder}/${name}.sent`, loadMs) : fileIntake(load, loadMs);
  const database = server === undefined ? null : await createDatabase(server, `sw_kill_${process.pid}_${name}`);
  const { everyUs, holdDownUs, home, tripUs, ttlUs } = settings;
  const counting = [
    ...[`presenceTtlMs=${ttlUs / 1000}`, `gaugeEveryMs=${everyUs / 1000}`, `holdDownMs=${holdDownUs / 1000}`],
    ...[
      `tripMs=${tripUs / 1000}`,
      `homePlmns=${home.plmns}`,
      `homeAreas=${home.city}`,
      `provinceAreas=${home.province}`,
    ],
  ];
  const set = ['snapshotEveryMs=2000', 'pushAgeMaxMs=4000000000000', `wallTitle=${seed}`, ...counting];
  return {
    dataDir: `${folder}/${name}`,
    intake,
    args: [...intake.args, '--regions', load.regions, ...set.flatMap((each) => ['--set', each])],
    env: { DATABASE_URL: database?.url ?? '' },
    drop: async () => database?.drop(),
  };
}

function start(
  { args, dataDir, env, intake: { port } }: Place,
  onStart?: (child: ChildProcess) => void,
): Promise<RunningServer> {
  return serve(args, { dataDir, env, port, ...(onStart && { onStart }) });
}

/** Waits until all is counted and stored, and ends the server in order. */
async function toEnd({ intake }: Place, server: RunningServer): Promise<void> {
  await until(
    'the end of the load',
    async () => {
      const { ended } = await intake.progress(server);
      const { journal, store } = await health(server.address);
      return ended && journal.unappliedBytes === 0 && store.storedTo === journal.to;
    },
    900_000,
  );
  const { code } = await server.interrupt();
  if (code !== 0) throw new Error(`the server ended with ${code}:\n${server.output()}`);
}

async function killAgainAndAgain(options: CampaignOptions, place: Place, cluster?: Cluster) {
  const { events, kills, say, seed } = options;
  const random = new Random();
  random.begin(seed, 1);
  const done: CampaignResult['kills'] = [];
  let come: Progress = { events: 0, ended: false };
  const restartsMs: number[] = [];
  let databaseKills = 0;
  let senderKills = 0;
  for (let kill = 0; kill < kills; kill++) {
    // Every moment has its turns, all along the load.
    const moment = moments[kill % moments.length];
    const at = Math.floor((events * (kill + random.below(1000) / 1000)) / (kills + 1));
    const databaseDies =
      cluster !== undefined &&
      moment !== 'starting' &&
      databaseKills < Math.floor(((kill + 1) * options.postgres!.kills) / kills);
    say(
      `kill ${kill + 1} of ${kills}: ${moment}, event ${at.toLocaleString('en')}${databaseDies ? ', the database before' : ''}`,
    );
    let exited = Promise.resolve();
    let child: ChildProcess | undefined;
    const sinceMs = performance.now();
    const starting: Promise<RunningServer> = start(place, (one) => {
      child = one;
      exited = new Promise((resolve) => void one.once('close', () => resolve()));
    });
    const asking = (async () => {
      const server = await starting;
      for (; server.process.exitCode === null && server.process.signalCode === null; await pause(20))
        come = await place.intake.progress(server);
    })().catch(heardElsewhere);
    if (moment === 'starting') {
      const early = random.below(1 + Math.floor(restartsMs[0] ?? 3000));
      await Promise.race([starting, pause(early)]);
      // Whether it has come so far or not: it dies.
      void starting.catch((error) => say(`  it was starting: ${String(error).split('\n')[0]}`));
    } else {
      const server = await starting;
      restartsMs.push(performance.now() - sinceMs);
      if (databaseDies) {
        await comes('running', server, place, at, random);
        await cluster.killPostmaster();
        databaseKills++;
      }
      await comes(moment, server, place, at, random);
    }
    child?.kill('SIGKILL');
    await exited;
    await asking;
    // What was under way may have been taken, and its answer was lost.
    if (kill % 3 === 2 && (await place.intake.killSender())) senderKills++;
    done.push({ moment, come });
    say(`  ${come.events.toLocaleString('en')} events in${come.ended ? ': all of them' : ''}`);
  }
  const sinceMs = performance.now();
  const last = await start(place);
  restartsMs.push(performance.now() - sinceMs);
  await toEnd(place, last);
  return { kills: done, databaseKills, senderKills, restartsMs };
}
