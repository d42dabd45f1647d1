import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import type { Plant } from '../fuzz/build.ts';
import { root } from '../tools/shared-inputs.ts';

/** What stands for modules that reach outside the process. */
const standIns: readonly (readonly [RegExp, string])[] = [
  [/^pg$/, 'fake-pg.ts'],
  [/^pg-copy-streams$/, 'fake-pg-copy.ts'],
  [/\/maintenance\.ts$/, 'fake-upkeep.ts'],
  [/\/(queries|sync-files)\.ts$/, 'fake-files.ts'],
];

/** Buffers and bounds of production code, made small: so a small world comes to every edge of them, and soon. */
const smaller: readonly Plant[] = [
  ['server/journal/journal.ts', 'const pendingBytesMax = 64 << 20;', 'const pendingBytesMax = 1 << 14;'],
  ['server/journal/journal.ts', 'const chunkBytes = 1 << 20;', 'const chunkBytes = 1 << 11;'],
  ['server/journal/journal.ts', 'const commitBytes = 4 << 20;', 'const commitBytes = 1 << 12;'],
  ['server/journal/reader.ts', 'const windowBytes = 1 << 20;', 'const windowBytes = 1 << 10;'],
  ['server/journal/segment.ts', 'const scanBytes = 1 << 20;', 'const scanBytes = 1 << 10;'],
  ['server/core/snapshot-file.ts', 'const chunkBytes = 4 << 20;', 'const chunkBytes = 1 << 14;'],
  ['server/state-writer.ts', 'const pieceBytesMax = 2 << 20;', 'const pieceBytesMax = 1 << 15;'],
  ['server/events/sorter.ts', 'const outRows = 8192;', 'const outRows = 32;'],
  ['server/events/sorter.ts', 'const ringRowsFirst = 1 << 14;', 'const ringRowsFirst = 1 << 6;'],
  ['server/events/feed-messages.ts', 'export const batchRows = 8192;', 'export const batchRows = 16;'],
  ['server/store/intake.ts', 'const batchRowsMin = 5_000;', 'const batchRowsMin = 40;'],
  ['server/store/intake.ts', 'const batchRowsMax = 24_576;', 'const batchRowsMax = 160;'],
  ['server/occupancy/sharded-table.ts', 'const shardCount = 256;', 'const shardCount = 4;'],
  ['server/occupancy/sharded-table.ts', 'return (x ^ (x >>> 13)) >>> 0;', 'return (x ^ (x >>> 13)) & 0x3ffffff;'],
  ['server/store/durable-offset.ts', 'const checkpointEveryMs = 30_000;', 'const checkpointEveryMs = 200;'],
  ['server/store/copy-buffer.ts', 'capacityBytes = 16 * 1024', 'capacityBytes = 512'],
].map(([file, find, replace]) => ({ file, find, replace }));

/**
 * Bundles the simulation with the production modules as they stand in the sources, with planted bugs if any. Test-only:
 * it goes to `dist/sim`, which nothing that is shipped reads.
 *
 * @returns path of the bundle
 * @throws where a plant does not match exactly one place: it no longer plants what it says
 */
export async function buildSimulation(name: string, bugs: readonly Plant[] = []): Promise<string> {
  const plants = [...bugs, ...smaller];
  const planted = new Set<Plant>();
  const bundle = await rolldown({
    input: join(root, 'test/sim/worker.ts'),
    platform: 'node',
    external: (id) => !/^[./]/.test(id) && !standIns.some(([pattern]) => pattern.test(id)),
    logLevel: 'warn',
    plugins: [
      {
        name: 'simulation',
        resolveId(id) {
          const standIn = standIns.find(([pattern]) => pattern.test(id));
          return standIn === undefined ? null : join(root, 'test/sim', standIn[1]);
        },
        transform(code, id) {
          const path = relative(root, id);
          let text = code;
          for (const plant of plants) {
            if (plant.file !== path) continue;
            const places = text.split(plant.find).length - 1;
            if (places !== 1) throw new Error(`${path}: '${plant.find}' stands there ${places} times, not once`);
            text = text.replace(plant.find, () => plant.replace);
            planted.add(plant);
          }
          return text === code ? null : { code: text };
        },
      },
    ],
  });
  const file = join(root, 'dist/sim', `${name}-${process.pid}.mjs`);
  await bundle.write({ file, format: 'esm', topLevelVar: false, codeSplitting: false });
  await bundle.close();
  const missing = plants.find((plant) => !planted.has(plant));
  if (missing === undefined) return file;
  rmSync(file, { force: true });
  throw new Error(`${missing.file}: not part of the simulation`);
}
