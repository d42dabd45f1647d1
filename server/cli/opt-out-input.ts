import { existsSync } from 'node:fs';
import { UserError } from '../errors.ts';
import type { OptOutEntry } from '../privacy/opt-outs.ts';
import type { Pseudonymiser } from '../privacy/pseudonymiser.ts';
import { readText, textBytesMax, textOf } from '../reference/read-cells.ts';

const identitiesMax = 5_000_000;
const unreadable = 'OPT_OUTS_UNREADABLE';
const columns = ['imsi', 'msisdn'] as const;
type Column = (typeof columns)[number];

/** Fails with the line and what to do, never with what stands there. */
type Fail = (what: string) => never;

/**
 * Reads IMSIs and telephone numbers and makes pseudonyms of them, which are all that leaves this function: of an IMSI its
 * subscriber, of a number what names it as a subscriber's own and as an other party; of both the users of record files who
 * are called so.
 *
 * @param path a file (gzip'd or not), or `-`: standard input
 * @throws UserError naming line and remedy
 */
export async function readOptOuts(path: string, pseudonymiser: Pseudonymiser): Promise<OptOutEntry[]> {
  const name = path === '-' ? 'standard input' : path;
  if (/^\+?\d[\d ()-]{5,}$/.test(path) && !existsSync(path)) {
    const what =
      '--opt-outs names a file of identities, or - for standard input: an identity itself is not written there';
    throw new UserError('USAGE', what, { exitCode: 2 });
  }
  const text = path === '-' ? await readInput() : await readText(path, 'list of opt-outs', unreadable);
  return parseOptOuts(name, text, pseudonymiser);
}

/** The same of its text: entries that differ. @param name for messages */
function parseOptOuts(name: string, text: string, pseudonymiser: Pseudonymiser): OptOutEntry[] {
  const lines = text.split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== '');
  const header = first >= 0 && /[a-z]/i.test(lines[first]) ? headerOf(name, first + 1, lines[first]) : null;
  const found = new Map<string, OptOutEntry>();
  for (let i = header === null ? 0 : first + 1; i < lines.length; i++) {
    if (lines[i].trim() === '') continue;
    const fail: Fail = (what) => {
      throw new UserError('OPT_OUTS_ROW', `${name}: line ${i + 1}: ${what}`);
    };
    const fields = fieldsOf(lines[i]);
    if (header !== null && fields.length > header.length) fail(`it has more fields than the header: mend it`);
    if (fields.every((field) => field === '')) fail('it names nobody: give an IMSI, a telephone number, or both');
    for (const [at, field] of fields.entries()) {
      if (field === '') continue;
      const type = header?.[at] ?? (/^\d{15}$/.test(field) ? 'imsi' : 'msisdn');
      const key = `${type} ${type === 'imsi' ? imsiOf(field, fail) : numberOf(field, fail)}`;
      if (!found.has(key)) found.set(key, entryOf(type, key.slice(type.length + 1), pseudonymiser));
      if (found.size > identitiesMax) fail(`there are more than ${identitiesMax} identities: cut the list`);
    }
  }
  if (found.size === 0) {
    throw new UserError(
      'OPT_OUTS_EMPTY',
      `${name}: the list of opt-outs is empty: give an IMSI or telephone number a line; who opts in again is given with --remove`,
    );
  }
  return [...found.values()];
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > textBytesMax) break;
  }
  return textOf(Buffer.concat(chunks), 'standard input', unreadable);
}

function fieldsOf(line: string): string[] {
  return line.split(/[,;\t]/).map((field) => field.trim().replace(/^"([^"]*)"$/, '$1'));
}

function headerOf(name: string, line: number, text: string): Column[] {
  const names = fieldsOf(text).map((field) => field.toLowerCase());
  const isColumn = (field: string): field is Column => (columns as readonly string[]).includes(field);
  if (names.every(isColumn) && new Set(names).size === names.length) return names;
  throw new UserError(
    'OPT_OUTS_COLUMNS',
    `${name}: line ${line}: a header names the columns imsi and msisdn, one of them or both: write imsi,msisdn, or leave it out`,
  );
}

function imsiOf(field: string, fail: Fail): string {
  // 3GPP TS 23.003 §2.2; shorter ones are of test networks.
  return /^\d{7,15}$/.test(field) ? field : fail('its IMSI is none: write 7 to 15 digits');
}

/** In international form. ITU-T E.164 §6.2. */
function numberOf(field: string, fail: Fail): string {
  const text = field.replace(/[ ()-]/g, '');
  const digits = /^\+?(\d+)$/.exec(text)?.[1] ?? '';
  if (digits === '')
    return fail(
      'neither an IMSI (15 digits) nor a telephone number: write it with its country, such as +86 and 11 digits',
    );
  const international = text.startsWith('+') ? digits : digits.replace(/^00/, '').replace(/^(1[3-9]\d{9})$/, '86$1');
  if (international.length < 7 || international.length > 15 || international.startsWith('0'))
    return fail('its telephone number is none in international form: write + with the country, 7 to 15 digits in all');
  return international;
}

function entryOf(type: Column, digits: string, pseudonymiser: Pseudonymiser): OptOutEntry {
  const half = (domain: Parameters<Pseudonymiser['hex']>[0], text: string) =>
    pseudonymiser.hex(domain, text).slice(0, 16);
  const user = (text: string) => half('xdr-user', text);
  if (type === 'imsi') return { type, number: '', peer: '', subscribers: [half('imsi', digits), user(digits)] };
  const users = [digits, `+${digits}`, ...(/^861[3-9]\d{9}$/.test(digits) ? [digits.slice(2)] : [])];
  return { type, number: half('msisdn', digits), peer: half('peer', digits), subscribers: users.map(user) };
}
