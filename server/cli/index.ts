import '../v8-flags.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { knobs } from '../knobs.ts';
import { projectRoot } from '../root.ts';
import type { Command } from './command.ts';
import { countCommand } from './count.ts';
import { decodeCommand } from './decode.ts';
import { eraseCommand } from './erase.ts';
import { importCommand } from './import.ts';
import { sendCommand } from './send.ts';
import { serveCommand } from './serve.ts';
import { simulateCommand } from './simulate.ts';
import { withoutTyped } from './typed-identities.ts';

const commands: readonly Command[] = [
  serveCommand,
  decodeCommand,
  countCommand,
  simulateCommand,
  sendCommand,
  importCommand,
  eraseCommand,
];

function helpText(): string {
  return [
    'Signalwall: a live picture of where people are, from the signalling of a mobile network.',
    '',
    'usage: npm run -s signalwall -- COMMAND [OPTION …]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`),
    '',
    "  help NAME  a command's options; 'help config' lists the settings of --config and --set",
    '  --version  the version of this checkout',
    '  --verbose  after any command: show the stack trace of an error',
    '',
    'Exit codes: 0 done, 1 an error that the last line names, 2 wrong usage, 70 a bug of Signalwall.',
  ].join('\n');
}

function configText(): string {
  const lines = Object.entries(knobs).map(([name, knob]) => {
    const range = 'min' in knob ? `, ${knob.min} … ${knob.max}` : '';
    return `  ${name.padEnd(22)} ${knob.meaning} (${knob.unit}${range}; default ${knob.default === '' ? 'empty' : knob.default})`;
  });
  return ['Settings, for --config FILE (a JSON object) and --set name=value:', '', ...lines].join('\n');
}

function help(topic: string | undefined): number {
  const command = commands.find(({ name }) => name === topic);
  if (topic !== undefined && topic !== 'config' && command === undefined) {
    throw new UserError('USAGE', `no command '${topic}'; 'help' lists them`, { exitCode: 2 });
  }
  process.stdout.write(`${topic === 'config' ? configText() : (command?.usage ?? helpText())}\n`);
  return 0;
}

function version(): number {
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
  process.stdout.write(`signalwall ${version}\n`);
  return 0;
}

async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return help(rest[0]);
  if (name === 'version' || name === '--version') return version();
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) throw new UserError('USAGE', `no command '${name}'; 'help' lists them`, { exitCode: 2 });
  if (rest.includes('--help') || rest.includes('-h')) return help(name);
  return command.run(rest);
}

const argv = process.argv.slice(2);
const verbose = argv.includes('--verbose');
const say = (text: string) => process.stderr.write(`${withoutTyped(text, argv)}\n`);
try {
  process.exitCode = await main(argv.filter((argument) => argument !== '--verbose'));
} catch (error) {
  say(`error: ${messageOf(error)}`);
  if (verbose && error instanceof Error)
    say(
      `${error.stack}${error.cause === undefined ? '' : `\ncaused by: ${(error.cause as Error).stack ?? error.cause}`}`,
    );
  else if (!(error instanceof UserError)) say('This is a bug of Signalwall; --verbose shows where.');
  process.exit(error instanceof UserError ? error.exitCode : 70);
}
