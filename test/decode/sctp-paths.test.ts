import { expect, test } from 'vitest';
import { m3ua } from '../../fixtures/make/wire/carriers/adaptation.ts';
import { dataChunk, ipv4, sctp } from '../../fixtures/make/wire/carriers/ip.ts';
import { adaptationMessage, type Octets, parameter, u32 } from '../../fixtures/make/wire/carriers/octets.ts';
import { writeSccp } from '../../fixtures/make/wire/carriers/sccp.ts';
import type { DecodeLimits } from '../../server/decode/state.ts';
import { collector } from './collect.ts';

/** Two addresses of a BSC and of an MSC; which is the smaller one differs. */
const one = { bsc: [10, 0, 0, 1], msc: [10, 0, 0, 2] };
const other = { bsc: [10, 9, 0, 2], msc: [10, 9, 0, 1] };
type Path = typeof one;

/** CODT with a RESET: SUA names no point codes. */
const sua = adaptationMessage(8, 8, [...parameter(0x0105, u32(5)), ...parameter(0x010b, [0, 4, 0x30, 4, 1, 0x20])]);
const sameCodes = m3ua(7, 7, 0, writeSccp({ down: false, type: 'UDT', data: [0, 4, 0x30, 4, 1, 0x20] }));

function feed(user = sua, protocol = 4, limits: Partial<DecodeLimits> = {}) {
  const { decoder, messages, give } = collector(limits);
  const send = (path: Path, up: boolean, tag: number, chunks: Octets[]) => {
    const port = protocol === 4 ? 14_001 : 2905;
    const [from, to] = up ? [path.bsc, path.msc] : [path.msc, path.bsc];
    give(ipv4(from, to, 132, sctp({ port, peerPort: port, tag, tsn: 0 }, chunks)), 1_000_000, 101);
  };
  let tsn = 0;
  return {
    decoder,
    chunks: send,
    up: (path: Path, tag = 1) => send(path, true, tag, [dataChunk(tsn++, 1, 0, protocol, user)]),
    down: (path: Path, tag = 2) => send(path, false, tag, [dataChunk(tsn++, 1, 0, protocol, user)]),
    seen: () => messages.map(({ link, fromLower }) => `${link} ${fromLower ? 'lower' : 'higher'}`),
  };
}

const init = (type: number, tag: number): Octets => [
  type,
  0,
  0,
  20,
  ...u32(tag),
  0,
  0,
  255,
  255,
  0,
  1,
  0,
  1,
  0,
  0,
  0,
  1,
];

test('a peer that moves to another path stays on its link, seen from the middle on', () => {
  const { up, down, seen } = feed();
  up(one);
  down(one);
  up(other);
  down(other);
  down(one);
  up(other);
  expect(seen()).toEqual(['1 lower', '1 higher', '1 lower', '1 higher', '1 higher', '1 lower']);
});

test('INIT and INIT ACK tell which directions are one association, before any of their data', () => {
  const { chunks, up, down, seen } = feed();
  chunks(one, true, 0, [init(1, 2)]);
  chunks(one, false, 2, [init(2, 1)]);
  down(other);
  up(one);
  up(other);
  expect(seen()).toEqual(['1 higher', '1 lower', '1 lower']);
});

test('a heartbeat teaches the path it goes over', () => {
  const { chunks, up, down, seen } = feed();
  up(one);
  chunks(other, true, 1, [[4, 0, 0, 12, 0, 1, 0, 8, 1, 2, 3, 4]]);
  down(other);
  expect(seen()).toEqual(['1 lower', '1 higher']);
});

test('what was taken for two associations is one from the moment that shows it', () => {
  const { up, down, seen } = feed();
  up(one);
  down(other);
  up(other);
  down(other);
  down(one);
  expect(seen()).toEqual(['1 lower', '2 lower', '1 lower', '1 higher', '1 higher']);
});

test('associations between other addresses have links of their own, set up again the same one', () => {
  const { up, down, seen } = feed();
  up(one, 1);
  down(one, 2);
  up(other, 3);
  down(other, 4);
  up(one, 5);
  down(one, 6);
  expect(seen()).toEqual(['1 lower', '1 higher', '2 higher', '2 lower', '1 lower', '1 higher']);
});

test('a tag that both directions carry tells nothing: addresses do', () => {
  const { up, down, seen } = feed();
  up(one, 9);
  down(one, 9);
  up(other, 9);
  down(other, 9);
  expect(seen()).toEqual(['1 lower', '1 higher', '2 higher', '2 lower']);
});

test('M3UA between equal point codes is told apart the same way', () => {
  const { up, down, seen } = feed(sameCodes, 3);
  up(one);
  down(one);
  up(other);
  down(other);
  expect(seen()).toEqual(['1 lower', '1 higher', '1 lower', '1 higher']);
});

test('an endless row of associations displaces the oldest, and the newest are known', () => {
  const { decoder, up, down, seen } = feed(sua, 4, { linksMax: 16 });
  for (let i = 0; i < 500; i++) {
    const path = { bsc: [10, 1, i >> 8, i & 255], msc: [10, 2, 0, 1] };
    up(path, 2 * i + 1);
    up(path, 2 * i + 1);
    down(path, 2 * i + 2);
  }
  const links = seen().map((line) => line.split(' '));
  for (let i = 0; i < links.length; i += 3) {
    expect(new Set(links.slice(i, i + 3).map(([link]) => link)).size).toBe(1);
    expect(links.slice(i, i + 3).map(([, side]) => side)).toEqual(['lower', 'lower', 'higher']);
  }
  expect(decoder.stats.faults).toEqual(new Map());
});
