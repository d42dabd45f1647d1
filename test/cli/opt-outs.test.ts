import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { countCommand } from '../../server/cli/count.ts';
import { importCommand } from '../../server/cli/import.ts';
import { asideOfOthers } from '../../server/cli/opt-out-aside.ts';
import { addHolders, keptHolders, keptOptOuts, optOutStamp } from '../../server/cli/opt-out-file.ts';
import { OptOutKeeper, type OptOutSources, takeOverMs } from '../../server/cli/opt-out-keeper.ts';
import type { LogRecord } from '../../server/journal/records.ts';
import { loadOrCreateKey } from '../../server/privacy/key-file.ts';
import { OptOuts, ofStoredForm, storedForm } from '../../server/privacy/opt-outs.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { hearCommand } from '../tools/heard-command.ts';

const imsis = ['001010000000001', '001010000000002'];
const numbers = ['8613900130002'];

const heard = hearCommand('opt-outs');
const data = () => heard.data;
const key = () => loadOrCreateKey(join(data(), 'keys'));
const run = (text: string, ...more: string[]) => {
  const path = join(heard.folder, 'list.csv');
  writeFileSync(path, text);
  return importCommand.run(['--opt-outs', path, '--data', data(), ...more]);
};
const kept = () => keptOptOuts(data(), new Pseudonymiser(key())) ?? [];

test('keeps pseudonyms of plain lines alone, in a file for this user, and counts', async () => {
  expect(await run(`${imsis[0]}\n${imsis[1]};+${numbers[0]}\n\n${imsis[0]}\n`)).toBe(0);
  expect(heard.said).toEqual([
    'opted out: 2 IMSIs and 1 telephone number (3 added, 0 removed): a server that runs takes the list over within 5 s\n',
  ]);
  const path = join(data(), 'reference', 'opt-outs.csv');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(data(), 'reference')).filter((name) => name.endsWith('.new'))).toEqual([]);
  const written = readFileSync(path, 'utf8');
  for (const plain of [...imsis, ...numbers, numbers[0].slice(2)]) expect(written).not.toContain(plain);
  const pseudonymiser = new Pseudonymiser(key());
  const half = (domain: 'imsi' | 'msisdn' | 'peer' | 'xdr-user', text: string) =>
    pseudonymiser.hex(domain, text).slice(0, 16);
  const all = kept();
  expect(all.find(({ type }) => type === 'msisdn')).toMatchObject({
    number: half('msisdn', numbers[0]),
    peer: half('peer', numbers[0]),
    subscribers: [numbers[0], `+${numbers[0]}`, numbers[0].slice(2)].map((text) => half('xdr-user', text)),
  });
  expect(all.flatMap(({ type, subscribers }) => (type === 'imsi' ? [subscribers[0]] : [])).sort()).toEqual(
    imsis.map((imsi) => half('imsi', imsi)).sort(),
  );
});

test('replaces, adds and removes, and says when nothing has changed', async () => {
  await run(`imsi,msisdn\n${imsis[0]},\n`);
  await run(`msisdn,imsi\n00${numbers[0]},${imsis[1]}\n`, '--add');
  await run(`${numbers[0].slice(2)}\n`, '--remove');
  await run(`${imsis[0]}\n${imsis[1]}\n`);
  await run(`${imsis[1]}\n`);
  expect(heard.said.map((line) => line.split(': a server')[0].trim())).toEqual([
    'opted out: 1 IMSI and 0 telephone numbers (1 added, 0 removed)',
    'opted out: 2 IMSIs and 1 telephone number (2 added, 0 removed)',
    'opted out: 2 IMSIs and 0 telephone numbers (0 added, 1 removed)',
    'opted out: 2 IMSIs and 0 telephone numbers: nothing has changed',
    'opted out: 1 IMSI and 0 telephone numbers (0 added, 1 removed)',
  ]);
  expect(kept().length).toBe(1);
});

test('refuses a list with its line and the remedy, never with what stands there, and keeps the one before', async () => {
  await run(`${imsis[0]}\n`);
  const bad: [string, string, string][] = [
    [`${imsis[1]}\n12345\n`, 'OPT_OUTS_ROW', 'line 2'],
    [`imsi\n${imsis[1]}\n12a45678\n`, 'OPT_OUTS_ROW', 'line 3'],
    [`imsi,tmsi\n${imsis[1]},3\n`, 'OPT_OUTS_COLUMNS', 'line 1'],
    [`imsi\n${imsis[1]},${numbers[0]}\n`, 'OPT_OUTS_ROW', 'line 2'],
    [`imsi,msisdn\n,\n`, 'OPT_OUTS_ROW', 'line 2'],
    ['\n', 'OPT_OUTS_EMPTY', '--remove'],
  ];
  for (const [text, code, part] of bad) {
    const error = await run(text).then(
      () => new Error('taken'),
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ code, message: expect.stringContaining(part) });
    expect(error.message.replaceAll(heard.folder, '')).not.toMatch(/\d{5}|12a/);
  }
  expect(kept().length).toBe(1);
  await expect(run(`${imsis[0]}\n`, '--add', '--remove')).rejects.toMatchObject({ code: 'USAGE', exitCode: 2 });
  await expect(importCommand.run(['--add', '--data', data()])).rejects.toMatchObject({ code: 'USAGE' });
});

test('a list that was made under another key is refused, not ignored', async () => {
  await run(`${imsis[0]}\n`);
  const other = new Pseudonymiser(new Uint8Array(32).fill(1));
  expect(() => keptOptOuts(data(), other)).toThrow(/another pseudonym key: give the whole list again/);
  const path = join(data(), 'reference', 'opt-outs.csv');
  writeFileSync(path, `${readFileSync(path, 'utf8')}imsi,half\n`);
  await expect(run(`${imsis[1]}\n`, '--add')).rejects.toMatchObject({ message: expect.stringContaining('line 3') });
  await run(`${imsis[1]}\n`);
  expect(kept().length).toBe(1);
});

/** A server whose counters hold the given subscribers. */
function serverWith(present: string[], held: Record<string, string> = {}) {
  const records: LogRecord[] = [];
  let asked = 0;
  const words = (hex: string) => Buffer.from(hex, 'hex');
  const sources: OptOutSources = {
    core: {
      whenApplied: async () => undefined,
      state: { newestUs: 1000 },
      counting: {
        engine: {
          view: { clockUs: 500 },
          presence: {
            isPresent: (lo: number, hi: number) =>
              present.some((hex) => words(hex).readUInt32LE(0) === lo && words(hex).readUInt32LE(4) === hi),
          },
        },
      },
    } as unknown as OptOutSources['core'],
    records: { next: 0, append: (record) => records.push(record) },
    journal: { full: false, failed: null },
    store: {
      status: { state: 'up' },
      sql: async (_text: string, [of]: [string[]]) => {
        asked++;
        return of.filter((number) => held[number]).map((number) => ({ number, subscriber: held[number], timeUs: 5 }));
      },
    } as unknown as OptOutSources['store'],
  };
  return { records, sources, asked: () => asked };
}

/** Timers that run when they are told to. */
function handTimers() {
  const waiting: (() => void)[] = [];
  const after = (ms: number, run: () => void) => {
    if (ms === takeOverMs) waiting.push(run);
    return () => undefined;
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
  const next = async () => {
    waiting.shift()!();
    await settle();
  };
  return { timers: { after }, settle, next };
}

test('a running server takes a new list over; who is present leaves, and whose a number is the database tells', async () => {
  await run(`${imsis[0]}\n`);
  const pseudonymiser = new Pseudonymiser(key());
  const half = (domain: 'imsi' | 'msisdn', text: string) => pseudonymiser.hex(domain, text).slice(0, 16);
  const subscribers = ['001010000000011', '001010000000012', ...imsis].map((imsi) => half('imsi', imsi));
  const number = storedForm(half('msisdn', numbers[0]));
  const { records, sources, asked } = serverWith(subscribers, { [number]: storedForm(subscribers[0]) });
  const { timers, settle, next } = handTimers();
  const lines: string[] = [];
  const keeper = new OptOutKeeper({
    dataDir: data(),
    key: key(),
    timers,
    log: (level, line) => lines.push(`${level} ${line}`),
  });
  expect(keeper.list.identities).toBe(1);
  keeper.start(sources, (error) => lines.push(error.message));
  await settle();
  const gone = () =>
    records.flatMap((record) => (record.k === 'leave' ? [...record.subs] : [])).map((word) => word >>> 0);
  const wordsOf = (hex: string) => [0, 4].map((at) => Buffer.from(hex, 'hex').readUInt32LE(at));
  expect(gone()).toEqual(wordsOf(subscribers[2]));
  expect(asked()).toBe(0);
  await run(`+${numbers[0]}\n`, '--add');
  records.length = 0;
  await next();
  // The one of before is watched as long as rows of before may come, and is still present here.
  expect(gone()).toEqual([...wordsOf(subscribers[2]), ...wordsOf(subscribers[0])]);
  expect(asked()).toBe(1);
  expect(keptHolders(data())).toEqual([{ number: ofStoredForm(number), subscriber: subscribers[0], timeUs: 5 }]);
  // A list that can't be read leaves the one before, and is told once.
  writeFileSync(join(data(), 'reference', 'opt-outs.csv'), 'nonsense\n');
  await next();
  await next();
  expect(keeper.list.identities).toBe(2);
  expect(lines.filter((line) => line.startsWith('error')).length).toBe(1);
  await keeper.stop();
});

test('what was told of numbers survives a restart, as it was told last', async () => {
  await run(`+${numbers[0]}\n`);
  const pseudonymiser = new Pseudonymiser(key());
  const number = pseudonymiser.hex('msisdn', numbers[0]).slice(0, 16);
  const [first, second] = imsis.map((imsi) => pseudonymiser.hex('imsi', imsi).slice(0, 16));
  addHolders(data(), [{ number, subscriber: first, timeUs: 10 }]);
  addHolders(data(), [{ number, subscriber: second, timeUs: 20 }]);
  const before = optOutStamp(data());
  const open = () =>
    new OptOutKeeper({ dataDir: data(), key: key(), timers: handTimers().timers, log: () => undefined });
  expect(open().list.subscribers).toContain(second);
  expect(open().list.subscribers).not.toContain(first);
  expect(optOutStamp(data())).toBe(before);
});

test('whose a number is, is known and told again later where the disk takes nothing; the server goes on', async () => {
  await run(`+${numbers[0]}\n`);
  const number = new Pseudonymiser(key()).hex('msisdn', numbers[0]).slice(0, 16);
  const subscriber = '0123456789abcdef';
  const { sources } = serverWith([], { [storedForm(number)]: storedForm(subscriber) });
  const { timers, settle, next } = handTimers();
  const lines: string[] = [];
  const log = (level: string, line: string) => lines.push(`${level} ${line}`);
  const keeper = new OptOutKeeper({ dataDir: data(), key: key(), timers, log });
  // Nothing can be written where a folder is.
  const path = join(data(), 'reference', 'opt-outs-told.csv');
  rmSync(path, { force: true });
  mkdirSync(path);
  keeper.start(sources, (error) => lines.push(`bug ${error.message}`));
  await settle();
  await next();
  expect(keeper.list.subscribers).toContain(subscriber);
  expect(lines.filter((line) => !line.startsWith('info'))).toEqual([
    expect.stringMatching(/^error whose numbers have opted out can't be written down \(EISDIR.*\): make room in /),
  ]);
  rmSync(path, { recursive: true });
  await next();
  expect(keptHolders(data())).toEqual([{ number, subscriber, timeUs: 5 }]);
  await keeper.stop();
});

test('a line whose end was lost in a power cut takes no other one with it', async () => {
  await run(`+${numbers[0]}\n`);
  const [cut, whole] = ['a', 'b'].map((digit) => ({
    number: digit.repeat(16),
    subscriber: digit.repeat(16),
    timeUs: 7,
  }));
  addHolders(data(), [cut]);
  const path = join(data(), 'reference', 'opt-outs-told.csv');
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, -5));
  addHolders(data(), [whole]);
  expect(keptHolders(data())).toEqual([whole]);
});

test('an identity that is typed where its file is wanted is not said again', async () => {
  for (const argv of [['--opt-outs', imsis[0]], ['--opt-outs', '+86 139-0013-0002'], [imsis[0]]]) {
    const error = await importCommand.run([...argv, '--data', data()]).then(
      () => new Error('taken'),
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ code: 'USAGE', exitCode: 2 });
    expect(error.message).not.toMatch(/\d{4}/);
  }
});

test('rows that are set aside lose who has opted out, and keep the others as they are', async () => {
  await run(`imsi,msisdn\n${imsis[0]},+${numbers[0]}\n`);
  const list = new OptOuts();
  list.replace(kept());
  const pseudonymiser = new Pseudonymiser(key());
  const half = (domain: 'imsi' | 'peer', text: string) => pseudonymiser.hex(domain, text).slice(0, 16);
  const common = { timeUs: 1e15, kind: 'mo call', outcome: 'success', cell: '001-01-1-1' };
  const flags = { sighting: true, traffic: true, detach: false };
  const row = (subscriber: string, peer: string) => ({ ...common, subscriber, plmn: 5, peer, area: 1390013, ...flags });
  const other = row(half('imsi', imsis[1]), half('peer', '10086'));
  const rows = [
    row(half('imsi', imsis[0]), half('peer', '10086')),
    row(half('imsi', imsis[1]), half('peer', numbers[0])),
    other,
  ];
  let text = '';
  const keep = async (_: string, lines: string) => {
    text = lines;
    return true;
  };
  let turns = 0;
  const after = (_: number, run: () => void) => {
    turns++;
    queueMicrotask(run);
    return () => undefined;
  };
  const aside = asideOfOthers({ folder: 'q', keep, drop: async () => true }, list, { after });
  await aside.keep('1-1.ndjson', `${rows.map((each) => JSON.stringify(each)).join('\n')}\n`);
  const lines = text.split('\n');
  expect(lines.pop()).toBe('');
  const { peer: _, area: __, ...withoutPeer } = rows[1];
  expect(lines.map((line) => JSON.parse(line))).toEqual([{ ...common, ...flags, sighting: false }, withoutPeer, other]);
  expect(turns).toBe(0);
  // Of many, others have their turn in between.
  const many = `${`${JSON.stringify(other)}\n`.repeat(8191)}${JSON.stringify(rows[0])}\n`;
  await aside.keep('1-2.ndjson', many);
  expect(turns).toBeGreaterThan(20);
  expect(text.split('\n').length).toBe(8193);
  expect(text).not.toContain(rows[0].subscriber);
});

test('count leaves out who is on the list of a data folder: users of record files by IMSI and by number', async () => {
  await run(`${imsis[0]}\n+${numbers[0]}\n`);
  const columns = 'user,lac,ci,imei_prefix,start,end,uplink_bytes,downlink_bytes,rat\n';
  const users = [...imsis, numbers[0].slice(2), 'somebody'];
  const times = '2015-08-02 10:00:00,2015-08-02 10:00:30';
  const feed = join(heard.folder, 'feed.csv');
  writeFileSync(feed, columns + users.map((user) => `${user},1,7,352021,${times},1,2,1\n`).join(''));
  const regions = join(heard.folder, 'regions.geojson');
  const feature = { type: 'Feature', properties: { id: 'in', cells: ['460-01-1-*'] }, geometry: null };
  writeFileSync(regions, JSON.stringify({ type: 'FeatureCollection', features: [feature] }));
  const out = join(heard.folder, 'out.csv');
  const count = async (...more: string[]) => {
    const given = ['--regions', regions, '--hide-below', '0', '--out', out, ...more];
    expect(await countCommand.run([`xdr:${feed}?plmn=460-01&tz=+08:00`, ...given])).toBe(0);
    return readFileSync(out, 'utf8').trimEnd().split('\n').at(-1)?.split(',').slice(1, 3);
  };
  const told = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  expect(await count()).toEqual(['in', '4']);
  expect(await count('--data', data())).toEqual(['in', '2']);
  expect(told.mock.calls.join()).toContain('4 events of subscribers who have opted out moved nobody');
  await expect(count('--data', join(heard.folder, 'none'))).rejects.toMatchObject({ code: 'DATA_FOLDER' });
});
