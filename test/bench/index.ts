import '../../server/v8-flags.ts';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Figure } from './bench.ts';
import { benches } from './list.ts';

const help = () =>
  [
    'usage: npm run bench -- [--only NAME,…] [--json FILE] [--small]',
    '',
    ...benches.map(({ name, meaning }) => `  ${name.padEnd(12)} ${meaning}`),
  ].join('\n');

function format({ key, value, unit }: Figure): string {
  const text = Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
  return `  ${key.padEnd(44)} ${text.padStart(14)} ${unit}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      json: { type: 'string' },
      small: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  const names = values.only?.split(',') ?? benches.map(({ name }) => name);
  const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
  if (values.help === true || unknown.length > 0) {
    if (unknown.length > 0) process.stderr.write(`no bench ${unknown.join(', ')}\n`);
    process.stdout.write(`${help()}\n`);
    return unknown.length > 0 ? 2 : 0;
  }
  const machine = `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform}`;
  process.stdout.write(`${machine}\n`);
  const figures: Figure[] = [];
  for (const bench of benches.filter(({ name }) => names.includes(name))) {
    process.stdout.write(`${bench.name}: ${bench.meaning}\n`);
    const measured = await bench.run(values.small === true ? 'small' : 'full');
    for (const figure of measured) process.stdout.write(`${format(figure)}\n`);
    figures.push(...measured);
  }
  if (values.json !== undefined) {
    const byKey = Object.fromEntries(figures.map(({ key, value, unit }) => [key, { value, unit }]));
    writeFileSync(values.json, `${JSON.stringify({ machine, figures: byKey }, null, 2)}\n`);
  }
  return 0;
}

process.exitCode = await main();
