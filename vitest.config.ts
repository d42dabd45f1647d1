import { availableParallelism } from 'node:os';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/tools/longest-first.ts';

const node = {
  environment: 'node' as const,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // As the server runs.
  setupFiles: ['server/v8-flags.ts'],
  sequence: { groupOrder: 1 },
};

/** On the embedded database they run with all other benches. */
const nativeOnly = process.env.DATABASE_URL ? [] : ['test/bench/database.test.ts'];

export default defineConfig({
  test: {
    // Of two processors it would leave one idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...node,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/flow/**', 'test/e2e/**', 'test/web/**', 'test/sim/sim.test.ts', ...nativeOnly],
        },
      },
      {
        // Alone, before all others: both processors are its own.
        test: { ...node, name: 'sim', include: ['test/sim/sim.test.ts'], sequence: { groupOrder: 0 } },
      },
      {
        plugins: [svelte()],
        resolve: { conditions: ['browser'] },
        test: { ...node, environment: 'happy-dom', name: 'web', include: ['test/web/**/*.test.ts'] },
      },
      {
        test: {
          ...node,
          name: 'flow',
          include: ['test/flow/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          ...node,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
