import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { LiveReader } from '../../server/capture/live-reader.ts';
import { connectLive } from '../../server/capture/tcp-connector.ts';
import { listenLive } from '../../server/capture/tcp-listener.ts';
import { enhancedPacket, interfaceBlock, pcapFile, sectionHeader, type TestFrame } from './pcap-write.ts';

const nowUs = 1_700_000_000_000_000;
const options = {
  clock: { nowUs: () => nowUs, monotonicMs: () => 0 },
  recordBytesMax: 4096,
  aheadMsMax: 120_000,
  host: '127.0.0.1',
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  while (closing.length > 0) await closing.pop()!();
});

function frame(text: string, seconds = 1_699_999_000): TestFrame {
  return { seconds, fraction: 0, bytes: Buffer.from(text) };
}

/** Reads until `enough`, or fails after two seconds. */
async function readUntil(reader: LiveReader, enough: (texts: string[]) => boolean) {
  const texts: string[] = [];
  const sink = {
    frame: (_: number, linkType: number, bytes: Uint8Array, start: number, end: number) => {
      texts.push(`${linkType} ${Buffer.from(bytes.subarray(start, end)).toString()}`);
    },
  };
  const deadline = performance.now() + 2000;
  while (!enough(texts)) {
    if (performance.now() > deadline) throw new Error(`waited in vain; ${texts.length} frames, note: ${reader.note}`);
    await reader.read(sink, Number.POSITIVE_INFINITY, 1000);
  }
  return texts;
}

async function listener(more: { probesMax?: number; aheadMsMax?: number } = {}) {
  const { reader, port } = await listenLive({ ...options, port: 0, probesMax: 4, ...more });
  closing.push(() => reader.close());
  const probe = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => resolve(socket));
      socket.once('error', reject);
      socket.on('error', () => socket.destroy());
      closing.push(() => socket.destroy());
    });
  return { reader, port, probe };
}

describe('probes that connect', () => {
  test('each bring a capture of their own format and link type into one feed', async () => {
    const { reader, probe } = await listener();
    const [a, b, c] = [await probe(), await probe(), await probe()];
    a.write(pcapFile([frame('one')], { linkType: 1 }));
    b.write(pcapFile([frame('two')], { linkType: 113, bigEndian: true, nanoseconds: true }));
    const ng = [sectionHeader('LE'), interfaceBlock('LE', 141), enhancedPacket('LE', 0, 7n, Buffer.from('three'))];
    c.write(Buffer.concat(ng));
    const texts = await readUntil(reader, ({ length }) => length === 3);
    expect(texts.sort()).toEqual(['1 one', '113 two', '141 three']);
    a.write(pcapFile([frame('more')]).subarray(24));
    expect(await readUntil(reader, ({ length }) => length === 1)).toEqual(['1 more']);
    expect(reader.note).toMatch(/^listening on 127\.0\.0\.1:\d+: 3 of 4 probes: 127\.0\.0\.1:\d+, /);
    expect([...reader.faults]).toEqual([]);
  });

  test('may send octet by octet', async () => {
    const { reader, probe } = await listener();
    const socket = await probe();
    socket.setNoDelay(true);
    for (const octet of pcapFile([frame('slow'), frame('ly')])) {
      socket.write(Uint8Array.of(octet));
      await new Promise(setImmediate);
    }
    expect(await readUntil(reader, ({ length }) => length === 2)).toEqual(['1 slow', '1 ly']);
  });

  test.each<[string, Uint8Array, string]>([
    ['sends no capture', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'PROBE_NOT_A_CAPTURE'],
    [
      'sends a section header that is none',
      Buffer.from([0x0a, 0x0d, 0x0d, 0x0a, 1, 2, 3, 4, 5, 6, 7, 8]),
      'PROBE_NOT_A_CAPTURE',
    ],
    ['stops in its file header', pcapFile([]).subarray(0, 3), 'PROBE_NOT_A_CAPTURE'],
    ['stops inside a record', pcapFile([frame('cut')]).subarray(0, -1), 'TRUNCATED_CAPTURE'],
    ['sends an impossible length', Buffer.concat([pcapFile([]), Buffer.alloc(16, 0xff)]), 'CORRUPT_RECORD'],
  ])('one that %s is closed and counted, the others go on', async (_, octets, fault) => {
    const { reader, probe } = await listener();
    const [good, bad] = [await probe(), await probe()];
    good.write(pcapFile([frame('before')]));
    await readUntil(reader, ({ length }) => length === 1);
    bad.end(octets);
    await readUntil(reader, () => reader.faults.size > 0);
    expect([...reader.faults]).toEqual([[fault, 1]]);
    expect(reader.note).toMatch(/: 1 of 4 probes: .*; 127\.0\.0\.1:\d+ (sends|sent|stopped)/);
    good.write(pcapFile([frame('behind')]).subarray(24));
    expect(await readUntil(reader, ({ length }) => length === 1)).toEqual(['1 behind']);
  });

  test('may come and go without a fault', async () => {
    const { reader, probe } = await listener();
    for (const text of ['a', 'b', 'c']) {
      (await probe()).end(pcapFile([frame(text)]));
      expect(await readUntil(reader, ({ length }) => length === 1)).toEqual([`1 ${text}`]);
      await readUntil(reader, () => reader.streams.length === 0);
    }
    expect(reader.faults.size).toBe(0);
    expect(reader.note).toContain('no probe');
  });

  test('that serve a capture once more from its start have left out, and counted, what they gave before', async () => {
    const { reader, probe } = await listener();
    const [a, b, c] = [frame('a', 1_699_999_000), frame('b', 1_699_999_001), frame('c', 1_699_999_002)];
    const serve = async (frames: TestFrame[], expected: string[]) => {
      (await probe()).end(pcapFile(frames));
      expect(await readUntil(reader, ({ length }) => length === expected.length)).toEqual(expected);
      await readUntil(reader, () => reader.streams.length === 0);
    };
    await serve([a, b], ['1 a', '1 b']);
    await serve([a, b, c], ['1 c']);
    await serve([a, b, c], []);
    await readUntil(reader, () => reader.faults.get('FRAME_AGAIN') === 5);
    // The same octets at another time are another frame.
    await serve([frame('a', 1_699_999_003), b], ['1 a', '1 b']);
  });

  test('beyond the number allowed are turned away', async () => {
    const { reader, probe } = await listener({ probesMax: 1 });
    (await probe()).write(pcapFile([frame('first')]));
    await readUntil(reader, ({ length }) => length === 1);
    const second = await probe();
    await new Promise((resolve) => second.once('close', resolve));
    expect([...reader.faults]).toEqual([['PROBE_REFUSED', 1]]);
    expect(reader.note).toContain('was turned away');
  });

  test('that send faster than is read are held up, and nothing is lost', async () => {
    const { reader, probe } = await listener();
    const socket = await probe();
    const text = 'x'.repeat(1000);
    const total = 20_000;
    const frames = pcapFile(Array.from({ length: 100 }, () => frame(text)));
    socket.write(frames.subarray(0, 24));
    let sent = 0;
    let heldUp = false;
    const pump = () => {
      while (sent < total) {
        sent += 100;
        if (!socket.write(frames.subarray(24))) {
          heldUp = true;
          socket.once('drain', pump);
          return;
        }
      }
    };
    pump();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heldUp).toBe(true);
    expect(sent).toBeLessThan(total);
    const texts = await readUntil(reader, ({ length }) => length === total);
    expect(new Set(texts)).toEqual(new Set([`1 ${text}`]));
  });

  test('that stamp frames ahead of the clock have those left out, and it is said', async () => {
    const { reader, probe } = await listener();
    const seconds = nowUs / 1_000_000;
    (await probe()).write(
      pcapFile([frame('now', seconds), frame('ahead', seconds + 3600), frame('near', seconds + 119)]),
    );
    expect(await readUntil(reader, ({ length }) => length === 2)).toEqual(['1 now', '1 near']);
    expect([...reader.faults]).toEqual([['TIME_AHEAD', 1]]);
    expect(reader.note).toContain("frames stamped 3600 s ahead of this machine's clock are left out");
  });

  test('that stamp frames ahead of the clock have those told apart, but impossible ones, to who takes them', async () => {
    const { reader, probe } = await listener();
    const seconds = nowUs / 1_000_000;
    (await probe()).write(
      pcapFile([
        frame('ahead', seconds + 121),
        frame('now', seconds),
        frame('far', 0xffff_ff00),
        frame('b', seconds + 9e6),
      ]),
    );
    (await probe()).write(
      Buffer.concat([
        ...[sectionHeader('LE'), interfaceBlock('LE', 1)],
        enhancedPacket('LE', 0, BigInt(Date.UTC(2150, 0, 1)) * 1000n, Buffer.from('never')),
      ]),
    );
    const [texts, apart]: string[][] = [[], []];
    const into = (list: string[]) => (us: number, _: number, bytes: Uint8Array, start: number, end: number) =>
      void list.push(`${us / 1e6 - seconds} ${Buffer.from(bytes.subarray(start, end)).toString()}`);
    const deadline = performance.now() + 2000;
    while (texts.length + apart.length < 4 || !reader.faults.has('TIME_IMPLAUSIBLE')) {
      if (performance.now() > deadline) throw new Error('waited in vain');
      await reader.read({ frame: into(texts), ahead: into(apart) }, Number.POSITIVE_INFINITY, 1000);
    }
    expect([texts, apart]).toEqual([['0 now'], ['121 ahead', `${0xffff_ff00 - seconds} far`, '9000000 b']]);
    expect(Object.fromEntries(reader.faults)).toEqual({ TIME_AHEAD: 3, TIME_IMPLAUSIBLE: 1 });
    expect(reader.note).not.toContain('left out');
  });

  test('on a port that is taken are told so', async () => {
    const { port } = await listener();
    await expect(listenLive({ ...options, port, probesMax: 1 })).rejects.toMatchObject({
      code: 'FEED_LISTEN',
      message: `pcap+listen://127.0.0.1:${port}: can't listen there (the port is taken); choose another port`,
    });
  });
});

describe('a live feed', () => {
  const sink = { frame: () => undefined };

  test('that has nothing to read says so after a moment', async () => {
    const { reader } = await listener();
    expect(await reader.read(sink, Number.POSITIVE_INFINITY, 10)).toBe('more');
  });

  test('stops in front of a time and after a count', async () => {
    const { reader, probe } = await listener();
    (await probe()).write(pcapFile([frame('a', 10), frame('b', 20), frame('c', 30)]));
    while (reader.nextTimeUs < 0) await reader.read(sink, 0, 10);
    const texts: string[] = [];
    const collect = {
      frame: (_: number, __: number, bytes: Uint8Array, start: number, end: number) => {
        texts.push(Buffer.from(bytes.subarray(start, end)).toString());
      },
    };
    expect(await reader.read(collect, 25_000_000, 1)).toBe('more');
    expect(texts).toEqual(['a']);
    expect(await reader.read(collect, 25_000_000, 10)).toBe('until');
    expect([texts, reader.nextTimeUs]).toEqual([['a', 'b'], 30_000_000]);
    expect(await reader.read(collect, 15_000_000, 10)).toBe('until');
  });

  test('that is closed while it is read ends, and lets its port go', async () => {
    const { reader, port } = await listener();
    const reading = reader.read(sink, Number.POSITIVE_INFINITY, 10);
    await reader.close();
    await reader.close();
    expect(await reading).toBe('end');
    const again = await listenLive({ ...options, port, probesMax: 1 });
    await again.reader.close();
  });
});

describe('a probe that is connected to', () => {
  /** A server that hands out its connections in turn. */
  async function serve(port = 0): Promise<{ port: number; server: Server; sockets: Socket[] }> {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port }, resolve));
    closing.push(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return { port: (server.address() as { port: number }).port, server, sockets };
  }

  function connected(port: number) {
    const reader = connectLive({ ...options, port, retryMsMin: 10, retryMsMax: 40, random: () => 0 });
    closing.push(() => reader.close());
    return reader;
  }

  test('is connected to again after each end, and its capture begins anew', async () => {
    const { port, sockets } = await serve();
    const reader = connected(port);
    for (const text of ['a', 'b', 'c']) {
      await readUntil(reader, () => sockets.length > 0);
      expect(reader.note).toMatch(/^connect(ed|ing) to 127\.0\.0\.1:\d+$/);
      sockets.pop()!.end(pcapFile([frame(text)], { linkType: text.charCodeAt(0) }));
      expect(await readUntil(reader, ({ length }) => length === 1)).toEqual([`${text.charCodeAt(0)} ${text}`]);
      await readUntil(reader, () => /has closed the connection; next attempt in 0\.0 s$/.test(reader.note));
    }
    expect(reader.faults.size).toBe(0);
  });

  test('that is not there yet is waited for, and the feed says so', async () => {
    const { port, server } = await serve();
    await new Promise((resolve) => server.close(resolve));
    const reader = connected(port);
    await readUntil(reader, () => /refuses the connection; next attempt in/.test(reader.note));
    const { sockets } = await serve(port);
    await readUntil(reader, () => sockets.length > 0);
    sockets[0].write(pcapFile([frame('at last')]));
    expect(await readUntil(reader, ({ length }) => length === 1)).toEqual(['1 at last']);
  });

  test('that sends no capture is counted and tried again', async () => {
    const { port, sockets } = await serve();
    const reader = connected(port);
    await readUntil(reader, () => sockets.length > 0);
    sockets[0].write('hello, this is no capture');
    await readUntil(reader, () => sockets.length > 1);
    expect([...reader.faults]).toEqual([['PROBE_NOT_A_CAPTURE', 1]]);
  });

  test('that breaks off is counted as lost', async () => {
    const { port, sockets } = await serve();
    const reader = connected(port);
    await readUntil(reader, () => sockets.length > 0);
    sockets[0].write(pcapFile([frame('x')]));
    await readUntil(reader, ({ length }) => length === 1);
    sockets[0].resetAndDestroy();
    await readUntil(reader, () => reader.faults.size > 0);
    expect([...reader.faults]).toEqual([['PROBE_LOST', 1]]);
    await readUntil(reader, () => sockets.length > 1);
  });

  test('is not called any more once the feed is closed', async () => {
    const { port, sockets } = await serve();
    const reader = connected(port);
    await readUntil(reader, () => sockets.length > 0);
    await reader.close();
    sockets[0].destroy();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(sockets.length).toBe(1);
  });
});
