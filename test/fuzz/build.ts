import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from '../tools/shared-inputs.ts';
import { instrument } from './instrument.ts';

/** A bug to plant: the text of one place in one file, and what it becomes. */
export interface Plant {
  file: string;
  find: string;
  replace: string;
}

/** What counts its steps: everything that hostile octets reach. */
const underTest = /^server\/(decode|capture|correlate)\//;

/**
 * Bundles the fuzzing thread with the decoder as it stands in the sources, instrumented, and with planted bugs if any.
 * Test-only: it goes to `dist/fuzz`, which nothing that is shipped reads.
 *
 * @returns path of the bundle
 * @throws where a plant does not match exactly one place: it no longer plants what it says
 */
export async function buildFuzzer(name: string, plants: readonly Plant[] = []): Promise<string> {
  let nextId = 0;
  const planted = new Set<Plant>();
  const bundle = await rolldown({
    input: join(root, 'test/fuzz/worker.ts'),
    platform: 'node',
    external: (id) => !/^[./]/.test(id),
    logLevel: 'warn',
    plugins: [
      {
        name: 'instrument',
        transform(code, id) {
          const path = relative(root, id);
          if (!underTest.test(path)) return null;
          let text = code;
          for (const plant of plants) {
            if (plant.file !== path) continue;
            const places = text.split(plant.find).length - 1;
            if (places !== 1) throw new Error(`${path}: '${plant.find}' stands there ${places} times, not once`);
            text = text.replace(plant.find, () => plant.replace);
            planted.add(plant);
          }
          const done = instrument(text, path, nextId);
          nextId = done.nextId;
          return { code: done.code };
        },
      },
    ],
  });
  const missing = plants.filter((plant) => !planted.has(plant));
  const file = join(root, 'dist/fuzz', `${name}-${process.pid}.mjs`);
  await bundle.write({ file, format: 'esm', topLevelVar: false, codeSplitting: false });
  await bundle.close();
  if (missing.length === 0 || plants.every((plant) => planted.has(plant))) return file;
  rmSync(file, { force: true });
  throw new Error(`${missing[0].file}: not part of what is fuzzed`);
}
