import { describe, expect, test } from 'vitest';
import { collector } from './collect.ts';
import {
  bssmapMessage,
  dataChunk,
  ethernet,
  hex,
  ipv4,
  ipv6,
  m3uaData,
  type Octets,
  sctp,
  u16,
  u32,
  unitdata,
} from './wire.ts';

const reset = unitdata(bssmapMessage(hex('30 04 01 20')));
const packet = (tsn = 1) => sctp([dataChunk(tsn, m3uaData(100, 200, reset))]);

/** Gives frames to a fresh decoder; the counts that matter here. */
function decode(linkType: number, ...frames: Octets[]) {
  const { decoder, messages, give } = collector();
  for (const frame of frames) give(frame, 1_000_000, linkType);
  const { faults, unhandled } = decoder.stats;
  return { resets: messages.filter((message) => message.bssmapType === 0x30).length, faults, unhandled };
}

const one = { resets: 1, faults: new Map(), unhandled: new Map() };

describe('link layers', () => {
  const ip = ipv4(packet());
  const cooked = (protocol: number) => [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, ...u16(protocol)];
  const cooked2 = (protocol: number) => [...u16(protocol), 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
  const routed = [0x83, ...u32(((100 << 14) | 200) >>> 0).reverse(), ...reset];

  test.each<[string, number, Octets]>([
    ['Ethernet', 1, ethernet(ip)],
    ['Ethernet with one VLAN tag', 1, ethernet(ip, { vlans: [[0x8100, 7]] })],
    [
      'Ethernet with stacked VLAN tags',
      1,
      ethernet(ip, {
        vlans: [
          [0x88a8, 7],
          [0x8100, 9],
        ],
      }),
    ],
    ['Ethernet with IPv6', 1, ethernet(ipv6(packet()), { type: 0x86dd })],
    ['Ethernet with padding behind the packet', 1, [...ethernet(ip), 0, 0, 0, 0, 0, 0]],
    ['Linux cooked, version 1', 113, [...cooked(0x0800), ...ip]],
    ['Linux cooked, version 1, with a VLAN tag', 113, [...cooked(0x8100), 0, 5, 8, 0, ...ip]],
    ['Linux cooked, version 2', 276, [...cooked2(0x0800), ...ip]],
    ['raw IP', 101, ip],
    ['raw IP, version 6', 101, ipv6(packet())],
    ['raw IP in the old numbering', 12, ip],
    ['raw IPv4', 228, ip],
    ['raw IPv6', 229, ipv6(packet())],
    ['loopback of a little-endian host', 0, [2, 0, 0, 0, ...ip]],
    ['loopback of OpenBSD', 108, [0, 0, 0, 24, ...ipv6(packet())]],
    ['MTP3', 141, routed],
    ['MTP2', 140, [0x81, 0x82, routed.length, ...routed]],
    ['MTP2 with pseudo-header', 139, [1, 0, 0, 1, 0x81, 0x82, routed.length, ...routed]],
    ['MTP2 with extended sequence numbers', 139, [1, 1, 0, 1, 1, 0, 2, 0, routed.length, 0, ...routed]],
    ['SCCP', 142, reset],
  ])('%s', (_, linkType, frame) => {
    expect(decode(linkType, frame)).toEqual(one);
  });

  test('counts what is not signalling by name', () => {
    const udp = ethernet(ipv4([], { protocol: 17 }));
    const arp = ethernet([], { type: 0x0806 });
    expect(decode(1, udp, udp, arp).unhandled).toEqual(
      new Map([
        ['IP protocol UDP', 2],
        ['EtherType ARP', 1],
      ]),
    );
    expect(decode(195, arp).unhandled).toEqual(new Map([['LINKTYPE 195', 1]]));
    expect(decode(140, [1, 1, 0]).unhandled).toEqual(new Map([['MTP2 FISU', 1]]));
  });

  test('reads both point codes of an MTP3 routing label', () => {
    const { messages, give } = collector();
    give(routed, 0, 141);
    expect(messages[0]).toMatchObject({ opc: 100, dpc: 200, fromLower: true });
  });
});

describe('IP', () => {
  test('skips IPv6 extension headers', () => {
    const hopByHop: [number, Octets] = [0, [0, 0, 0, 0, 0, 0, 0]];
    const routing: [number, Octets] = [43, [1, ...new Array(14).fill(0)]];
    const authentication: [number, Octets] = [51, [1, 0, 0, ...new Array(8).fill(0)]];
    const shim6: [number, Octets] = [140, [0, ...new Array(6).fill(0)]];
    const frame = ethernet(ipv6(packet(), [hopByHop, routing, authentication, shim6]), { type: 0x86dd });
    expect(decode(1, frame)).toEqual(one);
  });

  const whole = packet();
  const piece = (start: number, end: number, identification = 7) =>
    ethernet(ipv4(whole.slice(start, end), { identification, offset: start, more: end < whole.length }));

  test('puts IPv4 fragments together in any order, copies ignored', () => {
    const [a, b, c] = [piece(0, 16), piece(16, 48), piece(48, whole.length)];
    for (const order of [
      [a, b, c],
      [c, b, a],
      [b, c, b, a],
    ])
      expect(decode(1, ...order)).toEqual(one);
  });

  test('puts IPv6 fragments together', () => {
    const part = (start: number, end: number) => {
      const word = start | (end < whole.length ? 1 : 0);
      const fragment: [number, Octets] = [44, [0, ...u16(word), ...u32(0xabcdef01)]];
      return ethernet(ipv6(whole.slice(start, end), [fragment]), { type: 0x86dd });
    };
    expect(decode(1, part(24, whole.length), part(0, 24))).toEqual(one);
  });

  test('keeps datagrams with different identifications apart', () => {
    const result = decode(1, piece(0, 16, 1), piece(16, 48, 2), piece(48, whole.length, 1));
    expect(result.resets).toBe(0);
  });

  test('drops a datagram whose fragments overlap', () => {
    const result = decode(1, piece(0, 32), piece(16, 48), piece(48, whole.length));
    expect(result.resets).toBe(0);
    expect(result.faults).toEqual(new Map([['IP_BAD_FRAGMENT', 1]]));
  });

  test('forgets the oldest datagram when too many are unfinished, and says so', () => {
    const limits = { reassemblyMax: 16, reassemblyMs: 30_000, sctpDirectionsMax: 8, linksMax: 16 };
    const { decoder, messages, give } = collector(limits);
    for (let identification = 0; identification < 20; identification++) give(piece(0, 16, identification));
    expect(decoder.stats.evicted.get('ip')).toBe(4);
    give(piece(16, whole.length, 0));
    expect(messages).toEqual([]);
    give(piece(16, whole.length, 19));
    expect(messages.length).toBe(1);
  });

  test('forgets an unfinished datagram after its time', () => {
    const { decoder, give } = collector();
    give(piece(0, 16, 1), 0);
    give(piece(0, 16, 2), 40_000_000);
    expect(decoder.stats.evicted.get('ip')).toBe(1);
  });
});

describe('M3UA', () => {
  const give = (user: Octets, payload = 3) => decode(1, ethernet(ipv4(sctp([dataChunk(1, user, { payload })]))));

  test('finds Protocol Data behind other parameters', () => {
    const data = m3uaData(100, 200, reset);
    const context = [0, 6, 0, 8, 0, 0, 0, 1];
    const network = [2, 0, 0, 8, 0, 0, 0, 3];
    const length = u32(data.length + 16);
    expect(give([1, 0, 1, 1, ...length, ...network, ...context, ...data.slice(8)])).toEqual(one);
  });

  test('names management messages and other users', () => {
    expect(give([1, 0, 3, 1, 0, 0, 0, 8]).unhandled).toEqual(new Map([['M3UA message ASPUP', 1]]));
    expect(give(m3uaData(1, 2, [1, 2, 3], 4)).unhandled).toEqual(new Map([['MTP user TUP', 1]]));
  });

  test('names messages of ISUP and BICC by their type, behind the circuit', () => {
    expect(give(m3uaData(1, 2, [7, 0, 0x10], 5)).unhandled).toEqual(new Map([['ISUP Release complete', 1]]));
    expect(give(m3uaData(1, 2, [7, 0, 0, 0, 0x2c], 13)).unhandled).toEqual(new Map([['BICC Call progress', 1]]));
    expect(give(m3uaData(1, 2, [7, 0, 0xee], 5)).unhandled).toEqual(new Map([['ISUP 238', 1]]));
    expect(give(m3uaData(1, 2, [7, 0], 5)).unhandled).toEqual(new Map([['MTP user ISUP', 1]]));
  });

  test('tolerates the payload identifier in the wrong byte order, and none on the registered port', () => {
    expect(give(m3uaData(1, 2, reset), 0x03000000)).toEqual(one);
    expect(give(m3uaData(1, 2, reset), 0)).toEqual(one);
    expect(give(m3uaData(1, 2, reset), 46).unhandled).toEqual(new Map([['SCTP payload DIAMETER', 1]]));
  });

  test('counts a message that contradicts itself', () => {
    expect(give([2, 0, 1, 1, 0, 0, 0, 8]).faults).toEqual(new Map([['M3UA_BAD_VERSION', 1]]));
    expect(give([1, 0, 1, 1, 0, 0, 0, 99]).faults).toEqual(new Map([['M3UA_BAD_LENGTH', 1]]));
    expect(give([1, 0, 1, 1, 0, 0, 0, 8]).faults).toEqual(new Map([['M3UA_MISSING_ELEMENT', 1]]));
  });
});

describe('links', () => {
  const from = (opc: number, dpc: number, tsn: number, source = 1, destination = 2, ni = 2) => {
    const sides = { source: [192, 0, 2, source], destination: [192, 0, 2, destination] };
    return ethernet(ipv4(sctp([dataChunk(tsn, m3uaData(opc, dpc, reset, 3, ni))]), sides));
  };
  const links = (...frames: Octets[]) => {
    const { messages, give } = collector();
    for (const frame of frames) give(frame);
    return messages.map(({ link, fromLower }) => [link, fromLower]);
  };

  test('both directions of a point-code pair are one link, whatever path and network indicator they use', () => {
    expect(links(from(7, 9, 1), from(9, 7, 2, 2, 1), from(7, 9, 3, 11, 12), from(9, 7, 4, 12, 11, 3))).toEqual([
      [1, true],
      [1, false],
      [1, true],
      [1, false],
    ]);
  });

  test('another pair is another link', () => {
    expect(links(from(7, 9, 1), from(7, 8, 2), from(8, 9, 3)).map(([link]) => link)).toEqual([1, 2, 3]);
  });

  test('equal point codes are told apart by their addresses', () => {
    expect(links(from(5, 5, 1, 1, 2), from(5, 5, 2, 2, 1), from(5, 5, 3, 1, 3))).toEqual([
      [1, true],
      [1, false],
      [2, true],
    ]);
  });

  test('a flood of point codes starts the table anew with fresh numbers', () => {
    const { messages, give } = collector({ reassemblyMax: 16, reassemblyMs: 1000, sctpDirectionsMax: 8, linksMax: 16 });
    for (let pc = 0; pc < 40; pc++) give(from(pc, 1000, pc));
    give(from(0, 1000, 77));
    const numbers = messages.map(({ link }) => link as number);
    expect(new Set(numbers).size).toBe(41);
  });
});
