import { createInterface } from 'node:readline';
import type { FeedSpec } from '../capture/feed-uri.ts';
import { TextSource } from '../capture/text-source.ts';
import { XdrReader } from '../capture/xdr.ts';
import { UserError } from '../errors.ts';
import type { EventSink } from '../events/event-batch.ts';
import { eventKinds } from '../events/kinds.ts';

/** What is sent: rows that stand in a file as lines, or the records of an xDR file. */
export type SendFile = { kind: 'lines'; path: string } | Extract<FeedSpec, { kind: 'xdr' }>;

/** Records that are turned into rows at once. */
const recordsAtOnce = 1000;

/**
 * The rows of a file as lines for a push feed, in arrays. The same file gives the same lines in the same order again.
 *
 * @throws UserError where the file can't be read, or ends before its end (after what was read of it)
 */
export async function* rowsOf(file: SendFile): AsyncGenerator<string[]> {
  if (file.kind === 'lines') yield* linesOf(file.path);
  else yield* recordsOf(file);
}

async function* linesOf(path: string): AsyncGenerator<string[]> {
  const text = await TextSource.open(path);
  try {
    for await (const line of createInterface({ input: text.stream(), crlfDelay: Number.POSITIVE_INFINITY })) {
      if (text.binary) throw new UserError('SEND_NO_TEXT', `${path} is no text: send lines of JSON, or xdr:PATH`);
      if (line !== '') yield [line];
    }
    if (text.fault !== null)
      throw new UserError('SEND_CUT', `${path} is cut off or damaged; copy the file again. What came before is sent`);
  } finally {
    await text.close();
  }
}

async function* recordsOf(file: Extract<SendFile, { kind: 'xdr' }>): AsyncGenerator<string[]> {
  const users: string[] = [];
  const places = new Map<string, number>();
  let lines: string[] = [];
  // Users are known by their place until they are written: the receiver alone makes pseudonyms.
  const reader = await XdrReader.open({
    ...file,
    sorted: true,
    subscriberOf: (user, out) => {
      let place = places.get(user);
      if (place === undefined) {
        place = users.push(user) - 1;
        places.set(user, place);
      }
      out[0] = place;
      out[1] = 0;
    },
  });
  const sink: EventSink = {
    event: (timeUs, place, _hi, cell, _plmn, kind, _outcome, _cause, _flags, durationMs, typeAllocationCode, bytes) => {
      const row = { timeUs, user: users[place], cell, kind: eventKinds[kind], durationMs, typeAllocationCode, bytes };
      lines.push(JSON.stringify(row));
    },
  };
  try {
    for (let why = 'more'; why === 'more'; ) {
      why = await reader.read(sink, Number.POSITIVE_INFINITY, recordsAtOnce);
      yield lines;
      lines = [];
    }
    if (reader.endedEarly !== null) throw new UserError(reader.endedEarly.code, reader.endedEarly.message);
  } finally {
    await reader.close();
  }
}

/**
 * The file's rows in batches of `rowsMax`, behind its first `behind` rows.
 *
 * @param first rows of the first batch
 * @throws as {@link rowsOf}
 */
export async function* batchesOf(
  file: SendFile,
  behind: number,
  rowsMax: number,
  first = rowsMax,
): AsyncGenerator<readonly string[]> {
  let skip = behind;
  let size = first;
  let lines: string[] = [];
  let failed: unknown = null;
  try {
    for await (const rows of rowsOf(file)) {
      for (const row of rows) {
        if (skip > 0) {
          skip--;
          continue;
        }
        lines.push(row);
        if (lines.length < size) continue;
        yield lines;
        lines = [];
        size = rowsMax;
      }
    }
  } catch (error) {
    // What came before is sent all the same.
    failed = error;
  }
  if (lines.length > 0) yield lines;
  if (failed !== null) throw failed;
}
