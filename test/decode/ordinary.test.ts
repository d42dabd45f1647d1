import { describe, expect, test } from 'vitest';
import { collector } from './collect.ts';
import { sccpOf, vectors } from './vectors.ts';
import { dataChunk, ethernet, ipv4, m3uaData, type Octets, sctp, u32, unitdata, withOptions } from './wire.ts';

/** Everything a decoder says about these packets, each given as it is. */
function account(packets: readonly Octets[]): unknown {
  const { decoder, messages, give } = collector();
  for (const [i, packet] of packets.entries()) give(ethernet(packet), i * 70_000_000);
  const { stats } = decoder;
  return {
    messages: messages.map(({ addressBytes: _, ...rest }) => rest),
    layers: stats.layers,
    faults: stats.faults,
    unhandled: stats.unhandled,
    duplicates: stats.duplicates,
  };
}

function expectSame(packets: readonly Octets[]): void {
  expect(account(packets)).toEqual(account(packets.map(withOptions)));
}

const networkAppearance = [2, 0, 0, 8, 0, 0, 0, 7];
const routingContext = [0, 6, 0, 8, 0, 0, 0, 1];

/** M3UA DATA with parameters in front of its Protocol Data. */
function m3uaBehind(parameters: Octets, user: Octets): number[] {
  const plain = m3uaData(100, 200, user);
  return [1, 0, 1, 1, ...u32(plain.length + parameters.length), ...parameters, ...plain.slice(8)];
}

/** One M3UA message with the parameters of two. */
const twoIn = (first: Octets, second: Octets): number[] => [
  ...[1, 0, 1, 1, ...u32(first.length + second.length - 8)],
  ...first.slice(8),
  ...second.slice(8),
];

const sack = [3, 0, 0, 16, ...u32(9), ...u32(65_536), 0, 0, 0, 0];
const paging = sccpOf(vectors.find((vector) => vector.name.startsWith('PAGING with IMSI and TMSI'))!);

describe('an ordinary packet, read in one go, says what it says layer by layer', () => {
  test('every vector of fixtures/wire', () => {
    expectSame(vectors.map((vector, i) => ipv4(sctp([dataChunk(i, m3uaData(100, 200, sccpOf(vector)))]))));
  });

  test('with parameters in front of the protocol data, behind a SACK, and beside other chunks', () => {
    const data = (user: Octets, tsn = 1) => dataChunk(tsn, user);
    const packets = [
      ipv4(sctp([sack, data(m3uaData(100, 200, paging))])),
      ...[0, 1, 2, 3].map((length) => ipv4(sctp([[3, 0, 0, length], data(m3uaData(100, 200, paging))]))),
      ipv4(sctp([data(m3uaBehind(routingContext, paging))])),
      ipv4(sctp([data(twoIn(m3uaData(100, 200, paging), m3uaData(300, 200, paging)))])),
      ipv4(sctp([data(twoIn(m3uaData(100, 200, paging), [1, 0, 1, 1, 0, 0, 0, 16, 0, 0x13, 0, 8, 0, 0, 0, 1]))])),
      ipv4(sctp([data(m3uaBehind([...networkAppearance, ...routingContext], paging))])),
      ipv4(sctp([data(m3uaData(100, 200, paging)), sack])),
      ipv4(sctp([data(m3uaData(100, 200, paging)), data(m3uaData(200, 100, paging), 2)])),
      ipv4(sctp([sack])),
      ipv4(sctp([data(m3uaData(7, 7, paging))])),
      ipv4(sctp([data(m3uaData(100, 200, paging, 5))])),
      ipv4(sctp([data(unitdata([0, 1, 0x30]))])),
    ];
    expect(packets.map((packet) => account([packet]))).toEqual(packets.map((packet) => account([withOptions(packet)])));
  });

  test('a copy is left out whichever way the first one came', () => {
    const packet = ipv4(sctp([dataChunk(5, m3uaData(100, 200, paging))]));
    const { decoder, messages, give } = collector();
    give(ethernet(packet));
    give(ethernet(withOptions(packet)));
    give(ethernet(packet));
    expect([messages.length, decoder.stats.duplicates]).toEqual([1, 2]);
  });

  test.each([
    ['PAGING in UDT', paging],
    ['CLEAR COMMAND in DT1', [6, 1, 2, 3, 0, 1, 6, 0, 4, 0x20, 4, 1, 9]],
    ['RELEASE in DT1', [6, 1, 2, 3, 0, 1, 9, 1, 0, 6, 3, 0x6d, 8, 2, 0xe0, 0x90]],
  ])('cut at every octet, and with every one bit flipped behind the IP header: %s', (_, user) => {
    const packet = ipv4(sctp([sack, dataChunk(3, m3uaBehind(routingContext, user))]));
    const options = withOptions(packet);
    for (let end = 20; end <= packet.length; end++) {
      expect(account([packet.slice(0, end)])).toEqual(account([options.slice(0, end + 4)]));
    }
    for (let bit = 160; bit < packet.length * 8; bit++) {
      const flipped = [...packet];
      flipped[bit >> 3] ^= 1 << (bit & 7);
      expect(account([flipped])).toEqual(account([withOptions(flipped)]));
    }
  });
});
