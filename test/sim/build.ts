import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import type { Plant } from '../fuzz/build.ts';
import { root } from '../tools/shared-inputs.ts';

/** What stands for modules that reach outside the process. */
const standIns: readonly (readonly [RegExp, string])[] = [
  [/^pg$/, 'fake-pg.ts'],
  [/\/copy-in\.ts$/, 'fake-pg-copy.ts'],
  [/\/maintenance\.ts$/, 'fake-upkeep.ts'],
  [/\/queries\.ts$/, 'fake-files.ts'],
];

/** Buffers and bounds of production code, made small: so a small world comes to every edge of them, and soon. */
const smaller: readonly [file: string, constant: string, value: string][] = [
  ['server/journal/journal.ts', 'pendingBytesMax', '1 << 14'],
  ['server/journal/journal.ts', 'chunkBytes', '1 << 11'],
  ['server/journal/journal.ts', 'commitBytes', '1 << 12'],
  ['server/journal/reader.ts', 'windowBytes', '1 << 10'],
  ['server/journal/tail.ts', 'windowBytes', '1 << 10'],
  ['server/core/snapshot-file.ts', 'chunkBytes', '1 << 12'],
  ['server/state-writer.ts', 'pieceBytesMax', '1 << 13'],
  ['server/held-memory.ts', 'groupBits', '3'],
  ['server/held-memory.ts', 'blockBits', '3'],
  ['server/privacy/pair-table.ts', 'segmentBits', '2'],
  ['server/events/sorter.ts', 'outRows', '32'],
  ['server/events/sorter.ts', 'ringRowsFirst', '1 << 6'],
  ['server/events/feed-messages.ts', 'batchRows', '16'],
  ['server/cli/aside-files.ts', 'blockBytes', '1 << 15'],
  ['server/core/store-reader.ts', 'againMs', '100'],
  ['server/store/late-store.ts', 'retryMs', '60'],
  ['server/store/late-store.ts', 'retryMsMax', '400'],
  ['server/store/intake.ts', 'batchRowsMin', '40'],
  ['server/store/intake.ts', 'batchRowsMax', '160'],
  ['server/store/durable-offset.ts', 'checkpointEveryMs', '200'],
  ['server/store/facts-activity.ts', 'firstCapacity', '16'],
  ['server/occupancy/sharded-table.ts', 'shardCount', '4'],
  ['server/occupancy/occupancy.ts', 'cellCapacityFirst', '4'],
  ['server/occupancy/stays.ts', 'rows', '16'],
  ['server/occupancy/ending-stays.ts', 'chunkRows', '8'],
  ['server/occupancy/origin-places.ts', 'chunkRows', '8'],
  ['server/occupancy/subscriber-notes.ts', 'pieceRows', '64'],
  ['server/occupancy/subscriber-notes.ts', 'growthPages', '1'],
  ['server/occupancy/trail-entry.ts', 'chunkRows', '64'],
  ['server/occupancy/trail-entry.ts', 'chunkBits', '6'],
  ['server/occupancy/trail-entry.ts', 'chunkMask', '63'],
  ['server/occupancy/trail-entry.ts', 'chunkNumberMask', '0x3ffffff'],
];

/** The same where it is no constant. */
const others: readonly Plant[] = [
  {
    file: 'server/occupancy/sharded-table.ts',
    find: 'return (x ^ (x >>> 13)) >>> 0;',
    replace: 'return (x ^ (x >>> 13)) & 0x3ffffff;',
  },
  // Facts count hours of six seconds, and the database knows (`tables.ts`).
  {
    file: 'server/store/facts-upkeep.ts',
    find: "import { dayUs, formatTimeUs, hourUs, minuteUs } from '../clock.ts';",
    replace: `import { formatTimeUs } from '../clock.ts';
const minuteUs = 100_000;
const hourUs = 60 * minuteUs;
const dayUs = 24 * hourUs;`,
  },
  {
    file: 'server/store/facts-upkeep.ts',
    find: 'embedded: 4_000, real: 40_000',
    replace: 'embedded: 3, real: 7',
  },
  {
    file: 'server/store/facts-dirty.ts',
    find: "import { hourUs } from '../clock.ts';",
    replace: 'const hourUs = 6_000_000;',
  },
  { file: 'server/store/copy-buffer.ts', find: 'capacityBytes = 16 * 1024', replace: 'capacityBytes = 512' },
];

/** The text with a constant of another value. */
function withConstant(text: string, path: string, constant: string, value: string): string {
  const all = new RegExp(`\\bconst ${constant} = [^;]+;`, 'g');
  const places = text.match(all)?.length ?? 0;
  if (places !== 1) throw new Error(`${path}: the constant ${constant} stands there ${places} times, not once`);
  return text.replace(all, `const ${constant} = ${value};`);
}

/**
 * Bundles the simulation with the production modules as they stand in the sources, with planted bugs if any. Test-only:
 * it goes to `dist/sim`, which nothing that is shipped reads.
 *
 * @returns path of the bundle
 * @throws where a plant does not match exactly one place: it no longer plants what it says
 */
export async function buildSimulation(name: string, bugs: readonly Plant[] = []): Promise<string> {
  const plants = [...bugs, ...others];
  const planted = new Set<Plant>();
  const made = new Set<string>();
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
          for (const [file, constant, value] of smaller) {
            if (file !== path) continue;
            text = withConstant(text, path, constant, value);
            made.add(file);
          }
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
  const missing = plants.find((plant) => !planted.has(plant))?.file ?? smaller.find(([each]) => !made.has(each))?.[0];
  if (missing === undefined) return file;
  rmSync(file, { force: true });
  throw new Error(`${missing}: not part of the simulation`);
}
