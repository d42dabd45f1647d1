import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { runCommand } from '../tools/command.ts';
import { whole } from '../tools/whole.ts';
import { buildSimulation } from './build.ts';
import { type Path, paths, sumOf } from './coverage.ts';
import { runInThread } from './threads.ts';

const usage = `usage: npm run test:sim -- [--seeds N] [--from S] [--trace]

  --seeds N   worlds to play (1,000)
  --from S    the first one's seed (0)
  --trace     tell what happens in them`;

const say = (line: string) => process.stdout.write(`${line}\n`);

await runCommand(usage, { names: ['seeds', 'from'], flags: ['trace'] }, async (values, set) => {
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
