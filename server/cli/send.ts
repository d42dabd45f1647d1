import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseFeedUri } from '../capture/feed-uri.ts';
import { systemClock, systemTimers } from '../clock.ts';
import { UserError, whyUnreadable } from '../errors.ts';
import { pushFields } from '../events/push-fields.ts';
import { consoleLog } from '../log.ts';
import { type FolderLock, lockFolder } from '../store/embedded/folder-lock.ts';
import type { Command } from './command.ts';
import { readOptions } from './options.ts';
import type { SendFile } from './send-file.ts';
import { SendLink } from './send-link.ts';
import { readState, type SendState, writeState } from './send-state.ts';
import { batchRows, Sending } from './sending.ts';
import { counted } from './words.ts';

const usage = `usage: npm run -s signalwall -- send --feed ID [OPTION …] FILE

Sends the events of a file to a server that was started with --feed push:ID, in batches that the server acknowledges
once they are on disk. A batch whose answer is lost is sent again; nothing is lost and nothing counted twice, whoever of
the two is restarted: sent again, a file goes on behind what is acknowledged, also one that has got more rows at its end
since (of lines: records are put in order of time), or whose rows behind that have been mended.

  FILE             rows as lines of JSON (.gz too), or decoded records: NAME.csv or xdr:PATH?plmn=460-01&tz=+08:00
  --feed ID        the feed
  --to URL         the server (default http://127.0.0.1:8080)
  --rows N         rows of a batch, 1 to 65536 (default ${batchRows}); fewer where the server takes no batch so large
  --patience S     give up when the server takes nothing for so many seconds (default 60), and as long as a line of
                   8,000 octets a second needs for the batch
  --state FILE     where it stands how far the file has been sent (default FILE.ID.sent)
  --again          send the whole file once more, though it has been sent: its rows count twice then
  --taken yes|no   what became of a batch of which nobody knows, because somebody else has sent behind it

Fields of a row; timeUs or time, and kind, must be there:

${[...pushFields].map(([name, { must }]) => `  ${name.padEnd(19)} ${must}`).join('\n')}

A subscriber stands in one of imsi, subscriber and user, plain ones become pseudonyms as they arrive. sighting, traffic
and detach are told by the kind where a row does not say. Programs send as server/api/README.md says.`;

function wholeNumber(name: string, text: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw new UserError('USAGE', `--${name} ${text}: write a whole number from 1 to ${max}`, { exitCode: 2 });
}

function parseFile(text: string): SendFile {
  if (!/^xdr:|\.csv(\.gz)?(\?|$)/i.test(text)) return { kind: 'lines', path: text };
  const spec = parseFeedUri(text, '460-00');
  if (spec.kind === 'xdr') return spec;
  throw new UserError('USAGE', `send: '${text}' is no file of records`, { exitCode: 2 });
}

/** How its rows are read. @throws UserError SEND_FILE where there is nothing to read */
function formOf(file: SendFile): string {
  try {
    const handle = openSync(file.path, 'r');
    try {
      readSync(handle, Buffer.alloc(1), 0, 1, 0);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw new UserError('SEND_FILE', `${file.path}: ${whyUnreadable(error)}`, { cause: error });
  }
  return file.kind === 'xdr' ? `xdr ${file.plmn} ${file.offsetMinutes}` : 'lines';
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = readOptions(
    'send',
    argv,
    {
      feed: { type: 'string' },
      to: { type: 'string', default: 'http://127.0.0.1:8080' },
      rows: { type: 'string' },
      patience: { type: 'string', default: '60' },
      state: { type: 'string' },
      again: { type: 'boolean' },
      taken: { type: 'string' },
    },
    true,
  );
  const wrong = (what: string) =>
    new UserError('USAGE', `send: ${what}; see 'npm run -s signalwall -- help send'`, { exitCode: 2 });
  if (positionals.length !== 1) throw wrong(`one FILE is needed, not ${positionals.length}`);
  const { feed, to } = values;
  if (feed === undefined || !/^[\w.-]+$/.test(feed)) throw wrong('--feed ID is needed');
  if (!/^https?:\/\/[^/]+\/*$/.test(to)) throw wrong(`--to ${to}: write http://HOST:PORT`);
  const rows = values.rows === undefined ? null : wholeNumber('rows', values.rows, 65_536);
  const patienceMs = 1000 * wholeNumber('patience', values.patience, 1_000_000);
  const file = parseFile(positionals[0]);
  const form = formOf(file);
  const statePath = values.state ?? `${file.path}.${feed}.sent`;

  const { taken } = values;
  if (taken !== undefined && taken !== 'yes' && taken !== 'no') throw wrong(`--taken ${taken}: write yes or no`);
  if (resolve(statePath) === resolve(file.path)) throw wrong('--state is the file itself');

  const lock = await lockState(statePath);
  try {
    const again = values.again === true;
    return await sendFile({ to, feed, file, form, statePath, rows, patienceMs, again, taken });
  } finally {
    lock.release();
  }
}

/** @throws UserError SEND_BUSY where another process sends it */
async function lockState(path: string): Promise<FolderLock> {
  try {
    return await lockFolder(path);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'DATA_IN_USE') throw error;
    throw new UserError('SEND_BUSY', `${path}: another process is sending the file; wait until it has ended`, {
      cause: error,
    });
  }
}

async function sendFile(wanted: {
  to: string;
  feed: string;
  file: SendFile;
  form: string;
  statePath: string;
  rows: number | null;
  patienceMs: number;
  again: boolean;
  taken: 'yes' | 'no' | undefined;
}): Promise<number> {
  const { to, feed, file, form, statePath, rows, patienceMs, again, taken } = wanted;
  const link = new SendLink({ to, feed, patienceMs, clock: systemClock, timers: systemTimers, log: consoleLog });
  const standing = await link.standing();
  const target = { receiver: standing.receiver, feed, form };
  const nothing = { rows: 0, digest: createHash('sha256').digest('hex') };
  const fresh: SendState = { ...target, lives: [], acked: nothing, sent: null };
  let state = readState(statePath, target, again) ?? fresh;
  if (taken !== undefined) state = { ...state, acked: (taken === 'yes' && state.sent) || state.acked, sent: null };
  const keep = (now: SendState) => writeState(statePath, now);
  const sending = new Sending({ file, link, state, rows, keep, clock: systemClock, log: consoleLog });
  const all = await sending.run(standing);
  const { quarantined } = sending;
  const left = quarantined > 0 ? `, ${quarantined} not counted but set aside there` : '';
  consoleLog('info', `${file.path}: ${counted(all, 'row')} acknowledged${left}`);
  return 0;
}

export const sendCommand: Command = {
  name: 'send',
  summary: 'sends a file of events to a push feed of a running server',
  usage,
  run,
};
