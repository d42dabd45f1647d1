/**
 * Frames of the PostgreSQL wire protocol, version 3: a type byte, a length that counts itself, a body.
 * PostgreSQL documentation §53.7.
 */

/** Request codes in place of a protocol version in the first message. */
export const startupCode = { cancel: 80877102, tls: 80877103, gss: 80877104 } as const;

/** Type bytes that the server looks at. */
export const frontend = {
  bind: 0x42,
  close: 0x43,
  describe: 0x44,
  execute: 0x45,
  flush: 0x48,
  parse: 0x50,
  query: 0x51,
  sync: 0x53,
  terminate: 0x58,
  copyDone: 0x63,
  copyData: 0x64,
  copyFail: 0x66,
} as const;
const backend = { notification: 0x41, error: 0x45, copyIn: 0x47, readyForQuery: 0x5a } as const;

const copyInResponse = 'G';

export function encodeMessage(type: string, body: Uint8Array = new Uint8Array(0)): Buffer {
  const message = Buffer.allocUnsafe(5 + body.length);
  message.write(type, 0, 'latin1');
  message.writeInt32BE(body.length + 4, 1);
  message.set(body, 5);
  return message;
}

/** Each text with its closing zero. */
export function cstrings(...texts: string[]): Buffer {
  return Buffer.from(texts.map((text) => `${text}\0`).join(''), 'utf8');
}

export function encodeQuery(sql: string): Buffer {
  return encodeMessage('Q', cstrings(sql));
}

export function encodeError(severity: 'ERROR' | 'FATAL', code: string, message: string): Buffer {
  return encodeMessage('E', cstrings(`S${severity}`, `V${severity}`, `C${code}`, `M${message}`, ''));
}

export const readyIdle = encodeMessage('Z', Buffer.from('I'));
export const syncMessage = encodeMessage('S');
/** The whole answer format is told by the client's statement; 0 columns is enough for pg-copy-streams and libpq. */
export const copyInMessage = encodeMessage(copyInResponse, Buffer.from([0, 0, 0]));

/** What a client is told once it is in: no password is asked for, the socket's folder is the guard. */
export function encodeWelcome(serverVersion: string): Buffer {
  const parameters = {
    server_version: serverVersion,
    server_encoding: 'UTF8',
    client_encoding: 'UTF8',
    DateStyle: 'ISO, MDY',
    TimeZone: 'UTC',
    integer_datetimes: 'on',
    standard_conforming_strings: 'on',
  };
  return Buffer.concat([
    encodeMessage('R', Buffer.alloc(4)),
    ...Object.entries(parameters).map(([name, value]) => encodeMessage('S', cstrings(name, value))),
    encodeMessage('K', Buffer.alloc(8)),
    readyIdle,
  ]);
}

/** Text between `start` and the next zero byte. */
export function readCstring(message: Buffer, start: number): string {
  return message.toString('utf8', start, message.indexOf(0, start));
}

function insertAt(message: Buffer, at: number, text: string): Buffer {
  const out = Buffer.concat([message.subarray(0, at), Buffer.from(text), message.subarray(at)]);
  out.writeInt32BE(out.length - 1, 1);
  return out;
}

/**
 * The message with `prefix` before the names of prepared statements and portals in it: those names belong to the
 * session, which all clients share. Unnamed ones stay so (they live within one group of messages).
 */
export function prefixNames(message: Buffer, prefix: string): Buffer {
  const named = (at: number) => message[at] !== 0;
  switch (message[0]) {
    case frontend.parse:
    case frontend.execute:
      return named(5) ? insertAt(message, 5, prefix) : message;
    case frontend.describe:
    case frontend.close:
      return named(6) ? insertAt(message, 6, prefix) : message;
    case frontend.bind: {
      const statementAt = message.indexOf(0, 5) + 1;
      const renamed = named(statementAt) ? insertAt(message, statementAt, prefix) : message;
      return named(5) ? insertAt(renamed, 5, prefix) : renamed;
    }
    default:
      return message;
  }
}

/** What an instance answered, apart: the frames for the client, and the transaction state at its end. */
export interface Answer {
  readonly bytes: Buffer;
  /** 'I' idle, 'T' in a transaction, 'E' in a failed one; '' when no ReadyForQuery came (no Sync yet). */
  readonly state: string;
  readonly error: string;
}

/** Splits raw output into frames, drops notifications and (after an own early one) the CopyInResponse. */
export function readAnswer(output: Uint8Array, dropCopyIn: boolean): Answer {
  const all = Buffer.from(output.buffer, output.byteOffset, output.byteLength);
  const kept: Buffer[] = [];
  let state = '';
  let error = '';
  let keptFrom = 0;
  let at = 0;
  while (at + 5 <= all.length) {
    const type = all[at];
    const end = at + 1 + all.readInt32BE(at + 1);
    if (type === backend.readyForQuery) state = String.fromCharCode(all[at + 5]);
    else if (type === backend.error && error === '') error = readErrorText(all.subarray(at, end));
    if (type === backend.notification || (dropCopyIn && type === backend.copyIn)) {
      kept.push(all.subarray(keptFrom, at));
      keptFrom = end;
    }
    at = end;
  }
  kept.push(all.subarray(keptFrom, at));
  return { bytes: Buffer.concat(kept), state, error };
}

/** The M field of an ErrorResponse. */
function readErrorText(message: Buffer): string {
  for (let at = 5; at < message.length && message[at] !== 0; at = message.indexOf(0, at) + 1) {
    if (message[at] === 0x4d) return readCstring(message, at + 1);
  }
  return 'unknown error';
}
