import { parseArgs } from 'node:util';
import { messageOf } from '../../server/errors.ts';
import { temporaryFolder } from '../tools/serve.ts';
import { runCampaign } from './campaign.ts';

const usage = `usage: npm run test:kill -- [--kills N] [--events E] [--seed S] [--over push|file] [--postgres FOLDER [--database-kills N]]

  --kills N            times that the server is killed (20)
  --events E           events of the load (1,000,000)
  --over push|file     the load comes over an acknowledged feed, whose sender is killed too, each third time (file)
  --seed S             which load, and which moments (1)
  --postgres FOLDER    a cluster of its own, by the programs there (initdb, postgres, with TimescaleDB)
  --database-kills N   times that its postmaster is killed (5)

DATABASE_URL: databases on that server in place of embedded ones; its login must be allowed to create them.`;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
const seconds = (ms: number) => (ms / 1000).toFixed(1);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '20' },
      events: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      over: { type: 'string', default: 'file' },
      postgres: { type: 'string' },
      'database-kills': { type: 'string', default: '5' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const [kills, events, seed, databaseKills] = [values.kills, values.events, values.seed, values['database-kills']].map(
    (text) => Number(text.replaceAll('_', '')),
  );
  const { over } = values;
  if (over !== 'file' && over !== 'push') throw new Error(`--over ${over}: write file or push\n\n${usage}`);
  for (const [i, number] of [kills, events, seed, databaseKills].entries())
    if (!Number.isSafeInteger(number) || number < (i < 2 ? 1 : 0))
      throw new Error(`kills, events, seed and database-kills are whole numbers\n\n${usage}`);
  const { DATABASE_URL: databaseUrl } = process.env;
  const folder = temporaryFolder('kill');
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    const { held, differences, ...result } = await runCampaign({
      ...{ folder: folder.path, kills, events, seed, say, over },
      ...(databaseUrl && { databaseUrl }),
      ...(values.postgres !== undefined && { postgres: { programs: values.postgres, kills: databaseKills } }),
    });
    const { restartsMs } = result;
    const tooLate = result.kills.filter(({ come }) => come.ended).length;
    say(
      `${result.kills.length - tooLate} kills of the server while the load came in, ${tooLate} behind its end, ${result.databaseKills} of the database, ${result.senderKills} of the sender`,
    );
    say(`restart: median ${seconds(median(restartsMs))} s, at most ${seconds(Math.max(...restartsMs))} s`);
    say(
      `${held.events.toLocaleString('en')} events: ${held.lost.length} lost, ${held.doubled.length} doubled, ${held.wrong.length} wrong`,
    );
    for (const kind of ['lost', 'doubled', 'wrong'] as const)
      if (held[kind].length > 0) say(`  ${kind}: from event ${held[kind][0]} to ${held[kind].at(-1)}`);
    const rows = Object.entries(held.counters).map(([table, lines]) => `${table} ${lines.length}`);
    const { intervals, figures, told } = held.oracle!;
    say(`rows compared with the undisturbed run: ${rows.join(', ')}`);
    const nonZero = Object.entries(told).map(([table, count]) => `${table} ${count}`);
    say(
      `${figures.toLocaleString('en')} figures of ${intervals} intervals compared with the oracle; not 0: ${nonZero.join(', ')}`,
    );
    say(differences.length === 0 ? 'counters equal' : differences.join('\n'));
    return held.lost.length + held.doubled.length + held.wrong.length + differences.length + tooLate === 0 ? 0 : 1;
  } finally {
    folder.remove();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
