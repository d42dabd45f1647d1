import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileFingerprint } from '../capture/feed-identity.ts';
import { parseFeedUri } from '../capture/feed-uri.ts';
import { systemClock, systemTimers } from '../clock.ts';
import { UserError, whyUnreadable, whyUnwritable } from '../errors.ts';
import { pushFields } from '../events/push-fields.ts';
import { consoleLog } from '../log.ts';
import type { Command } from './command.ts';
import { readOptions } from './options.ts';
import { batchesOf, type SendFile } from './send-file.ts';
import { SendLink } from './send-link.ts';
import { counted } from './words.ts';

const usage = `usage: npm run -s signalwall -- send --feed ID [OPTION …] FILE

Sends the events of a file to a server that was started with --feed push:ID, in batches that the server acknowledges
once they are on disk. A batch whose answer is lost is sent again; nothing is lost and nothing counted twice, whoever of
the two is restarted: sent again, a file goes on behind what is acknowledged.

  FILE             rows as lines of JSON (.gz too), or decoded records: NAME.csv or xdr:PATH?plmn=460-01&tz=+08:00
  --feed ID        the feed
  --to URL         the server (default http://127.0.0.1:8080)
  --rows N         rows of a batch, 1 to 65536 (default 5000)
  --patience S     give up when the server takes nothing for so many seconds (default 60)
  --state FILE     where it stands which sending of the file this is (default FILE.ID.sent)
  --again          send the whole file once more, though it has been sent

Fields of a row; timeUs or time, and kind, must be there:

${[...pushFields].map(([name, { must }]) => `  ${name.padEnd(19)} ${must}`).join('\n')}

A subscriber stands in one of imsi, subscriber and user, plain ones become pseudonyms as they arrive. sighting, traffic
and detach are told by the kind where a row does not say. Programs send as server/api/README.md says.`;

/** Which life of a sender the sending of a file is. */
interface SendState {
  to: string;
  feed: string;
  file: string;
  epoch: number;
  rows: number;
}

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

/** Which file it is, and how its rows are read. @throws UserError SEND_FILE */
function identityOf(file: SendFile): string {
  try {
    const print = fileFingerprint(file.path);
    return file.kind === 'xdr' ? `xdr:${print}:${file.plmn}:${file.offsetMinutes}` : `lines:${print}`;
  } catch (error) {
    throw new UserError('SEND_FILE', `${file.path}: ${whyUnreadable(error)}`, { cause: error });
  }
}

/** What is known of an earlier sending of this file to this feed; null: there was none. */
function readState(path: string, wanted: Omit<SendState, 'epoch' | 'rows'>): SendState | null {
  if (!existsSync(path)) return null;
  try {
    const state = JSON.parse(readFileSync(path, 'utf8')) as SendState;
    const isSame = state.to === wanted.to && state.feed === wanted.feed && state.file === wanted.file;
    return isSame && Number.isSafeInteger(state.epoch) && Number.isSafeInteger(state.rows) ? state : null;
  } catch (error) {
    throw new UserError('SEND_STATE', `${path}: no state of a sending; name another --state FILE`, { cause: error });
  }
}

/** Before the first batch: without it, a sending that was broken off could not be told from a new one. */
function writeState(path: string, state: SendState): void {
  try {
    writeFileSync(`${path}.new`, `${JSON.stringify(state)}\n`);
    renameSync(`${path}.new`, path);
  } catch (error) {
    const why = `${path}: ${whyUnwritable(error)}`;
    throw new UserError('SEND_STATE', `${why}; --state FILE names another place`, { cause: error });
  }
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = readOptions(
    'send',
    argv,
    {
      feed: { type: 'string' },
      to: { type: 'string', default: 'http://127.0.0.1:8080' },
      rows: { type: 'string', default: '5000' },
      patience: { type: 'string', default: '60' },
      state: { type: 'string' },
      again: { type: 'boolean' },
    },
    true,
  );
  const wrong = (what: string) =>
    new UserError('USAGE', `send: ${what}; see 'npm run -s signalwall -- help send'`, { exitCode: 2 });
  if (positionals.length !== 1) throw wrong(`one FILE is needed, not ${positionals.length}`);
  const { feed, to } = values;
  if (feed === undefined || !/^[\w.-]+$/.test(feed)) throw wrong('--feed ID is needed');
  if (!/^https?:\/\/[^/]+\/*$/.test(to)) throw wrong(`--to ${to}: write http://HOST:PORT`);
  const rowsMax = wholeNumber('rows', values.rows, 65_536);
  const patienceMs = 1000 * wholeNumber('patience', values.patience, 1_000_000);
  const file = parseFile(positionals[0]);
  const known = { to, feed, file: identityOf(file) };
  const statePath = values.state ?? `${file.path}.${feed}.sent`;

  const link = new SendLink({ to, feed, patienceMs, clock: systemClock, timers: systemTimers, log: consoleLog });
  const { acked, rowsMax: takenMax } = await link.standing();
  const earlier = values.again ? null : readState(statePath, known);
  const state = earlier ?? { ...known, epoch: acked.epoch + 1, rows: Math.min(rowsMax, takenMax) };
  if (earlier === null) writeState(statePath, state);
  if (acked.epoch > state.epoch)
    throw new UserError(
      'SEND_OVER',
      `feed ${feed} has been sent other events since this file (epoch ${acked.epoch}, not ${state.epoch}): --again sends the whole file`,
    );
  const from = acked.epoch === state.epoch ? acked.seq + 1 : 1;
  if (from > 1) consoleLog('info', `goes on behind batch ${from - 1}, which is acknowledged`);
  const sent = await sendAll(link, file, state, from);
  const { lines, quarantined } = sent;
  const left = quarantined > 0 ? `, ${quarantined} not counted but set aside there` : '';
  const all = lines === 0 ? 'all rows are acknowledged' : `${counted(lines, 'row')} acknowledged`;
  consoleLog('info', `${file.path}: ${all}${left}`);
  return 0;
}

/** Sends the batches from one on, and goes back where the server has lost what it once had. */
async function sendAll(link: SendLink, file: SendFile, { epoch, rows }: SendState, from: number) {
  let all = 0;
  let quarantined = 0;
  let next = from;
  for (let again = true; again; ) {
    again = false;
    for await (const { seq, lines } of batchesOf(file, rows, next)) {
      const outcome = await link.send({ epoch, seq }, lines.join('\n')).catch((error: unknown) => {
        if (!(error instanceof UserError) || error.code !== 'SEND_REFUSED') throw error;
        const first = (seq - 1) * rows + 1;
        const where = `rows ${first} to ${first + lines.length - 1} of ${file.path}`;
        throw new UserError(error.code, `${where}: ${error.message}`, { cause: error });
      });
      if (outcome.k === 'expected') {
        consoleLog('warn', `the server is at batch ${outcome.place.seq}, not ${seq}: goes back`);
        next = outcome.place.seq;
        again = true;
        break;
      }
      const { aside } = outcome.taken;
      if (aside !== undefined && quarantined === 0)
        consoleLog('warn', `${counted(aside.rows, 'row')} of batch ${seq} set aside in ${aside.file}: ${aside.why}`);
      // Those of the batches before, too, and of one whose first answer was lost.
      all = (seq - 1) * rows + lines.length;
      quarantined += outcome.taken.quarantined;
    }
  }
  return { lines: all, quarantined };
}

export const sendCommand: Command = {
  name: 'send',
  summary: 'sends a file of events to a push feed of a running server',
  usage,
  run,
};
