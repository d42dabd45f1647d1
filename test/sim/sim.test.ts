import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildSimulation } from './build.ts';
import { missed, sumOf } from './coverage.ts';
import { runInThread } from './threads.ts';

/** In two threads; every twentieth is played twice. */
const seeds = 3_000;
const of = 2;

let bundle = '';
beforeAll(async () => {
  bundle = await buildSimulation('test');
});
afterAll(() => rmSync(bundle, { force: true }));

test('whatever happens to server, disk, database and feeds: each row is kept, counted and stored once', {
  timeout: 300_000,
}, async () => {
  const cpu = process.cpuUsage();
  const parts = Array.from({ length: of }, (_, part) => ({ from: 0, seeds, part, of, twiceEvery: 20, trace: false }));
  const reports = await Promise.all(parts.map((job) => runInThread(bundle, job)));
  const { user, system } = process.cpuUsage(cpu);
  const failures = reports.flatMap(({ failure }) => failure ?? []);
  const told = failures.map(({ seed, text }) => `npm run test:sim -- --seeds 1 --from ${seed} --trace: ${text}`);
  expect(told).toEqual([]);
  expect(reports.reduce((sum, report) => sum + report.seeds, 0)).toBe(seeds);
  expect(missed(sumOf(reports.map(({ met }) => met))), 'paths that no seed has met').toEqual([]);
  console.log(`${seeds} seeds: ${Math.round((user + system) / 1e6 / of)} s of processor time in each of ${of} threads`);
});

test('a world is told line by line, the same each time', async () => {
  const play = async () => {
    const lines: string[] = [];
    const job = { from: 7, seeds: 1, part: 0, of: 1, twiceEvery: 1, trace: true };
    const { failure } = await runInThread(bundle, job, (line) => lines.push(line));
    expect(failure).toBeNull();
    return lines;
  };
  const lines = await play();
  expect(lines.length).toBeGreaterThan(100);
  expect(await play()).toEqual(lines);
});
