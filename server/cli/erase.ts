import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { systemTimers } from '../clock.ts';
import { heardElsewhere, messageOf, UserError } from '../errors.ts';
import { BaseFile } from '../journal/base.ts';
import { nodeDisk } from '../journal/disk.ts';
import { consoleLog } from '../log.ts';
import { type Holder, type OptOutEntry, OptOuts, ofStoredForm, storedForm } from '../privacy/opt-outs.ts';
import { clientConfig, type Database, settleSession, timestampUs } from '../store/connection.ts';
import { EmbeddedDatabase } from '../store/embedded/embedded-database.ts';
import { isLocked } from '../store/embedded/folder-lock.ts';
import { type Erased, type ErasedRows, erase, refuseOldSchema } from '../store/erasure.ts';
import { readLedgerRow } from '../store/ledger.ts';
import { namedQuery } from '../store/queries.ts';
import { openRealDatabase } from '../store/real-database.ts';
import type { Command } from './command.ts';
import { changed, pseudonymiserOf, storeOptOuts } from './import-opt-outs.ts';
import { keptHolders, keptOptOuts } from './opt-out-file.ts';
import { readOptOuts } from './opt-out-input.ts';
import { takeOverMs } from './opt-out-keeper.ts';
import { readOptions } from './options.ts';
import { counted } from './words.ts';

const usage = `usage: npm run -s signalwall -- erase --opt-outs FILE [--data DIR]

Removes what is stored of subscribers: located events, stays, facts by hour, day and month, whom they called and who
called them, their numbers, handsets and registrations; of compressed chunks too. First they come to the list of those
who have opted out (see 'help import'), so that nothing of them comes back from the journal or is stored anew. Prints how
many rows each table has lost.

By a number goes whoever was told last to have it. Who was told another number since has opted out with it, but is not
erased, for the number may be somebody else's by now: how many those are is printed. Give their IMSIs to erase them.

  --opt-outs FILE  IMSIs and telephone numbers, as 'import --opt-outs' takes them; - is standard input
  --data DIR       data folder (default: SIGNALWALL_DATA, else ./.signalwall), whose key made the pseudonyms
  --verbose        show the stack trace of an error

With DATABASE_URL the server may run meanwhile; it must be ended where the database is the embedded one, which is its own.
Databases of the data folder that are not reached this time are named.

What stays: counters and aggregates, in which nobody is named; an event that was traffic, without its subscriber; records
of the journal until the server lets them go, and its three snapshots until newer ones take their place: neither is
stored, shown or counted from again while the subscribers are on the list. Copies that were made of the database, and
rows set aside in the folder 'quarantine', are not touched.`;

/** With a server at work, what it was about to store when the list came is looked for again, so many times at most. */
const passesMax = 5;
const betweenMs = 2_000;
/** Of a statement on the embedded database: a table may be large. */
const deadlineMs = 4 * 3_600_000;

interface Target {
  readonly database: Database;
  close(): Promise<void>;
}

async function run(argv: string[]): Promise<number> {
  const { values } = readOptions('erase', argv, { 'opt-outs': { type: 'string' }, data: { type: 'string' } });
  const path = values['opt-outs'];
  if (path === undefined) throw new UserError('USAGE', 'erase: whom? write --opt-outs FILE', { exitCode: 2 });
  const dataDir = resolve(values.data ?? process.env.SIGNALWALL_DATA ?? '.signalwall');
  if (!existsSync(join(dataDir, 'keys')))
    throw new UserError('ERASE_DATA', `${dataDir} holds no pseudonym key: name the server's data folder with --data`);
  // Whoever reads along may go: what was begun is done to its end.
  process.stdout.off('error', heardElsewhere).on('error', heardElsewhere);
  await eraseFrom(dataDir, path, process.env.DATABASE_URL ?? '', (line) => process.stdout.write(`${line}\n`));
  return 0;
}

/** @param url of the database; '': the embedded ones of the data folder */
async function eraseFrom(dataDir: string, path: string, url: string, say: (line: string) => void): Promise<void> {
  const pseudonymiser = pseudonymiserOf(dataDir);
  const given = await readOptOuts(path, pseudonymiser);
  const { entries, added } = changed(keptOptOuts(dataDir, pseudonymiser) ?? [], given, 'add');
  storeOptOuts(dataDir, entries, pseudonymiser);
  say(
    `opted out: ${counted(added, 'identity', 'identities')} added, ${counted(entries.length, 'identity', 'identities')} in all`,
  );
  const has = (network: string, what: string) => existsSync(join(dataDir, network, what));
  const networks = networksOf(dataDir).filter((network) => has(network, 'journal') || has(network, 'pg'));
  const isRunning = (network: string) => isLocked(join(dataDir, network, 'journal'));
  const embedded = networks.filter((network) => has(network, 'pg'));
  const elsewhere = networks.filter((network) => !has(network, 'pg'));
  const kept = 'the list is kept: from now on nothing of them is counted or stored';
  if (url === '' && embedded.length === 0 && elsewhere.length > 0)
    throw new UserError('ERASE_DATABASE', `${storedElsewhere(dataDir, elsewhere)} (${kept})`);
  if (url === '' && embedded.some(isRunning)) {
    throw new UserError(
      'ERASE_RUNNING',
      `a server runs in ${dataDir}, and the embedded database is its own: end it, erase, and start it again (${kept})`,
    );
  }
  if (url === '' && networks.length === 0) say('no database is there: nothing is stored');
  const runs = url !== '' && networks.some(isRunning);
  for (const folder of url === '' ? embedded.map((network) => join(dataDir, network, 'pg')) : ['']) {
    const target = folder === '' ? await openReal(url) : await openEmbedded(folder);
    try {
      // What told it is erased: who has such a number must be known from elsewhere.
      const learn = (holders: readonly Holder[]) => storeOptOuts(dataDir, entries, pseudonymiser, holders);
      const folders = networks.map((network) => join(dataDir, network, 'journal')).filter(existsSync);
      await eraseOne(target.database, { dataDir, folders, given, runs, learn }, say);
    } finally {
      await target.close();
    }
  }
  if (url === '' && elsewhere.length > 0) say(storedElsewhere(dataDir, elsewhere));
  if (url !== '')
    for (const network of embedded)
      say(`${join(dataDir, network, 'pg')} is not touched: run it again without DATABASE_URL to erase there, too`);
  say('counters and aggregates stay, in which nobody is named; see help erase for what else does');
}

function storedElsewhere(dataDir: string, networks: readonly string[]): string {
  const folders = networks.map((network) => join(dataDir, network)).join(' and ');
  return `what the server of ${folders} has stored stands in a database of its own: run it again with its DATABASE_URL`;
}

interface Task {
  readonly dataDir: string;
  /** Of its journals. */
  readonly folders: readonly string[];
  readonly given: readonly OptOutEntry[];
  /** A server writes meanwhile. */
  readonly runs: boolean;
  /** Takes whose the numbers are, as the database knows it. */
  readonly learn: (holders: readonly Holder[]) => void;
}

async function eraseOne(
  database: Database,
  { dataDir, folders, given, runs, learn }: Task,
  say: (line: string) => void,
): Promise<void> {
  const client = new pg.Client(clientConfig(database));
  client.on('error', heardElsewhere);
  await client.connect();
  try {
    if (!database.embedded) await settleSession(client, 0);
    await refuseOldSchema(client);
    if (!database.embedded && !(await isOfJournals(client, folders)))
      say(
        `${database.name} was filled from no journal of ${dataDir}: under another pseudonym key nobody is found in it`,
      );
    const numbers = given.flatMap(({ number }) => (number === '' ? [] : [storedForm(number)]));
    const { rows } = await client.query<{ number: string; subscriber: string; timeUs: number }>(
      namedQuery('number-holders'),
      [numbers],
    );
    const holders = rows.map(({ number, subscriber, timeUs }) => ({
      ...{ number: ofStoredForm(number), subscriber: ofStoredForm(subscriber), timeUs },
    }));
    learn(holders);
    const { whom, spared } = await erasedOf(client, given, keptHolders(dataDir));
    if (runs) {
      say(`a server runs: waiting until it has taken the list over`);
      await pause(takeOverMs + betweenMs);
    }
    const told = await erase(client, whom);
    for (let pass = 1; runs && pass < passesMax; pass++) {
      await pause(betweenMs);
      const more = await erase(client, whom);
      if (more.every(({ removed, anonymous }) => removed + anonymous === 0)) break;
      for (const [i, { removed, anonymous }] of more.entries()) {
        const { table, ...before } = told[i];
        told[i] = { table, removed: before.removed + removed, anonymous: before.anonymous + anonymous };
      }
    }
    for (const line of linesOf(database.name, told)) say(line);
    if (spared > 0)
      say(
        `${counted(spared, 'subscriber')} told to have one of the numbers, and another number since, opted out but not erased: the number may be somebody else's by now; give the IMSI to erase`,
      );
  } catch (error) {
    if (error instanceof UserError) throw error;
    const what = `${database.name} refuses: ${messageOf(error)}; run it again: what is removed stays removed`;
    throw new UserError('ERASE_REFUSED', what, { cause: error });
  } finally {
    await client.end();
  }
}

/** Whether the database holds nothing, or what one of these journals held. */
async function isOfJournals(client: pg.ClientBase, folders: readonly string[]): Promise<boolean> {
  const { journal } = await readLedgerRow(client);
  if (journal === '') return true;
  for (const folder of folders) {
    const file = await BaseFile.open(nodeDisk, folder, readdirSync(folder));
    if (file?.base.id === journal) return true;
  }
  return false;
}

/** `spared`: how many had a number of the list and were told another one since: what is removed does not come back. */
async function erasedOf(
  client: pg.ClientBase,
  given: readonly OptOutEntry[],
  told: readonly Holder[],
): Promise<{ whom: Erased; spared: number }> {
  const listWith = (holders: readonly Holder[]) => {
    const list = new OptOuts();
    list.replace(given);
    list.learn(holders);
    return list;
  };
  const { holders } = listWith(told);
  const { rows } = await client.query<{ number: string }>(namedQuery('holders-told-others'), [
    holders.map(({ number }) => storedForm(number)),
    holders.map(({ subscriber }) => storedForm(subscriber)),
    holders.map(({ timeUs }) => timestampUs(timeUs)),
  ]);
  const others = new Set(rows.map(({ number }) => ofStoredForm(number)));
  const list = listWith(holders.filter(({ number }) => !others.has(number)));
  const spared = new Set(holders.flatMap(({ subscriber }) => (list.hasSubscriber(subscriber) ? [] : [subscriber])));
  const stored = (words: readonly string[]) => words.filter((word) => word !== '').map(storedForm);
  const whom = {
    subscribers: stored(list.subscribers),
    peers: stored(given.map(({ peer }) => peer)),
    numbers: stored(given.map(({ number }) => number)),
  };
  return { whom, spared: spared.size };
}

function linesOf(name: string, told: readonly ErasedRows[]): string[] {
  return [
    `${name}:`,
    ...told.map(({ table, removed, anonymous }) => {
      const kept = anonymous === 0 ? '' : `, ${counted(anonymous, 'row')} made anonymous`;
      return `  ${table.padEnd(20)} ${counted(removed, 'row')} removed${kept}`;
    }),
  ];
}

function networksOf(dataDir: string): string[] {
  return readdirSync(dataDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

async function openReal(url: string): Promise<Target> {
  return { database: (await openRealDatabase(url)).database, close: async () => undefined };
}

async function openEmbedded(folder: string): Promise<Target> {
  const progress = (line: string) => consoleLog('info', line);
  const embedded = await EmbeddedDatabase.open({ folder, deadlineMs, log: consoleLog, progress });
  const config = { host: embedded.socketFolder, port: 5432, user: 'postgres', database: 'postgres', password: '' };
  const database = { config, embedded: true, name: `the embedded database in ${folder}` };
  return { database, close: () => embedded.close() };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void systemTimers.after(ms, resolve));
}

export const eraseCommand: Command = {
  name: 'erase',
  summary: 'removes what is stored of subscribers who have opted out',
  usage,
  run,
};
