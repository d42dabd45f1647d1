import { readFile, stat } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { CsvError, parse } from 'csv-parse/sync';
import { messageOf, UserError, whyUnreadable } from '../errors.ts';
import type { CellInfo } from './cell-registry.ts';

const required = ['cgi', 'lon', 'lat'] as const;
const known = [...required, 'azimuth', 'name', 'site', 'radio', 'branch', 'centre', 'area', 'hall'];

/** Why a text is no CGI as Signalwall writes it, or '' if it is one. 3GPP TS 23.003 §4.3.1. */
export function cgiFault(text: string): string {
  const match = /^(\d{3})-(\d{2,3})-(\d+)-(\d+)$/.exec(text);
  if (match === null) return 'is no MCC-MNC-LAC-CI';
  const [, , , lac, ci] = match;
  if (lac !== String(Number(lac)) || ci !== String(Number(ci))) return 'has padded numbers';
  if (Number(lac) > 0xffff) return 'has a LAC above 65535';
  // 28 bits leave room for the ECI of later networks.
  if (Number(ci) > 0xfffffff) return 'has a CI above 268435455';
  return '';
}

/** Why a pair of degrees is no position, or ''. */
export function positionFault(lon: number, lat: number): string {
  if (Math.abs(lat) > 90 && Math.abs(lat) <= 180 && Math.abs(lon) <= 90) {
    return `lon ${lon} and lat ${lat} look swapped: longitude comes first`;
  }
  if (!(Math.abs(lon) <= 180)) return `lon ${lon} is not within ±180 degrees`;
  if (!(Math.abs(lat) <= 90)) return `lat ${lat} is not within ±90 degrees`;
  return '';
}

/** Of a text that is read whole; Node's own bound on strings is twice that. */
export const textBytesMax = 256 * 2 ** 20;

/** Text of a file, gunzipped where it is gzip by content. */
export async function readText(path: string, what: string, code: string): Promise<string> {
  const name = `${what} ${path}`;
  let bytes: Buffer;
  try {
    if ((await stat(path)).size > textBytesMax) throw tooLong(name, code);
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(code, `${name}: ${whyUnreadable(error)}`, { cause: error });
  }
  return textOf(bytes, name, code);
}

/** The same of what has been read. @param name for messages */
export function textOf(bytes: Buffer, name: string, code: string): string {
  let text = bytes;
  try {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) text = gunzipSync(bytes, { maxOutputLength: textBytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong(name, code);
    throw new UserError(code, `${name}: its gzip data is cut off or damaged; copy the file again`, { cause: error });
  }
  if (text.length > textBytesMax) throw tooLong(name, code);
  return text.toString('utf8').replace(/^\uFEFF/, '');
}

function tooLong(name: string, code: string): UserError {
  return new UserError(code, `${name}: there are more than ${textBytesMax} octets of text: cut it`);
}

interface ParsedRow {
  record: Record<string, string>;
  info: { lines: number };
}

function parseRows(path: string, text: string): ParsedRow[] {
  try {
    return parse(text, {
      columns: (header: string[]) => {
        const missing = required.filter((name) => !header.includes(name));
        if (missing.length > 0) {
          throw new UserError(
            'CELLS_COLUMNS',
            `${path}: line 1: the cell list lacks the column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}: begin it with cgi,lon,lat (further columns it may have: ${known.slice(3).join(', ')})`,
          );
        }
        return header;
      },
      info: true,
      trim: true,
      skip_empty_lines: true,
    }) as unknown as ParsedRow[];
  } catch (error) {
    if (error instanceof UserError) throw error;
    const line = error instanceof CsvError && typeof error.lines === 'number' ? `line ${error.lines}: ` : '';
    throw new UserError('CELLS_CSV', `${path}: ${line}${messageOf(error)}: mend this line of the cell list`, {
      cause: error,
    });
  }
}

/**
 * Reads a cell list: CSV (gzip'd or not) with the header `cgi,lon,lat[,azimuth,name,site,radio,branch,centre,area,hall]`
 * in any order; unknown columns are ignored. A cell whose lon and lat are both empty has no position.
 *
 * @throws UserError naming file, line and remedy
 */
export async function readCells(path: string): Promise<CellInfo[]> {
  const rows = parseRows(path, await readText(path, 'cell list', 'CELLS_UNREADABLE'));
  if (rows.length === 0) {
    throw new UserError(
      'CELLS_EMPTY',
      `${path}: the cell list is empty: give it the header cgi,lon,lat and a line a cell`,
    );
  }
  const lineOf = new Map<string, number>();
  return rows.map(({ record, info }) => {
    const fail = (what: string): never => {
      throw new UserError('CELLS_ROW', `${path}: line ${info.lines}: ${what}`);
    };
    const number = (name: string): number | null => {
      const text = record[name] ?? '';
      if (text === '') return null;
      const value = Number(text);
      return Number.isFinite(value) ? value : fail(`${name} '${text}' is no number: write degrees such as 113.264`);
    };
    const { cgi } = record;
    const fault = cgiFault(cgi);
    if (fault !== '') fail(`the cell '${cgi}' ${fault}: write it as 460-00-42285-28831`);
    const before = lineOf.get(cgi);
    if (before !== undefined) fail(`the cell ${cgi} stands in line ${before} already: remove one of the two`);
    lineOf.set(cgi, info.lines);

    const lon = number('lon');
    const lat = number('lat');
    if ((lon === null) !== (lat === null)) fail(`the cell ${cgi} has only one of lon and lat: give both or neither`);
    if (lon !== null && lat !== null) {
      const wrong = positionFault(lon, lat);
      if (wrong !== '') fail(`${wrong}: mend the position of ${cgi}`);
    }
    const azimuth = number('azimuth');
    if (azimuth !== null && (azimuth < 0 || azimuth > 360)) {
      fail(`azimuth ${azimuth} is not within 0 … 360 degrees: give degrees clockwise from north`);
    }
    const parents = [record.branch, record.centre, record.area, record.hall].map((name) => name ?? '');
    const cell: CellInfo = {
      cgi,
      name: record.name ?? '',
      lon,
      lat,
      azimuth,
      radio: record.radio ?? '',
      site: record.site ?? '',
    };
    if (parents.some((name) => name !== '')) cell.parents = parents;
    return cell;
  });
}
