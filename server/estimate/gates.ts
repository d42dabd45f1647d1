import { parseTimeUs } from '../clock.ts';
import { UserError } from '../errors.ts';
import { parseTable, readTableText, type TableForm, type TableRow } from './table-file.ts';

/** What the gates of a region counted: heads inside at a time. */
export interface GateCount {
  /** Event time, µs. */
  readonly timeUs: number;
  /** Region id. */
  readonly region: string;
  readonly people: number;
  /** Relative standard error of the count: 0.02 = 2 %. */
  readonly error: number;
}

/** Turnstiles miscount by one or two in a hundred: children carried, staff gates, double passes. */
const errorDefault = 0.02;

const form: TableForm = {
  what: 'table of gate counts',
  code: 'GATES',
  required: ['time', 'region'],
  optional: ['people', 'entered', 'left', 'error'],
};

/**
 * Gate counts: CSV or JSON with `time` (ISO 8601 with its offset: `2026-10-17T19:30+08:00`), `region` (its id), and
 * either `people` (inside) or `entered` and `left` (heads since the region was empty); `error` is the relative standard
 * error (2 % unless given).
 *
 * @throws UserError naming file, line and remedy
 */
export async function readGates(path: string): Promise<GateCount[]> {
  return parseGates(path, await readTableText(path, form));
}

/** A gate count as a row of JSON, from which it can be read back. */
export function gateRow({ timeUs, region, people, error }: GateCount): object {
  return { time: new Date(timeUs / 1000).toISOString(), region, people, error };
}

/** As {@link readGates}, of a text, which may be said to be JSON or CSV. Sorted by time. */
export function parseGates(path: string, text: string, isJson?: boolean): GateCount[] {
  return gatesOf(path, parseTable(path, text, form, isJson));
}

function gatesOf(path: string, rows: readonly TableRow[]): GateCount[] {
  const lineOf = new Map<string, string>();
  const counts = rows.map((row): GateCount => {
    const fail = (what: string): never => {
      throw new UserError('GATES_ROW', `${path}: ${row.where}: ${what}`);
    };
    const time = row.field('time');
    // Without its offset a time would be read in the zone of whatever machine reads it.
    // To the millisecond, as they are written down.
    const timeUs = Math.floor(parseTimeUs(time) / 1000) * 1000;
    if (Number.isNaN(timeUs)) fail(`time '${time}' is no time with its offset: write 2026-10-17T19:30+08:00`);
    const region = row.field('region');
    if (region === '') fail('it names no region: give the id of a micro-region');
    const before = lineOf.get(`${timeUs} ${region}`);
    if (before !== undefined) fail(`${region} has a count of that time in ${before} already: remove one of the two`);
    lineOf.set(`${timeUs} ${region}`, row.where);
    const heads = (name: string): number => {
      const text = row.field(name);
      return /^\d{1,9}$/.test(text) ? Number(text) : fail(`${name} '${text}' is no number of heads: write 12345`);
    };
    const given = row.field('people') !== '';
    if (given && (row.field('entered') !== '' || row.field('left') !== '')) {
      fail('it has people and entered or left too: give one or the other');
    }
    const people = given ? heads('people') : heads('entered') - heads('left');
    if (people < 0) fail('more have left than entered: count both from the same moment');
    const errorText = row.field('error');
    const error = errorText === '' ? errorDefault : Number(errorText);
    if (!(error >= 0 && error <= 1)) fail(`error '${errorText}' is no share from 0 to 1: write 0.02 for 2 %`);
    return { timeUs, region, people, error };
  });
  return counts.sort((a, b) => a.timeUs - b.timeUs);
}
