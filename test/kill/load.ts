import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { Random } from '../fuzz/random.ts';
import type { OracleRegion } from './oracle.ts';

/** One record for each event; its octets are its number, counted from 1 as they arrive, which no other one has. */
export interface Load {
  readonly events: number;
  /** A file of decoded records, or of rows as an acknowledged feed takes them: calls and messages among them. */
  readonly feed: string;
  readonly regions: string;
  /** Of event `number`. */
  timeUs(number: number): number;
  /** Undefined: it names no cell. */
  cgi(number: number): string | undefined;
}

const startMs = Date.UTC(2015, 7, 2, 12);
export const startUs = startMs * 1000;
export const spanMs = 3_600_000;
const areas = 4;
const cellsOfArea = 50;

/** Micro-regions that lie side by side, across others, inside others, and one where another is. */
export const regions: readonly OracleRegion[] = [
  ...Array.from({ length: areas }, (_, i) => ({ id: `area${i + 1}`, cells: [`460-00-${i + 1}-*`] })),
  { id: 'border', cells: ['460-00-1-4*', '460-00-2-1*'] },
  { id: 'gate', cells: ['460-00-1-40', '460-00-1-41', '460-00-1-42'] },
  { id: 'north', cells: ['460-00-2-*', '460-00-3-*', '460-00-4-7'] },
  { id: 'twin', cells: ['460-00-3-*'] },
];

const kinds = ['data', 'mo call', 'location update', 'mt call', 'data', 'mo sms', 'mt sms', 'handover'] as const;
const outcomes = ['success', 'unanswered', 'failed', 'success', 'dropped'] as const;
/** What the rows of a subscriber tell of its home, by turns: networks, and numbers that hold an area code or a machine too. */
const homes: readonly (readonly (string | number)[])[] = [
  ['460-00'],
  ['460-00', placed(460, 20), '460-02', placed(460, 755)],
  ['454-01', '455-01'],
  ['460-01'],
  ['310-410'],
  ['460-00', placed(460, 571)],
  ['460-02', placed(460, 755), '460-00', placed(460, 1023)],
];

/** A home of the first network of a country, and above its 21 bits the area; 1023: a machine. */
function placed(mcc: number, area: number): number {
  return area * 2 ** 21 + mcc * 2 ** 11;
}

/** Every so many events one is out of order by less than the reorder window (10 s), late (up to 600 s), and later than that. */
const disorder = { every: 5, lagMs: [0, 8000] } as const;
const late = { every: 101, lagMs: [240_000, 360_000] } as const;
const tooLate = { every: 1009, lagMs: [1_200_000, 1_300_000] } as const;
/**
 * Rows of a batch of an acknowledged feed. The clock moves with each batch, and stands still over one if the server dies
 * between the two: what is late is so by more than two batches, whatever happens.
 */
export const rowsOfBatch = 1000;
const eventsMin = (2.2 * rowsOfBatch * spanMs) / (late.lagMs[0] - 10_000);

/** What a record says beside who was where, by its number: kinds, other parties, homes and handsets, all by turns. */
function rowOf(number: number, person: number): object {
  const common = { user: `U${person}`, bytes: number, typeAllocationCode: 35_202_100 + (person % 3) };
  if (ends(number) !== null) return { ...common, kind: ends(number)!.kind };
  const kind = kinds[number % kinds.length];
  const withPeer = /call|sms/.test(kind) && number % 3 > 0;
  const isAbroad = number % 7 === 0;
  const told = homes[person % homes.length];
  return {
    ...{ ...common, kind },
    // Each second one tells whose subscriber it is.
    ...(number % 2 === 0 && { plmn: told[(number >> 1) % told.length] }),
    ...(kind.endsWith('call') && { outcome: outcomes[number % outcomes.length], durationMs: (number % 600) * 100 }),
    ...(withPeer && {
      peer: (1 + (number % 37)).toString(16).padStart(16, '0'),
      ...{ peerClass: number % 5 === 0 ? 'off-net' : 'on-net', country: isAbroad ? 'JP' : 'CN' },
      ...(!isAbroad && { area: [755, 20][number % 2] }),
    }),
  };
}

/** Rows that end a presence, of which an acknowledged feed can tell: in a cell or wherever it is. */
function ends(number: number): { kind: 'detach' | 'roam-out'; inCell: boolean } | null {
  if (number % 97 === 0) return { kind: 'detach', inCell: true };
  if (number % 197 === 0) return { kind: 'detach', inCell: false };
  return number % 211 === 0 ? { kind: 'roam-out', inCell: false } : null;
}

/** How much later than it should an event arrives, ms. */
function lagOf(number: number, random: Random): number {
  for (const { every, lagMs } of [tooLate, late, disorder]) {
    if (number % every !== every >> 1) continue;
    return lagMs[0] + random.below(lagMs[1] - lagMs[0]);
  }
  return 0;
}

/**
 * An hour of people who move among 200 cells, appear and detach, in micro-regions that overlap. A file of records is put
 * in order as a whole, so none of it is late; rows of an acknowledged feed are, or only in disorder.
 *
 * @param over a file of decoded records, which say little, or rows that say all that a subscriber's facts are made of
 */
export function writeLoad(folder: string, events: number, seed: number, over: 'file' | 'push'): Load {
  if (over === 'push' && events < eventsMin)
    throw new RangeError(`of fewer than ${Math.ceil(eventsMin)} events some would be late or not as it happens`);
  const feed = `${folder}/feed.${over === 'file' ? 'csv' : 'ndjson'}`;
  const regionsFile = `${folder}/regions.geojson`;
  const random = new Random();
  random.begin(seed, 0);
  const people = Math.max(100, Math.ceil(events / 40));
  const at = new Uint16Array(people);
  const cells = new Int16Array(events + 1);
  const times = new Float64Array(events + 1);
  const file = openSync(feed, 'w');
  let lines = over === 'file' ? ['user,lac,ci,imei_prefix,start,end,uplink_bytes,downlink_bytes,rat'] : [];
  const timeUs = (number: number) => times[number];
  const cgi = (number: number) => (cells[number] < 0 ? undefined : cgiOf(cells[number]));
  for (let number = 1; number <= events; number++) {
    const person = random.below(people);
    const dueMs = startMs + Math.floor((number * spanMs) / events);
    const lagMs = lagOf(number, random);
    const timeMs = dueMs - lagMs < startMs ? dueMs : dueMs - lagMs;
    // Nobody comes at the same time as somebody else.
    times[number] = timeMs * 1000 + (number % 1000);
    const isLate = dueMs - timeMs >= late.lagMs[0];
    // Who comes late was somewhere else than one would think.
    if (isLate) cells[number] = random.below(areas * cellsOfArea);
    else {
      if (random.below(3) === 0) at[person] = random.below(areas * cellsOfArea);
      cells[number] = at[person];
    }
    if (over === 'file') {
      const time = new Date(timeMs).toISOString().slice(0, 23).replace('T', ' ');
      const moment = `${time}${String(number % 1000).padStart(3, '0')}`;
      const place = `${areaOf(cells[number])},${cells[number] % cellsOfArea}`;
      lines.push(`U${person},${place},352021,${moment},${moment},${number},0,1`);
    } else {
      if (ends(number)?.inCell === false) cells[number] = -1;
      lines.push(JSON.stringify({ timeUs: timeUs(number), cell: cgi(number), ...rowOf(number, person) }));
    }
    if (lines.length < 10_000 && number < events) continue;
    writeSync(file, `${lines.join('\n')}\n`);
    lines = [];
  }
  closeSync(file);
  const features = regions.map(({ id, cells: of }) => {
    return { type: 'Feature', properties: { id, name: `Region ${id}`, kind: 'group', cells: of }, geometry: null };
  });
  writeFileSync(regionsFile, JSON.stringify({ type: 'FeatureCollection', features }));
  return { events, feed, regions: regionsFile, timeUs, cgi };
}

const areaOf = (cell: number) => 1 + Math.floor(cell / cellsOfArea);
const cgiOf = (cell: number) => `460-00-${areaOf(cell)}-${cell % cellsOfArea}`;
