import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildFuzzer } from './build.ts';
import type { Job } from './jobs.ts';
import { formatSequences } from './report.ts';
import { runInThreads } from './threads.ts';

const seed = 20261122;
const sequences = 300;
const threads = 2;

let bundle = '';
beforeAll(async () => {
  bundle = await buildFuzzer('sequences');
});
afterAll(() => rmSync(bundle, { force: true }));

test('300 sequences of messages in any order: rows that may be, work and memory bounded, nobody taken for another', async () => {
  const jobs = Array.from(
    { length: threads },
    (_, part): Job => ({ kind: 'sequences', seed, sequences, part, of: threads }),
  );
  const report = await runInThreads(bundle, jobs);
  console.log(formatSequences(`sequences, seed ${seed}`, report));
  expect(report.failure).toBe(null);
  expect(report.inputs).toBe(sequences);
  expect(report.rows).toBeGreaterThan(report.messages / 20);
});
