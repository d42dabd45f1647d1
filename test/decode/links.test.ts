import { describe, expect, test } from 'vitest';
import { LinkTable, scopeOf } from '../../server/decode/links.ts';
import { collector } from './collect.ts';
import {
  connectionConfirm,
  connectionRequest,
  dataChunk,
  dataForm1,
  ethernet,
  ipv4,
  m3uaData,
  type Octets,
  sctp,
  u32,
} from './wire.ts';

const bsc = 100;
const msc = 200;
const request = connectionRequest(0x010203, [0, 4, 0x30, 4, 1, 0x20]);
const confirm = connectionConfirm(0x010203, 0x040506);

/** M3UA DATA of a network; null: none is named. RFC 4666 §3.3.1. */
function dataOf(appearance: number | null, down: boolean, user: Octets): number[] {
  const unnamed = down ? m3uaData(msc, bsc, user) : m3uaData(bsc, msc, user);
  if (appearance === null) return unnamed;
  return [1, 0, 1, 1, ...u32(unnamed.length + 8), 2, 0, 0, 8, ...u32(appearance), ...unnamed.slice(8)];
}

interface Sent {
  appearance: number | null;
  down?: boolean;
  user?: Octets;
  /** Number of the SCTP association. */
  association?: number;
}

/** A symbol without the networks of its ends. */
const numberOf = (symbol: number) => symbol & 0xff_ffff;

/** The link of each message, all in one capture. */
function linksOf(sent: readonly Sent[]) {
  const { messages, decoder, give } = collector();
  for (const [tsn, { appearance, down = false, user = down ? confirm : request, association = 1 }] of sent.entries()) {
    const [source, destination] = down ? [association + 100, association] : [association, association + 100];
    const packet = sctp([dataChunk(tsn, dataOf(appearance, down, user))], { tag: association * 2 + (down ? 1 : 0) });
    give(ethernet(ipv4(packet, { source: [10, 0, 0, source], destination: [10, 0, 0, destination] })));
  }
  expect(decoder.stats.faults).toEqual(new Map());
  return messages.map(({ link }) => numberOf(Number(link)));
}

describe('the link of two point codes', () => {
  test('is another one for each network that M3UA names, both ways', () => {
    const links = linksOf([
      { appearance: 7 },
      { appearance: 8 },
      { appearance: 7, down: true },
      { appearance: 8, down: true },
      { appearance: 0 },
    ]);
    expect(links).toEqual([1, 2, 1, 2, 3]);
  });

  test('stays one over associations that share its load', () => {
    const links = linksOf([
      { appearance: 7, association: 1 },
      { appearance: 7, association: 2, down: true },
      { appearance: 8, association: 2 },
      { appearance: 8, association: 1, down: true },
      { appearance: 7, association: 3, user: dataForm1(0x040506, [0, 4, 0x30, 4, 1, 0x20]) },
    ]);
    expect(links).toEqual([1, 1, 2, 2, 1]);
    expect(linksOf([{ appearance: null }, { appearance: null, association: 2, down: true }])).toEqual([1, 1]);
  });

  test.each([
    [7, null],
    [null, 7],
    [0, null],
  ])('stays one where one side names the only network and the other none: %s, %s', (up, down) => {
    expect(linksOf([{ appearance: up }, { appearance: down, down: true }])).toEqual([1, 1]);
  });
});

describe('the table of links', () => {
  test('gives the first network of a pair the link of what names none, the second one its own', () => {
    const table = new LinkTable(8, () => undefined);
    const number = (low: number, high: number, network: number) => numberOf(table.symbolOf(low, high, network));
    expect([number(1, 2, 5), number(1, 2, 0), number(1, 2, 6)]).toEqual([1, 1, 2]);
    expect([number(3, 4, 6), number(1, 2, 5), number(1, 2, 6)]).toEqual([3, 1, 2]);
  });

  test('keeps what carries equal codes apart from the first on', () => {
    const table = new LinkTable(8, () => undefined);
    expect([table.symbolOf(0, 0, 0), table.symbolOf(0, 0, 3), table.symbolOf(0, 0, 4)]).toEqual([1, 2, 3]);
  });

  test('begins anew when it is full, with numbers that were not given before', () => {
    const table = new LinkTable(16, () => undefined);
    const given = new Set<number>();
    for (let network = 1; network <= 1000; network++) given.add(numberOf(table.symbolOf(1, 2, network)));
    expect(given.size).toBe(1000);
    expect(numberOf(table.symbolOf(1, 2, 1000))).toBe(Math.max(...given));
  });
});

describe('the scope of a node', () => {
  const scopes = (table: LinkTable, ...links: [code: number, other: number, network: number][]) =>
    links.map(([code, other, network]) => {
      const link = table.symbolOf(Math.min(code, other), Math.max(code, other), network);
      return scopeOf(code, other, link);
    });

  test('is its code in one network, whichever links and names it is heard by', () => {
    const table = new LinkTable(64, () => undefined);
    const [one, ...others] = scopes(table, [185, 187, 7], [185, 188, 7], [185, 100, 7], [185, 101, 0], [185, 187, 0]);
    expect(one).toBe(185);
    expect(new Set(others)).toEqual(new Set([185]));
  });

  test('differs where two networks use its code, though the other ends have codes of their own', () => {
    const table = new LinkTable(64, () => undefined);
    const [one, two, again, other] = scopes(table, [185, 187, 7], [185, 188, 8], [185, 190, 8], [185, 187, 8]);
    expect(two).not.toBe(one);
    expect([again, other]).toEqual([two, two]);
    // The other ends are nobody's but their own.
    expect(scopes(table, [188, 185, 8], [187, 185, 7])).toEqual([188, 187]);
  });

  test('is that of its network in whatever order they are heard, unnamed traffic first too, and after a restart', () => {
    for (const order of [
      [0, 5, 9],
      [5, 0, 9],
      [5, 9, 0],
      [0, 9, 5],
      [9, 0, 5],
    ]) {
      const table = new LinkTable(16, () => undefined);
      const told = () => new Map(order.map((network) => [network, scopes(table, [100, 200, network])[0]]));
      const before = told();
      const [first, second] = order.filter((network) => network !== 0);
      expect(before.get(first), `${order}`).toBe(100);
      expect(before.get(second), `${order}`).not.toBe(100);
      expect(before.get(0), `${order}`).toBe(100);
      const { restarts } = table;
      for (let code = 1000; table.restarts === restarts; code++) table.symbolOf(code, code + 5000, 0);
      for (const network of [...order].reverse())
        expect(scopes(table, [100, 200, network])[0], `${order}, ${network} again`).toBe(before.get(network));
    }
  });

  test('stays when the table of links begins anew', () => {
    const table = new LinkTable(16, () => undefined);
    const before = scopes(table, [185, 187, 7], [185, 188, 8]);
    for (let other = 1; other <= 12; other++) scopes(table, [185, 1000 + other, 7]);
    expect(table.restarts).toBe(1);
    expect(scopes(table, [185, 188, 8], [185, 187, 7])).toEqual([before[1], before[0]]);
  });

  test('is the link where codes are equal, missing, or have too many networks', () => {
    const table = new LinkTable(64, () => undefined);
    const [one, two] = scopes(table, [5, 5, 2], [5, 5, 4]);
    expect(one).not.toBe(two);
    expect(scopeOf(-1, -1, 3)).not.toBe(scopeOf(-1, -1, 4));
    const all = scopes(table, ...Array.from({ length: 12 }, (_, k): [number, number, number] => [9, 10, k + 1]));
    expect(new Set(all).size).toBe(12);
    expect(Math.max(...all)).toBeLessThan(2 ** 30);
  });
});
