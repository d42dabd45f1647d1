import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf, UserError } from '../../server/errors.ts';

type Values<K extends string> = Partial<Record<K, string>>;

/**
 * Runs a test's command with its options and sets the exit code: as `main` says, 0 where help is asked for, 2 and the
 * usage where an option is wrong.
 *
 * @param names of options that have a value
 * @param flags of options that have none
 */
export async function runCommand<K extends string, F extends string>(
  usage: string,
  { names, flags }: { names: readonly K[]; flags: readonly F[] },
  main: (values: Values<K>, set: ReadonlySet<F>) => Promise<number>,
): Promise<void> {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean' } };
  for (const name of names) options[name] = { type: 'string' };
  for (const name of flags) options[name] = { type: 'boolean' };
  try {
    const { values } = parseArgs({ options });
    if (values.help === true) process.stdout.write(`${usage}\n`);
    else process.exitCode = await main(values as Values<K>, new Set(flags.filter((name) => values[name] === true)));
  } catch (error) {
    const isOption = error instanceof UserError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
    if (isOption !== true) throw error;
    process.stderr.write(`${messageOf(error)}\n${usage}\n`);
    process.exitCode = 2;
  }
}
