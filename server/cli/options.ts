import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Config, makeConfig } from '../config.ts';
import { messageOf, UserError, whyUnreadable } from '../errors.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * `--every -1s` as `--every=-1s`: `parseArgs` takes no value that begins with a dash, but whoever writes one means a
 * value (no command has options of one letter), and the range check of that option has better words for it.
 */
function joinNegativeValues(argv: string[], options: Options): string[] {
  const end = argv.indexOf('--');
  const joined: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const value = argv[i + 1] ?? '';
    const takesValue = argv[i].startsWith('--') && options[argv[i].slice(2)]?.type === 'string';
    if (takesValue && /^-[^-]/.test(value) && (end < 0 || i + 1 < end)) {
      joined.push(`${argv[i]}=${value}`);
      i++;
    } else {
      joined.push(argv[i]);
    }
  }
  return joined;
}

/** What `parseArgs` complains of, in one line. */
function complaint(error: unknown): string {
  const text = messageOf(error);
  const option = /^Option '(--[\w-]+)[^']*' argument (?:missing|is ambiguous)/.exec(text)?.[1];
  if (option !== undefined) return `${option} has no value; write one behind it`;
  // Whoever types an identity where a file is wanted need not find it in a log.
  return text
    .split('. ')[0]
    .replace(/\s+/g, ' ')
    .replace(/\d{7,}/g, '…');
}

/** `parseArgs` whose complaints are one line and name the help. */
export function readOptions<T extends Options>(command: string, argv: string[], options: T, allowPositionals = false) {
  try {
    return parseArgs({ args: joinNegativeValues(argv, options), options, allowPositionals, strict: true });
  } catch (error) {
    const what = complaint(error);
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
    layers.push({ where: file, settings: readSettings(file) });
    // A mistake in the file is told before one on the command line, and is no usage error.
    makeConfig(...layers);
  }
  for (const set of sets ?? []) {
    const at = set.indexOf('=');
    if (at < 1) throw new UserError('USAGE', `--set ${set}: write --set name=value`, { exitCode: 2 });
    layers.push({ where: '--set', settings: { [set.slice(0, at)]: set.slice(at + 1) } });
  }
  try {
    return makeConfig(...layers);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.code, error.message, { exitCode: 2, cause: error });
  }
}

/** @throws UserError CONFIG_FILE */
function readSettings(file: string): Record<string, unknown> {
  const remedy = 'it must be a JSON object of settings';
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError('CONFIG_FILE', `--config ${file}: ${whyUnreadable(error)}`, { cause: error });
  }
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch (error) {
    const what = messageOf(error).replace(/\s+/g, ' ');
    throw new UserError('CONFIG_FILE', `--config ${file}: ${what}; ${remedy}`, { cause: error });
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw new UserError('CONFIG_FILE', `--config ${file}: holds no JSON object; ${remedy}`);
  }
  return settings as Record<string, unknown>;
}
