import { describe, expect, test } from 'vitest';
import { ipaPing, ipaSccp } from '../../fixtures/make/wire/carriers/adaptation.ts';
import { ipv4, tcp } from '../../fixtures/make/wire/carriers/ip.ts';
import { writeSccp } from '../../fixtures/make/wire/carriers/sccp.ts';
import type { DecodeLimits } from '../../server/decode/state.ts';
import { collector } from './collect.ts';

const client = [10, 0, 0, 1];
const server = [10, 0, 0, 2];

/** RESET with the cause `n` as an IPA message: told from others by the cause. */
function reset(n: number): number[] {
  return ipaSccp(writeSccp({ down: false, type: 'UDT', data: [0, 4, 0x30, 4, 1, n] }));
}

/** One TCP connection whose segments a test sends as it likes. */
function connection(limits: Partial<DecodeLimits> = {}, { first = 1000, port = 40_000 } = {}) {
  const { decoder, messages, give } = collector(limits);
  let timeUs = 1_000_000_000;
  const segment = (up: boolean, offset: number, payload: readonly number[], flags = 0x18, acknowledged = 0) => {
    const ports = up ? { port, peerPort: 5000 } : { port: 5000, peerPort: port };
    const header = { ...ports, sequence: (first + offset) >>> 0, acknowledged: (first + acknowledged) >>> 0, flags };
    const [from, to] = up ? [client, server] : [server, client];
    give(ipv4(from, to, 6, tcp(from, to, header, payload)), timeUs, 101);
  };
  return {
    decoder,
    causes: () => messages.map(({ bssmapCause }) => bssmapCause),
    messages,
    wait: (us: number) => {
      timeUs += us;
    },
    syn: () => segment(true, -1, [], 0x02),
    /** A SYN whose stream begins `offset` octets behind. */
    begin: (offset: number) => segment(true, offset - 1, [], 0x02),
    /** From the client, `offset` octets behind the first of its stream. */
    send: (offset: number, payload: readonly number[]) => segment(true, offset, payload),
    /** The server has received everything below `offset`. */
    acknowledge: (offset: number) => segment(false, 0, [], 0x10, offset),
  };
}

const stream = [1, 2, 3, 4, 5, 6, 7, 8].flatMap(reset);
const size = reset(1).length;

describe('a stream from its SYN on', () => {
  test('is cut at its messages, however it is cut in segments', () => {
    for (let cut = 1; cut <= stream.length; cut++) {
      const { syn, send, causes, decoder } = connection();
      syn();
      for (let at = 0; at < stream.length; at += cut) send(at, stream.slice(at, at + cut));
      expect(causes()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect([decoder.stats.faults.size, decoder.stats.evicted.size]).toEqual([0, 0]);
    }
  });

  test('goes on over the wrap of the sequence number', () => {
    const { syn, send, causes } = connection({}, { first: 0xffff_fff0 });
    syn();
    for (let at = 0; at < stream.length; at += 7) send(at, stream.slice(at, at + 7));
    expect(causes()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('is put in order, copies and overlaps left out', () => {
    const { syn, send, causes, decoder } = connection();
    syn();
    const part = (start: number, end: number) => send(start, stream.slice(start, end));
    part(50, 70);
    part(20, 40);
    part(20, 40);
    part(0, 30);
    part(0, 30);
    part(35, 60);
    part(100, stream.length);
    part(60, 110);
    expect(causes()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(decoder.stats.duplicates).toBe(1);
  });

  test('that begins again under the same ports is a new one', () => {
    const { syn, send, causes } = connection();
    syn();
    send(0, stream.slice(0, size + 5));
    syn();
    send(size + 5, stream.slice(size + 5, 2 * size));
    const again = connection({}, { first: 77 });
    again.syn();
    again.send(0, reset(9));
    expect([causes(), again.causes()]).toEqual([[1, 2], [9]]);
  });

  test('that another one takes the ports of has what waited in it counted', () => {
    // Far from where the stream stands, and behind a SYN of its own.
    const far = 1 << 25;
    const { syn, send, decoder, causes } = connection();
    syn();
    send(0, stream.slice(0, size + 5));
    send(2 * size, stream.slice(2 * size, 3 * size));
    send(3 * size, stream.slice(3 * size, 4 * size));
    send(far, stream.slice(0, 2 * size));
    expect(causes()).toEqual([1, 1, 2]);
    expect(decoder.stats.evicted).toEqual(
      new Map([
        ['tcp', 2],
        ['ipa', 1],
      ]),
    );
    const other = connection();
    other.syn();
    other.send(0, stream.slice(0, 5));
    other.send(2 * size, stream.slice(2 * size, 3 * size));
    other.begin(700_000);
    other.send(700_000, stream.slice(0, size));
    expect(Object.fromEntries(other.decoder.stats.evicted)).toEqual({ tcp: 1, ipa: 1 });
  });

  test('reads on behind a malformed message in the same segment', () => {
    const { syn, send, causes, decoder } = connection();
    syn();
    send(0, [...reset(1), ...ipaSccp([9, 0]), ...ipaSccp([6, 1, 1]), ...reset(2)]);
    expect(causes()).toEqual([1, 2]);
    expect(decoder.stats.faults).toEqual(new Map([['SCCP_TRUNCATED', 2]]));
  });
});

describe('a lost segment', () => {
  test('that the receiver has acknowledged is not waited for, and costs its messages only', () => {
    const { syn, send, acknowledge, wait, causes, decoder } = connection();
    syn();
    send(0, stream.slice(0, size + 5));
    // Octets size + 5 … 2 size + 3 are missing: the message they belong to is known to end at 2 size.
    send(2 * size - 3, stream.slice(2 * size - 3, 4 * size));
    expect(causes()).toEqual([1]);
    acknowledge(4 * size);
    wait(300_000);
    send(4 * size, stream.slice(4 * size, 5 * size));
    expect(causes()).toEqual([1, 3, 4, 5]);
    expect(decoder.stats.evicted).toEqual(new Map([['ipa', 1]]));
  });

  test('that held a boundary is passed over to the next segment that begins with a message', () => {
    const { syn, send, acknowledge, wait, causes } = connection();
    syn();
    send(0, stream.slice(0, size));
    send(2 * size + 5, stream.slice(2 * size + 5, 3 * size));
    send(3 * size, stream.slice(3 * size, 4 * size));
    acknowledge(4 * size);
    wait(300_000);
    send(4 * size, stream.slice(4 * size, 4 * size + 6));
    send(4 * size + 6, stream.slice(4 * size + 6, 5 * size));
    expect(causes()).toEqual([1, 4, 5]);
  });

  test('may come late', () => {
    const { syn, send, wait, causes } = connection();
    syn();
    send(size, stream.slice(size, 2 * size));
    wait(5_000_000);
    send(2 * size, stream.slice(2 * size, 3 * size));
    expect(causes()).toEqual([]);
    send(0, stream.slice(0, size));
    expect(causes()).toEqual([1, 2, 3]);
  });

  test('is given up after its time, and when too much waits for it', () => {
    const late = connection();
    late.syn();
    late.send(size, stream.slice(size, 2 * size));
    late.wait(31_000_000);
    late.send(2 * size, stream.slice(2 * size, 3 * size));
    expect(late.causes()).toEqual([2, 3]);
    const much = connection({ tcpWaitBytesMax: 1024 });
    much.syn();
    for (let n = 1; n < 20; n++) much.send(n * size, reset(n));
    expect(much.causes().length).toBeGreaterThan(8);
  });
});

describe('a stream from its middle on', () => {
  test('begins with the first segment that is whole messages', () => {
    const { send, causes, decoder } = connection();
    send(5, stream.slice(5, size));
    send(size, stream.slice(size, 3 * size));
    expect(causes()).toEqual([2, 3]);
    expect(decoder.stats.evicted).toEqual(new Map([['ipa', 1]]));
  });

  test('begins with a segment that ends in the middle of a third message', () => {
    const { send, causes } = connection();
    send(0, stream.slice(0, 2 * size + 7));
    send(2 * size + 7, stream.slice(2 * size + 7, 3 * size));
    expect(causes()).toEqual([1, 2, 3]);
  });

  test('never takes octets inside a message for its beginning', () => {
    for (let from = 1; from < size; from++) {
      const { send, causes, decoder } = connection();
      send(from, stream.slice(from));
      expect([causes(), decoder.stats.faults.size]).toEqual([[], 0]);
    }
  });

  test('of another connection under the same ports does not starve', () => {
    const { send, causes } = connection();
    send(100_000, reset(1));
    for (let n = 0; n < 100; n++) send(n * size, reset(2));
    expect(causes().length).toBeGreaterThan(30);
  });
});

describe('what is no SCCPlite', () => {
  test('is counted by what it is', () => {
    const { syn, send, decoder } = connection();
    syn();
    send(0, [...ipaPing, 0, 2, 0xee, 5, 1, 0, 2, 0x00, 8, 1, 0, 2, 0xff, 8, 1]);
    expect(decoder.stats.unhandled).toEqual(
      new Map([
        ['IPA CCM PING', 1],
        ['IPA extension GSUP', 1],
        ['IPA RSL', 1],
        ['IPA OML', 1],
      ]),
    );
  });

  test('on a port of IPA is one fault and then passed over', () => {
    const { syn, send, causes, decoder } = connection();
    syn();
    const text = [...Buffer.from('GET / HTTP/1.1\r\nHost: example\r\n\r\n')];
    for (let n = 0; n < 5; n++) send(n * text.length, text);
    expect(causes()).toEqual([]);
    expect(decoder.stats.faults).toEqual(new Map([['IPA_BAD_VALUE', 1]]));
    expect(decoder.stats.evicted).toEqual(new Map([['ipa', 4]]));
  });

  test('on another port is TCP', () => {
    const { decoder, give } = collector();
    const header = { port: 80, peerPort: 41_000, sequence: 1, acknowledged: 0, flags: 0x18 };
    give(ipv4(client, server, 6, tcp(client, server, header, reset(1))), 0, 101);
    expect(decoder.stats.unhandled).toEqual(new Map([['IP protocol TCP', 1]]));
  });
});

test('more connections than are remembered displace the least recently used ones', () => {
  const { decoder, messages, give } = collector({ tcpConnectionsMax: 8 });
  const send = (port: number, sequence: number, payload: readonly number[]) => {
    const header = { port, peerPort: 5000, sequence, acknowledged: 0, flags: 0x18 };
    give(ipv4(client, server, 6, tcp(client, server, header, payload)), 0, 101);
  };
  const one = [...reset(1), ...reset(2), ...reset(3)];
  for (let port = 1; port <= 9; port++) send(port, 0, one.slice(0, 2 * size + 5));
  expect(messages.length).toBe(18);
  expect(decoder.stats.evicted.get('tcp')).toBe(1);
  send(9, 2 * size + 5, one.slice(2 * size + 5));
  expect(messages.length).toBe(19);
  send(1, 2 * size + 5, one.slice(2 * size + 5));
  expect(messages.length).toBe(19);
});

test('a header that contradicts itself is a fault', () => {
  const { decoder, give } = collector();
  const header = { port: 5000, peerPort: 41_000, sequence: 1, acknowledged: 0, flags: 0x18 };
  const segment = tcp(client, server, header, []);
  give(ipv4(client, server, 6, segment.slice(0, 15)), 0, 101);
  segment[12] = 0x40;
  give(ipv4(client, server, 6, segment), 0, 101);
  segment[12] = 0xf0;
  give(ipv4(client, server, 6, segment), 0, 101);
  expect(decoder.stats.faults).toEqual(
    new Map([
      ['TCP_TRUNCATED', 2],
      ['TCP_BAD_LENGTH', 1],
    ]),
  );
});
