import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { Random } from '../fuzz/random.ts';

/** One record for each event; its octets are its number, counted from 1, which no other one has. */
export interface Load {
  readonly events: number;
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

/** An hour of people who move among 200 cells in four micro-regions, as a file of decoded records. */
export function writeLoad(folder: string, events: number, seed: number): Load {
  const feed = `${folder}/feed.csv`;
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
  let lines = ['user,lac,ci,imei_prefix,start,end,uplink_bytes,downlink_bytes,rat'];
  for (let number = 1; number <= events; number++) {
    const person = random.below(people);
    if (random.below(3) === 0) at[person] = random.below(areas * cellsOfArea);
    cells[number] = at[person];
    const time = new Date(timeMsOf(number)).toISOString().slice(0, 23).replace('T', ' ');
    const moment = `${time}${String(microsecond(number)).padStart(3, '0')}`;
    lines.push(`U${person},${areaOf(at[person])},${at[person] % cellsOfArea},352021,${moment},${moment},${number},0,1`);
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
  return {
    ...{ events, feed, regions },
    timeUs: (number) => timeMsOf(number) * 1000 + microsecond(number),
    cgi: (number) => `460-00-${areaOf(cells[number])}-${cells[number] % cellsOfArea}`,
  };
}

const areaOf = (cell: number) => 1 + Math.floor(cell / cellsOfArea);
