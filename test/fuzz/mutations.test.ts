import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildFuzzer } from './build.ts';
import type { Job } from './jobs.ts';
import { formatReport } from './report.ts';
import { runInThreads } from './threads.ts';

const seed = 20261122;
const inputs = 2_000_000;
const threads = 2;
/** How much more a decoder may hold after one block than after another, octets: noise of the collector. */
const heapNoiseBytes = 8 << 20;

let bundle = '';
beforeAll(async () => {
  bundle = await buildFuzzer('mutations');
});
afterAll(() => rmSync(bundle, { force: true }));

const each = (job: (part: number) => Job): Job[] => Array.from({ length: threads }, (_, part) => job(part));

test('2 million seeded mutations: only DecodeError inside, nothing escapes, steps, depth and memory bounded', {
  timeout: 600_000,
}, async () => {
  const report = await runInThreads(
    bundle,
    each((part) => ({ kind: 'mutations', seed, inputs, part, of: threads })),
  );
  console.log(formatReport(`seed ${seed}`, report));
  expect(report.failure).toBe(null);
  expect(report.inputs).toBe(inputs);
  // It is no use if the damage keeps everything from being read, or if nothing is refused.
  expect(report.messages).toBeGreaterThan(inputs / 5);
  expect(report.components).toBeGreaterThan(inputs / 50);
  expect(report.rows).toBeGreaterThan(inputs / 200);
  expect(report.faults.length).toBeGreaterThan(50);
  expect(Math.max(...report.heap) - Math.min(...report.heap)).toBeLessThan(heapNoiseBytes);
});

test('capture files damaged anywhere are read to their fault, and no further', { timeout: 600_000 }, async () => {
  const report = await runInThreads(bundle, [{ kind: 'files', seed, inputs: 20_000 }]);
  console.log(formatReport(`files, seed ${seed}`, report));
  expect(report.failure).toBe(null);
  expect(report.inputs).toBe(20_000);
});
