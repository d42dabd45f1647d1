import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { runCommand } from '../tools/command.ts';
import { whole } from '../tools/whole.ts';
import { buildFuzzer } from './build.ts';
import type { Job, Report } from './jobs.ts';
import { formatReport, formatSequences } from './report.ts';
import { runInThread, runInThreads } from './threads.ts';

const usage = `usage: npm run test:fuzz -- [--inputs N | --sequences N] [--seed S] [--replay INPUT]

  --inputs N      mutations of octets to try (2,000,000)
  --sequences N   sequences of messages to give to the correlator instead
  --seed S        which ones (the time of day)
  --replay INPUT  one input of that seed again, with those of its block that came before; with --sequences: that one`;

await runCommand(usage, { names: ['inputs', 'sequences', 'seed', 'replay'], flags: [] }, async (values) => {
  const inputs = whole('inputs', values.inputs, 2_000_000);
  const seed = whole('seed', values.seed, Math.floor(performance.timeOrigin % 0x7fff_ffff));
  const bundle = await buildFuzzer('fuzzer');
  try {
    const of = Math.max(1, availableParallelism());
    let report: Report;
    if (values.sequences !== undefined) {
      const only = values.replay === undefined ? undefined : whole('replay', values.replay, 0);
      const sequences = only === undefined ? whole('sequences', values.sequences, 0) : only + 1;
      process.stdout.write(`seed ${seed}, ${sequences} sequences, ${of} threads\n`);
      const parts = only === undefined ? of : 1;
      const jobs = Array.from(
        { length: parts },
        (_, part): Job => ({
          ...{ kind: 'sequences', seed, sequences, part, of: parts },
          ...(only === undefined ? {} : { only }),
        }),
      );
      report = await runInThreads(bundle, jobs);
      process.stdout.write(`${formatSequences('sequences', report)}\n`);
      return report.failure === null ? 0 : 1;
    }
    if (values.replay === undefined) {
      process.stdout.write(`seed ${seed}, ${inputs} inputs, ${of} threads\n`);
      const jobs = Array.from({ length: of }, (_, part): Job => ({ kind: 'mutations', seed, inputs, part, of }));
      report = await runInThreads(bundle, jobs);
    } else {
      const input = whole('replay', values.replay, 0);
      report = await runInThread(bundle, { kind: 'mutations', seed, inputs: input + 1, part: 0, of: 1, only: input });
    }
    process.stdout.write(`${formatReport('mutations', report)}\n`);
    return report.failure === null ? 0 : 1;
  } finally {
    rmSync(bundle, { force: true });
  }
});
