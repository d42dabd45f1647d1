import { build, type Plugin } from 'rolldown';
import { root } from './shared-inputs.ts';

/**
 * Bundles a module of the project into one file that Node runs, as the build does.
 *
 * @param source TypeScript of the entry; its imports are relative to the root
 * @param plugins that may change modules on their way
 */
export async function bundle(source: string, file: string, plugins: Plugin[] = []): Promise<void> {
  const entry = 'entry.ts';
  await build({
    cwd: root,
    input: entry,
    platform: 'node',
    external: /^node:|^[^./\0e]|^e(?!ntry\.ts$)/,
    logLevel: 'silent',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? `${root}/${entry}` : null),
        load: (id) => (id === `${root}/${entry}` ? { code: source, moduleType: 'ts' } : null),
      },
      ...plugins,
    ],
    output: { file, format: 'esm', codeSplitting: false },
  });
}
