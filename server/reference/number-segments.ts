import { createHash } from 'node:crypto';
import { UserError } from '../errors.ts';
import { readText } from './read-cells.ts';

/** What a row of the file places: a mobile number's first seven digits, or IMSIs. */
export type SegmentType = 'msisdn' | 'imsi';

/** Numbers or IMSIs that belong to one place. */
export interface SegmentRow {
  readonly type: SegmentType;
  /** First and last, inclusive: segments of seven digits, or IMSIs of fifteen. */
  readonly first: number;
  readonly last: number;
  readonly province: string;
  readonly city: string;
  /** Area code without its zero, 10 … 999. */
  readonly area: number;
  readonly operator: string;
}

export interface NumberSegments {
  /** By type and number, without overlaps. */
  readonly rows: readonly SegmentRow[];
  /** Tells sets apart. */
  readonly digest: string;
}

const required = ['type', 'from', 'province', 'city', 'area'] as const;
const columns = [...required, 'to', 'operator'] as const;
type Column = (typeof columns)[number];

/** Of the canonical file, which {@link formatSegments} writes. */
const canonical: readonly Column[] = ['type', 'from', 'to', 'province', 'city', 'area', 'operator'];
const rowsMax = 2_000_000;
const nameCharsMax = 60;
const segmentDigits = 7;
const imsiDigits = 15;
/** An IMSI prefix names a network at least. */
const imsiDigitsMin = 5;
const example = 'msisdn,1390013,1390013,广东,深圳,0755,中国移动';

/** Fails with the line and what to do. */
type Fail = (what: string) => never;

interface Placed extends SegmentRow {
  readonly line: number;
}

/**
 * Reads a list of segments: CSV (gzip'd or not) with the header `type,from[,to],province,city,area[,operator]` in any
 * order. `msisdn` rows name mobile segments of seven digits, `imsi` rows beginnings of IMSIs.
 *
 * @throws UserError naming file, line and remedy
 */
export async function readSegments(path: string): Promise<NumberSegments> {
  return parseSegments(path, await readText(path, 'list of segments', 'SEGMENTS_UNREADABLE'));
}

/** The same of its text. @param path for messages */
export function parseSegments(path: string, text: string): NumberSegments {
  const lines = text.split(/\r?\n/);
  const at = placesOf(path, lines[0]);
  const rows: Placed[] = [];
  for (let i = 1; i < lines.length; i++) {
    if (lines[i].trim() === '') continue;
    const fail: Fail = (what) => {
      throw new UserError('SEGMENTS_ROW', `${path}: line ${i + 1}: ${what}`);
    };
    if (rows.length === rowsMax) fail(`there are more than ${rowsMax} rows: cut the list`);
    rows.push(rowOf(fieldsOf(lines[i], fail), at, i + 1, fail));
  }
  if (rows.length === 0)
    throw new UserError(
      'SEGMENTS_EMPTY',
      `${path}: the list of segments is empty: give it the header ${canonical.join(',')} and rows such as ${example}`,
    );
  rows.sort((a, b) => (a.type === b.type ? a.first - b.first : a.type < b.type ? -1 : 1));
  for (let i = 1; i < rows.length; i++) {
    const [before, row] = [rows[i - 1], rows[i]];
    if (before.type !== row.type || before.last < row.first) continue;
    const line = Math.max(before.line, row.line);
    const other = Math.min(before.line, row.line);
    throw new UserError(
      'SEGMENTS_ROW',
      `${path}: line ${line}: its ${row.type} range overlaps the one in line ${other}: keep one place for each number`,
    );
  }
  const placed = rows.map(({ line: _, ...row }) => row);
  return { rows: placed, digest: createHash('sha256').update(formatSegments(placed)).digest('hex') };
}

/** The rows as a file that is read back as the same. */
export function formatSegments(rows: readonly SegmentRow[]): string {
  const lines = rows.map(({ type, first, last, province, city, area, operator }) => {
    const digits = type === 'msisdn' ? segmentDigits : imsiDigits;
    const [from, to] = [first, last].map((value) => String(value).padStart(digits, '0'));
    return [type, from, to, province, city, area, operator].join(',');
  });
  return `${canonical.join(',')}\n${lines.join('\n')}\n`;
}

function placesOf(path: string, header: string): Map<string, number> {
  const names = header.split(',').map((name) => name.trim());
  const missing = required.filter((name) => !names.includes(name));
  const foreign = names.filter((name) => !(columns as readonly string[]).includes(name));
  if (missing.length > 0 || foreign.length > 0) {
    const fault = missing.length > 0 ? `lacks ${missing.join(', ')}` : `has an unknown column '${foreign[0]}'`;
    throw new UserError(
      'SEGMENTS_COLUMNS',
      `${path}: line 1: the list of segments ${fault}: begin it with ${canonical.join(',')} (to and operator may be missing)`,
    );
  }
  return new Map(names.map((name, i) => [name, i]));
}

function fieldsOf(line: string, fail: Fail): string[] {
  const fields = line.split(',').map((field) => field.trim().replace(/^"([^"]*)"$/, '$1'));
  if (fields.some((field) => field.includes('"'))) fail(`a field holds a quote or a comma: write names without them`);
  return fields;
}

function rowOf(fields: readonly string[], at: ReadonlyMap<string, number>, line: number, fail: Fail): Placed {
  if (fields.length !== at.size)
    fail(`it has ${fields.length} fields, and the header ${at.size}: give each column one`);
  const field = (name: Column) => fields[at.get(name) ?? -1] ?? '';
  const type = field('type');
  if (type !== 'msisdn' && type !== 'imsi') return fail(`type '${type}': write msisdn or imsi`);
  const [province, city, operator] = (['province', 'city', 'operator'] as const).map(field);
  for (const [name, text] of Object.entries({ province, city, operator }))
    if (text.length > nameCharsMax) fail(`${name} has more than ${nameCharsMax} characters: shorten it`);
  if (province === '' || city === '') fail('province or city is empty: name both');
  const area = field('area');
  if (!/^0?[1-9]\d{1,2}$/.test(area)) fail(`area '${area}': write the area code, such as 0755 or 755`);
  const from = field('from');
  const to = field('to') || from;
  return { type, ...rangeOf(type, from, to, fail), province, city, area: Number(area), operator, line };
}

function rangeOf(type: SegmentType, from: string, to: string, fail: Fail): { first: number; last: number } {
  if (!/^\d+$/.test(from + to) || from.length !== to.length) fail('from and to must be digits, as many in both');
  if (from > to) fail('from lies behind to: swap them');
  if (type === 'msisdn') {
    if (from.length !== segmentDigits || !/^1[3-9]/.test(from) || to[0] !== '1')
      fail('a segment is the first seven digits of a mobile number in China, such as 1390013, without 86');
    return { first: Number(from), last: Number(to) };
  }
  if (from.length < imsiDigitsMin || from.length > imsiDigits)
    fail(`an IMSI range is ${imsiDigitsMin} to ${imsiDigits} digits that IMSIs begin with, MCC and MNC first`);
  return { first: Number(from.padEnd(imsiDigits, '0')), last: Number(to.padEnd(imsiDigits, '9')) };
}
