import { type MapMessage, mapSlice } from '../../server/decode/map-message.ts';
import { part, type SignalMessage } from '../../server/decode/message.ts';
import { parsePlmn } from '../../server/events/plmn.ts';

/** One radio node's link to its core node, and what may be named on it. */
export interface RadioLink {
  link: number;
  core: number;
  radio: number;
  /** VLRs share no subscriber and no location area here, so that what leaks from one to the other shows in a row. */
  group: number;
}

/** Two of one VLR, one of another whose point code lies above the radio node's, one without point codes. */
export const radioLinks: readonly RadioLink[] = [
  { link: 1, core: 185, radio: 187, group: 0 },
  { link: 2, core: 185, radio: 188, group: 0 },
  { link: 3, core: 186, radio: 100, group: 1 },
  { link: 4, core: -1, radio: -1, group: 2 },
];
export const groups = 3;
export const subscribersPerGroup = 4;
export const plmn = parsePlmn('460-00');

const imsiBase = 1_010_000_000_000;
const groupStep = 100;

/** IMSI of 15 digits, which is its own packed form. */
export function imsiOf(group: number, subscriber: number): number {
  return imsiBase + group * groupStep + subscriber;
}

/** A location area of the group, of two. */
export function lacOf(group: number, area: number): number {
  return (group + 1) * groupStep + area;
}

/** The group of a cell by its name; -1: of nobody's. */
export function groupOfCell(cgi: string): number {
  const group = Math.floor(Number(cgi.split('-')[2]) / groupStep) - 1;
  return group >= 0 && group < groups ? group : -1;
}

const everyPart = Object.values(part).reduce((bits: number, bit) => bits | bit, 0);

/** A message of one direction of a link, nothing in it yet. */
export function blankMessage(m: SignalMessage, { link, core, radio }: RadioLink, up: boolean, timeUs: number): void {
  m.parts = everyPart;
  m.resetSccp();
  m.frame++;
  m.timeUs = timeUs;
  m.link = link;
  m.opc = up ? radio : core;
  m.dpc = up ? core : radio;
  m.fromLower = core < 0 ? up : m.opc < m.dpc;
}

/** A node of the core network by its number. */
export interface MapNode {
  title: string;
  pointCode: number;
  /** Whose subscribers it names; -1: anybody's. */
  group: number;
}

export const mapNodes: readonly MapNode[] = [
  { title: '8613700000101', pointCode: 185, group: 0 },
  { title: '8613700000102', pointCode: 186, group: 1 },
  { title: '8613700000001', pointCode: 900, group: -1 },
  { title: '8190000010001', pointCode: 950, group: -1 },
  // Behind the same point code as the one before; and one without a number.
  { title: '8190000010002', pointCode: 950, group: -1 },
  { title: '', pointCode: 900, group: -1 },
];

export function semiOctets(digits: string): number[] {
  const even = digits.length % 2 === 0 ? digits : `${digits}f`;
  return [...even.matchAll(/../g)].map(([pair]) => Number.parseInt(pair[1] + pair[0], 16));
}

const titles = mapNodes.map(({ title }) => semiOctets(title));

/** A TCAP message from one node to another, nothing in it yet. */
export function blankMap(m: SignalMessage, from: number, to: number, timeUs: number): void {
  m.parts = everyPart;
  m.resetSccp();
  m.frame++;
  m.timeUs = timeUs;
  m.opc = mapNodes[from].pointCode;
  m.dpc = mapNodes[to].pointCode;
  m.link = 10_000 + Math.min(m.opc, m.dpc) * 1_000 + Math.max(m.opc, m.dpc);
  m.fromLower = m.opc < m.dpc;
  m.parts = part.addresses;
  m.addressBytes = Uint8Array.from([...titles[to], ...titles[from]]);
  m.calledTitleOffset = 0;
  m.calledTitleDigits = mapNodes[to].title.length;
  m.callingTitleOffset = titles[to].length;
  m.callingTitleDigits = mapNodes[from].title.length;
}

const numberSlices = [mapSlice.msisdn, mapSlice.vlr, mapSlice.sgsn];

/** Gives a component telephone numbers: MSISDN, VLR and SGSN number, '' for none. */
export function setNumbers(c: MapMessage, numbers: readonly string[]): void {
  const octets: number[] = [];
  numbers.forEach((digits, n) => {
    if (digits === '') return;
    const coded = semiOctets(digits);
    c.setSlice(numberSlices[n], octets.length, coded.length, 0x91);
    octets.push(...coded);
  });
  c.bytes = Uint8Array.from(octets);
}
