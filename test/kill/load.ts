import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { Random } from '../fuzz/random.ts';

/** One record for each event; its octets are its number, counted from 1, which no other one has. */
export interface Load {
  readonly events: number;
  /** A file of decoded records, or of rows as an acknowledged feed takes them: calls and messages among them. */
  readonly feed: string;
  readonly regions: string;
  /** Of event `number`. */
  timeUs(number: number): number;
  cgi(number: number): string;
}

const startMs = Date.UTC(2015, 7, 2, 12);
const spanMs = 3_600_000;
const areas = 4;
const cellsOfArea = 50;

const kinds = ['data', 'mo call', 'location update', 'mt call', 'data', 'mo sms', 'mt sms', 'handover'] as const;
const outcomes = ['success', 'unanswered', 'failed', 'success', 'dropped'] as const;
const homes = ['460-00', '460-00', '454-01', '460-01', '310-410'] as const;

/** What a record says beside who was where, by its number: kinds, other parties, homes and handsets, all by turns. */
function rowOf(number: number, person: number): object {
  const kind = kinds[number % kinds.length];
  const withPeer = /call|sms/.test(kind) && number % 3 > 0;
  const isAbroad = number % 7 === 0;
  return {
    ...{ user: `U${person}`, kind, bytes: number, typeAllocationCode: 35_202_100 + (person % 3) },
    // Each second one tells whose subscriber it is.
    ...(number % 2 === 0 && { plmn: homes[person % homes.length] }),
    ...(kind.endsWith('call') && { outcome: outcomes[number % outcomes.length], durationMs: (number % 600) * 100 }),
    ...(withPeer && {
      peer: (1 + (number % 37)).toString(16).padStart(16, '0'),
      ...{ peerClass: number % 5 === 0 ? 'off-net' : 'on-net', country: isAbroad ? 'JP' : 'CN' },
      ...(!isAbroad && { area: [755, 20][number % 2] }),
    }),
  };
}

/**
 * An hour of people who move among 200 cells in four micro-regions.
 *
 * @param over a file of decoded records, which say little, or rows that say all that a subscriber's facts are made of
 */
export function writeLoad(folder: string, events: number, seed: number, over: 'file' | 'push'): Load {
  const feed = `${folder}/feed.${over === 'file' ? 'csv' : 'ndjson'}`;
  const regions = `${folder}/regions.geojson`;
  const random = new Random();
  random.begin(seed, 0);
  const people = Math.max(100, Math.ceil(events / 40));
  const at = new Uint16Array(people);
  const cells = new Uint16Array(events + 1);
  // Nobody comes at the same time as somebody else: order is no question of who was first.
  const timeMsOf = (number: number) => startMs + Math.floor((number * spanMs) / events);
  const microsecond = (number: number) => number % 1000;
  const file = openSync(feed, 'w');
  let lines = over === 'file' ? ['user,lac,ci,imei_prefix,start,end,uplink_bytes,downlink_bytes,rat'] : [];
  const timeUs = (number: number) => timeMsOf(number) * 1000 + microsecond(number);
  const cgi = (number: number) => `460-00-${areaOf(cells[number])}-${cells[number] % cellsOfArea}`;
  for (let number = 1; number <= events; number++) {
    const person = random.below(people);
    if (random.below(3) === 0) at[person] = random.below(areas * cellsOfArea);
    cells[number] = at[person];
    if (over === 'file') {
      const time = new Date(timeMsOf(number)).toISOString().slice(0, 23).replace('T', ' ');
      const moment = `${time}${String(microsecond(number)).padStart(3, '0')}`;
      const place = `${areaOf(at[person])},${at[person] % cellsOfArea}`;
      lines.push(`U${person},${place},352021,${moment},${moment},${number},0,1`);
    } else lines.push(JSON.stringify({ timeUs: timeUs(number), cell: cgi(number), ...rowOf(number, person) }));
    if (lines.length < 10_000 && number < events) continue;
    writeSync(file, `${lines.join('\n')}\n`);
    lines = [];
  }
  closeSync(file);
  const region = (area: number) => ({
    type: 'Feature',
    properties: { id: `area${area}`, name: `Area ${area}`, kind: 'group', cells: [`460-00-${area}-*`] },
    geometry: null,
  });
  const features = Array.from({ length: areas }, (_, i) => region(i + 1));
  writeFileSync(regions, JSON.stringify({ type: 'FeatureCollection', features }));
  return { events, feed, regions, timeUs, cgi };
}

const areaOf = (cell: number) => 1 + Math.floor(cell / cellsOfArea);
