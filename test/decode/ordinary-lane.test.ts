import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import { decoded, expectSame, flipped, wholeMessages } from './lane-and-strict.ts';
import { sccpOf, sccpVectors, vectors } from './vectors.ts';
import {
  connectionRequest,
  dataChunk,
  ethernet,
  hex,
  ipv4,
  m3uaData,
  type Octets,
  sctp,
  u16,
  u32,
  withOptions,
} from './wire.ts';

let nextTsn = 0;
const frameWith = (sccp: Octets) => ethernet(ipv4(sctp([dataChunk(nextTsn++, m3uaData(100, 200, sccp))])));
const named = (name: string) => sccpOf(vectors.find((vector) => vector.name.startsWith(name))!);

describe('a run of ordinary packets, taken at once, says what each of them says alone', () => {
  test('every vector of fixtures/wire', () => {
    const taken = expectSame([...vectors.map(sccpOf), ...sccpVectors.map((vector) => hex(vector.hex))].map(frameWith));
    expect(taken).toBeGreaterThan(50);
  });

  test.each(wholeMessages)('takes %s, and leaves what is cut or damaged anywhere to the strict way', (_, message) => {
    const frame = frameWith(message);
    expect(expectSame([frame])).toBe(1);
    const damaged: Octets[] = [];
    for (let end = 14; end < frame.length; end++) damaged.push(frameWith(message).slice(0, end));
    for (let bit = 12 * 8; bit < frame.length * 8; bit++) damaged.push(flipped(frameWith(message), bit));
    // A few at a time, because a message that seems to have only begun keeps all that follow from the lane.
    for (let from = 0; from < damaged.length; from += 16) {
      expectSame(damaged.slice(from, from + 16).flatMap((each) => [each, frameWith(message)]));
    }
  });

  test('behind parameters, a SACK or a cooked link, in both resolutions, between any two networks', () => {
    const [, message] = wholeMessages[0];
    const plainData = m3uaData(100, 200, message);
    const behind = (parameters: Octets) => [
      ...[1, 0, 1, 1, ...u32(plainData.length + parameters.length)],
      ...parameters,
      ...plainData.slice(8),
    ];
    const appearance = (n: number) => [2, 0, 0, 8, ...u32(n)];
    const sack = [3, 0, 0, 16, ...u32(9), ...u32(65_536), 0, 0, 0, 0];
    const packets = [
      sctp([sack, dataChunk(1, plainData)]),
      sctp([dataChunk(2, behind([0, 6, 0, 8, 0, 0, 0, 1]))]),
      sctp([dataChunk(3, behind([...appearance(7), 0, 6, 0, 8, 0, 0, 0, 1]))]),
      sctp([dataChunk(4, behind(appearance(8)))]),
      sctp([dataChunk(5, m3uaData(200, 100, message))]),
      sctp([dataChunk(6, plainData)], { tag: 77 }),
      sctp([dataChunk(7, m3uaData(7, 7, message))]),
      sctp([dataChunk(8, plainData), sack]),
      sctp([
        dataChunk(9, [1, 0, 1, 1, ...u32(2 * plainData.length - 8), ...plainData.slice(8), ...plainData.slice(8)]),
      ]),
    ].map((chunks) => ipv4(chunks));
    expect(expectSame(packets.map((packet) => ethernet(packet)))).toBe(6);
    expect(
      expectSame(
        packets.map((packet) => ethernet(packet)),
        { nanoseconds: true },
      ),
    ).toBe(6);
    expect(
      expectSame(
        packets.map((packet) => [...new Array(14).fill(0), ...u16(0x0800), ...packet]),
        { linkType: 113 },
      ),
    ).toBe(6);
    expect(
      expectSame(
        packets.map((packet) => [...u16(0x0800), ...new Array(18).fill(0), ...packet]),
        { linkType: 276 },
      ),
    ).toBe(6);
  });

  test('leaves a SACK that is shorter than its header to the strict way', () => {
    const frames = [0, 1, 2, 3].map((length) =>
      ethernet(ipv4(sctp([[3, 0, 0, length], dataChunk(length, m3uaData(100, 200, wholeMessages[0][1]))]))),
    );
    expect(expectSame(frames)).toBe(0);
  });

  test('stands aside while a message waits for its end, and no longer than that may', () => {
    const begun = frameWith([6, 1, 2, 3, 1, 1, 6, 0, 4, 0x20, 4, 1, 9]);
    const frames = Array.from({ length: 100 }, () => frameWith(wholeMessages[1][1].with(1, 9)));
    expect(expectSame([begun, ...frames])).toBe(100 - 31);
  });

  test('stands aside on that link alone, until the end has come or is not to be waited for', () => {
    const between = (opc: number, dpc: number, message: Octets) =>
      ethernet(ipv4(sctp([dataChunk(nextTsn++, m3uaData(opc, dpc, message))])));
    const [begins, ends] = [1, 0].map((more) => [6, 1, 2, 3, more, 1, 6, 0, 4, 0x20, 4, 1, 9]);
    const onOthers = (n: number) => Array.from({ length: n }, () => between(300, 400, wholeMessages[1][1]));
    const onIt = (n: number) => Array.from({ length: n }, () => between(100, 200, wholeMessages[2][1].with(1, 9)));
    const perSecond = 20;
    // Of each second the first frame goes the strict way while something waits, as the two with the segments do.
    expect(expectSame([between(100, 200, begins), ...onOthers(19)], { perSecond })).toBe(19);
    expect(expectSame([between(100, 200, begins), ...onOthers(99)], { perSecond })).toBe(95);
    expect(expectSame([between(100, 200, begins), ...onIt(9), ...onOthers(10)], { perSecond })).toBe(10);
    const finished = [between(100, 200, begins), ...onIt(9), between(100, 200, ends), ...onIt(9), ...onOthers(60)];
    expect(expectSame(finished, { perSecond })).toBe(69);
    const lost = [between(100, 200, begins), ...onOthers(31 * perSecond), ...onIt(perSecond)];
    expect(expectSame(lost, { perSecond })).toBe(31 * perSecond - 31 + perSecond);
  });

  test('takes the other links when one speaks of another user, and that one when nothing is left of it', () => {
    const between = (opc: number, dpc: number, message: Octets) =>
      ethernet(ipv4(sctp([dataChunk(nextTsn++, m3uaData(opc, dpc, message))])));
    const [[, clear], , , , , [, request], , , [, complete]] = wholeMessages;
    const ranap = connectionRequest(0x030201, [0, 1, 2], [0x42, 142]);
    const frames = [
      between(100, 200, request),
      between(500, 600, ranap),
      between(100, 200, clear),
      between(600, 500, clear),
      between(500, 600, clear),
      between(100, 200, request),
    ];
    expect(expectSame(frames)).toBe(3);
    // The link has spoken of BSSAP before: all that is known of the other user is the connection.
    const spoken = [between(500, 600, request), ...frames, between(600, 500, complete), between(600, 500, clear)];
    expect(expectSame(spoken)).toBe(1 + 3 + 1);
  });

  test('leaves a record to the parser that is longer than records may be', () => {
    const frame = frameWith(wholeMessages[0][1]);
    expect(expectSame([frame, [...frame, 0]], { recordMax: frame.length })).toBe(1);
    expect(expectSame([frame, [...frameWith(wholeMessages[0][1]), 0]], { recordMax: frame.length + 1 })).toBe(2);
  });

  test('several messages in one packet, all of them or none', () => {
    const data = (tsn: number, i: number) => dataChunk(tsn, m3uaData(100, 200, wholeMessages[i][1]));
    const packets = [
      [data(1, 0), data(2, 1)],
      [data(3, 2), data(4, 3), data(5, 4), data(6, 5)],
      [data(7, 0), data(7, 0)],
      [data(8, 0), data(10, 1)],
      [data(11, 0), dataChunk(12, m3uaData(100, 200, [6, 1, 2, 3, 1, 1, 6, 0, 4, 0x20, 4, 1, 9]))],
    ].map((chunks) => ethernet(ipv4(sctp(chunks))));
    expect(expectSame(packets)).toBe(2);
    expectSame([...packets, ...packets]);
    const [pair] = packets;
    for (let from = 12 * 8; from < pair.length * 8; from += 16) {
      expectSame(Array.from({ length: 16 }, (_, i) => flipped(pair, from + i)).flatMap((each) => [each, packets[1]]));
    }
  });

  test('copies are left out, of many directions and whichever way they came first', () => {
    const frames = Array.from({ length: 600 }, (_, i) =>
      ethernet(
        ipv4(
          sctp([dataChunk(i % 7, m3uaData(1 + (i % 3), 200, wholeMessages[i % 5][1]))], { tag: 1 + ((i * i) % 91) }),
        ),
      ),
    );
    expectSame([...frames, ...frames]);
  });

  test('links keep their numbers when the table of them begins anew', () => {
    const frames = Array.from({ length: 400 }, (_, i) =>
      ethernet(ipv4(sctp([dataChunk(i, m3uaData(1 + ((i * 7) % 40), 200 + (i % 3), wholeMessages[i % 9][1]))]))),
    );
    expect(expectSame(frames, { linksMax: 16 })).toBe(400);
  });

  test('a copy teaches no link, also where the table has begun anew since its first', () => {
    const between = (opc: number, tsn: number) =>
      ethernet(ipv4(sctp([dataChunk(tsn, m3uaData(opc, 200, wholeMessages[0][1]))])));
    const first = Array.from({ length: 17 }, (_, i) => between(1 + i, i));
    const again = first.slice(0, 5);
    const then = Array.from({ length: 30 }, (_, i) => between(50 + i, 100 + i));
    expect(expectSame([...first, ...again, ...then], { linksMax: 16 })).toBe(17 + 30);
  });

  test('whatever is mixed and damaged, and layer by layer too', () => {
    const messages = [
      ...vectors.map(sccpOf),
      ...wholeMessages.map(([, message]) => message),
      named('PAGING with IMSI and TMSI'),
    ];
    // Half of them ordinary, and of few links and TSNs, so that copies and links with something unusual are among them.
    const ordinary = messages.flatMap((message, i) => (expectSame([frameWith(message)]) === 1 ? [i] : []));
    const damage = fc.record({
      bits: fc.array(fc.nat(), { minLength: 1, maxLength: 2 }),
      cut: fc.option(fc.nat(), { freq: 4 }),
    });
    const packets = fc.array(
      fc.record({
        message: fc.oneof(fc.nat(messages.length - 1), fc.constantFrom(...ordinary)),
        opc: fc.integer({ min: 100, max: 107 }),
        tsn: fc.nat(30),
        damage: fc.option(damage, { freq: 1 }),
      }),
      { maxLength: 20 },
    );
    const damaged = (octets: Octets, how: { bits: number[]; cut: number | null } | null): Octets => {
      if (how === null) return octets;
      const changed = how.bits.reduce((before, bit) => flipped(before, bit % (octets.length * 8)), octets);
      return how.cut === null ? changed : changed.slice(0, how.cut % octets.length);
    };
    let given = 0;
    let taken = 0;
    fc.assert(
      fc.property(packets, (list) => {
        given += list.length;
        const chunks = list.map(({ message, opc, tsn }) =>
          sctp([dataChunk(tsn, m3uaData(opc, 200, messages[message]))]),
        );
        taken += expectSame(list.map((one, i) => damaged(ethernet(ipv4(chunks[i])), one.damage)));
        // With options, which no short cut takes: the same damage behind IPv4 gives the same.
        const behind = list.map((one, i) => ipv4(damaged(chunks[i], one.damage)));
        const [lane, layered] = [true, false].map((isLane) => {
          const frames = behind.map((packet) => ethernet(isLane ? packet : withOptions(packet)));
          const { messages: told, account } = decoded(frames, isLane);
          const { stats, coverage } = account as Record<string, unknown>;
          return { told, stats, coverage };
        });
        expect(layered).toEqual(lane);
      }),
      { numRuns: 200, seed: 1 },
    );
    // A lane that takes nothing agrees with everything.
    expect(taken).toBeGreaterThan(0.3 * given);
  });

  test('an evening of the simulated city', async () => {
    const reader = await openSimulation({ seed: 3, population: 500, hours: 1 } as Parameters<typeof openSimulation>[0]);
    const frames: Octets[] = [];
    await reader.read(
      { frame: (_timeUs, _linkType, bytes, start, end) => void frames.push([...bytes.subarray(start, end)]) },
      Number.POSITIVE_INFINITY,
      4000,
    );
    await reader.close();
    expect(expectSame(frames)).toBeGreaterThan(frames.length * 0.7);
  });
});
