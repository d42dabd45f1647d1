import { parentPort, workerData } from 'node:worker_threads';
import { errorOf } from '../../server/errors.ts';
import { sumOf } from './coverage.ts';
import type { Job, Report } from './jobs.ts';
import { type Outcome, World } from './world.ts';

const port = parentPort;
if (port === null) throw new Error('a simulating thread is started by threads.ts alone');
const job = workerData as Job;
// Very many errors are made here, and where they come from costs more than all else of them: a trace tells.
if (!job.trace) Error.stackTraceLimit = 0;
let world: World | null = null;
process.on('unhandledRejection', (error) => world?.schedule.fail(`nobody hears of ${errorOf(error).stack}`));
process.on('uncaughtException', (error) => world?.schedule.fail(`thrown: ${error.stack}`));

async function play(seed: number, print: ((line: string) => void) | null): Promise<Outcome> {
  world = new World(seed, print);
  return world.run();
}

async function runJob(job: Job): Promise<Report> {
  const report: Report = { seeds: 0, failure: null, steps: 0, restarts: 0, virtualMs: 0, met: new Map() };
  const print = job.trace ? (line: string) => port!.postMessage(line) : null;
  for (let seed = job.from + job.part; seed < job.from + job.seeds && report.failure === null; seed += job.of) {
    const outcome = await play(seed, print);
    report.seeds++;
    report.steps += outcome.steps;
    report.restarts += outcome.restarts;
    report.virtualMs += outcome.virtualMs;
    report.met = sumOf([report.met, outcome.met]);
    if (outcome.failure !== null) report.failure = { seed, text: outcome.failure };
    else if (seed % job.twiceEvery === 0) {
      const again = await play(seed, null);
      if (again.hash !== outcome.hash) report.failure = { seed, text: 'it does not happen the same way twice' };
    }
  }
  return report;
}

port.postMessage(await runJob(job));
