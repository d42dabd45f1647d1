import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildFuzzer } from './build.ts';
import type { Job } from './jobs.ts';
import { formatReport } from './report.ts';
import { runInThread, runInThreads } from './threads.ts';

const threads = 2;

let bundle = '';
beforeAll(async () => {
  bundle = await buildFuzzer('damage');
});
afterAll(() => rmSync(bundle, { force: true }));

test('good inputs come out as they should, and hostile ones cost little', async () => {
  const report = await runInThread(bundle, { kind: 'checks' });
  expect(report.failure).toBe(null);
});

test('every truncation and every flipped bit of every vector and of each captured frame up to 300 octets', {
  timeout: 600_000,
}, async () => {
  const jobs = Array.from({ length: threads }, (_, part): Job => ({ kind: 'damage', part, of: threads, every: 1 }));
  const report = await runInThreads(bundle, jobs);
  console.log(formatReport('damage', report));
  expect(report.failure).toBe(null);
  expect(report.inputs).toBeGreaterThan(1_000_000);
  expect(report.messages).toBeGreaterThan(report.inputs / 10);
});
