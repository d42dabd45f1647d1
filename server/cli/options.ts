import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Config, makeConfig } from '../config.ts';
import { messageOf, UserError } from '../errors.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** `parseArgs` whose complaints are one line and name the help. */
export function readOptions<T extends Options>(command: string, argv: string[], options: T, allowPositionals = false) {
  try {
    return parseArgs({ args: argv, options, allowPositionals, strict: true });
  } catch (error) {
    const what = messageOf(error).split('. ')[0].replace(/\s+/g, ' ');
    throw new UserError('USAGE', `${command}: ${what}; see 'npm run -s signalwall -- help ${command}'`, {
      exitCode: 2,
      cause: error,
    });
  }
}

/** The configuration from `--config FILE` and `--set name=value …`, over `base`. */
export function readConfig(
  file: string | undefined,
  sets: string[] | undefined,
  base: Record<string, unknown> = {},
): Config {
  const layers = [{ where: 'defaults of the feed', settings: base }];
  if (file !== undefined) {
    try {
      layers.push({ where: file, settings: JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown> });
    } catch (error) {
      throw new UserError(
        'CONFIG_FILE',
        `--config ${file}: ${messageOf(error)}; it must be a JSON object of settings`,
        { cause: error },
      );
    }
  }
  for (const set of sets ?? []) {
    const at = set.indexOf('=');
    if (at < 1) throw new UserError('USAGE', `--set ${set}: write --set name=value`, { exitCode: 2 });
    layers.push({ where: '--set', settings: { [set.slice(0, at)]: set.slice(at + 1) } });
  }
  return makeConfig(...layers);
}
