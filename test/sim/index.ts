import { rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { runCommand } from '../tools/command.ts';
import { whole } from '../tools/whole.ts';
import { buildSimulation } from './build.ts';
import { type Path, paths, sumOf } from './coverage.ts';
import { findPlanted, knownSeedsFile } from './find-planted.ts';
import { plantedBugs } from './planted.ts';
import { runInThread } from './threads.ts';

const usage = `usage: npm run test:sim -- [--seeds N] [--from S] [--trace]
       npm run test:sim -- --planted

  --seeds N   worlds to play (1,000)
  --from S    the first one's seed (0)
  --trace     tell what happens in them
  --planted   look for each planted bug in the first 1,000 (rare ones 3,000), and note the seed that shows it`;

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Each bug from the first world on, however it was found before; two at a time. */
async function lookForPlanted(): Promise<number> {
  const seeds: Record<string, number> = {};
  const left = [...plantedBugs];
  const one = async () => {
    for (let bug = left.shift(); bug !== undefined; bug = left.shift()) {
      const failure = await findPlanted(bug);
      if (failure !== null) seeds[bug.name] = failure.seed;
      say(`${failure === null ? `not in ${bug.within} seeds` : `seed ${failure.seed}`}: ${bug.name}`);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, one));
  const inOrder = plantedBugs.flatMap(({ name }) => (name in seeds ? [[name, seeds[name]]] : []));
  writeFileSync(knownSeedsFile, `${JSON.stringify(Object.fromEntries(inOrder), null, 2)}\n`);
  say(`${inOrder.length} of ${plantedBugs.length} planted bugs found`);
  return inOrder.length === plantedBugs.length ? 0 : 1;
}

await runCommand(usage, { names: ['seeds', 'from'], flags: ['trace', 'planted'] }, async (values, set) => {
  if (set.has('planted')) return lookForPlanted();
  const seeds = whole('seeds', values.seeds, 1_000);
  const from = whole('from', values.from, 0);
  const trace = set.has('trace');
  const of = trace ? 1 : Math.min(Math.max(1, seeds), availableParallelism());
  const bundle = await buildSimulation('simulation');
  try {
    const startMs = performance.now();
    const cpu = process.cpuUsage();
    const job = { from, seeds, of, twiceEvery: trace ? Number.POSITIVE_INFINITY : 20, trace };
    const reports = await Promise.all(
      Array.from({ length: of }, (_, part) => runInThread(bundle, { ...job, part }, say)),
    );
    const sum = (name: 'seeds' | 'steps' | 'restarts' | 'virtualMs') =>
      reports.reduce((all, one) => all + one[name], 0);
    const seconds = (performance.now() - startMs) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const cpuMs = (user + system) / 1000 / sum('seeds');
    say(
      `${sum('seeds')} seeds in ${seconds.toFixed(1)} s, ${cpuMs.toFixed(1)} ms of processor time each: ${sum('restarts')} starts of the server, ${Math.round(sum('virtualMs') / 1000)} s of the worlds' time, ${sum('steps')} steps`,
    );
    const met = sumOf(reports.map((report) => report.met));
    for (const path of Object.keys(paths) as Path[])
      say(`  ${String(met.get(path) ?? 0).padStart(7)} × ${path}: ${paths[path]}`);
    const failures = reports.flatMap(({ failure }) => failure ?? []).sort((a, b) => a.seed - b.seed);
    for (const { seed, text } of failures)
      say(`seed ${seed}: ${text}\n  npm run test:sim -- --seeds 1 --from ${seed} --trace`);
    return failures.length === 0 ? 0 : 1;
  } finally {
    rmSync(bundle, { force: true });
  }
});
