import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { carriers } from '../../fixtures/make/wire/carriers/carriers.ts';
import { conversation } from '../../fixtures/make/wire/carriers/conversation.ts';
import { type FeedSpec, parseFeedUri } from '../../server/capture/feed-uri.ts';
import type { ServedStream } from '../../server/capture/served-again.ts';
import { DecodedApart } from '../../server/cli/decode-thread.ts';
import { makeConfig } from '../../server/config.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { freePort } from '../tools/serve.ts';

const config = makeConfig({ where: 'test', settings: { reconnectMsMin: 20, reconnectMsMax: 50 } });
const closing: (() => unknown)[] = [];
afterEach(async () => {
  while (closing.length > 0) await closing.pop()!();
});

const capture = (name: string) => {
  const { linkType, frames } = carriers.find((carrier) => carrier.name === name)!;
  const records = frames(conversation).map((frame, i) => ({
    seconds: 1_700_000_000,
    fraction: i,
    bytes: Uint8Array.from(frame),
  }));
  return pcapFile(records, { linkType });
};

/** Opens a feed on its thread as the server does; reads until `enough`. */
async function open(uri: string, before: readonly ServedStream[] = []) {
  const source = await DecodedApart.open({ spec: { ...parseFeedUri(uri, '001-01'), before } as FeedSpec, config });
  closing.push(() => source.close());
  let messages = 0;
  return {
    source,
    messages: () => messages,
    until: async (enough: () => boolean) => {
      const deadline = performance.now() + 5000;
      while (!enough()) {
        if (performance.now() > deadline) throw new Error(`waited in vain: ${JSON.stringify(source.counters)}`);
        await source.read({ message: () => messages++ }, Number.POSITIVE_INFINITY, 1000);
      }
    },
  };
}

test('messages of a probe that falls silent behind them come through at once, and the feed says how it stands', async () => {
  const port = await freePort();
  const { source, until, messages } = await open(`pcap+listen://127.0.0.1:${port}`);
  await until(() => source.counters.note === `listening on 127.0.0.1:${port}: no probe`);
  const probe = (): Socket => {
    const socket = connect({ host: '127.0.0.1', port });
    closing.push(() => socket.destroy());
    return socket;
  };
  probe().write(capture('IPA cut over segments'));
  await until(() => messages() === conversation.length);
  probe().write(capture('MTP3'));
  await until(() => messages() === 2 * conversation.length);
  probe().end('no capture at all');
  await until(() => source.counters.faults.PROBE_NOT_A_CAPTURE === 1);
  expect(source.counters.note).toMatch(/: 2 of 16 probes: .*; 127\.0\.0\.1:\d+ sends no pcap or pcapng: closed$/);
  expect(source.counters.clockUs).toBeGreaterThanOrEqual(1_700_000_000_000_000);
  expect(source.counters.progress).toBe(-1);
});

test('a feed whose probe is not there opens, says so, and reads once it is', async () => {
  const port = await freePort();
  const { source, until, messages } = await open(`pcap+tcp://127.0.0.1:${port}`);
  expect(source.counters.clockUs).toBe(-1);
  await until(() => /refuses the connection; next attempt in/.test(source.counters.note));
  const server = createServer((socket) => socket.end(capture('SUA')));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  await until(() => messages() >= conversation.length);
});

test.each(['pcap+tcp', 'pcap+listen'])('what a probe of %s serves once more after a restart is known', async (kind) => {
  const port = await freePort();
  const whole = capture('MTP3');
  // The last record is not there yet: it has 16 octets of header and as many as its fifth to eighth last word says.
  const short = whole.subarray(0, whole.length - lastRecordBytes(whole));
  const serve = async (bytes: Uint8Array) => {
    if (kind === 'pcap+listen') {
      const socket = connect({ host: '127.0.0.1', port });
      socket.end(bytes);
      return () => socket.destroy();
    }
    // Once: whoever comes back, as the feed does when a stream has ended, would get it all again.
    let left = [bytes];
    const server = createServer((socket) => {
      for (const capture of left) socket.end(capture);
      left = [];
      closing.push(() => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return () => {
      server.close();
    };
  };
  const uri = `${kind}://127.0.0.1:${port}`;

  const first = await open(uri);
  const stop = await serve(short);
  await first.until(() => first.messages() === conversation.length - 1);
  const { served } = first.source.counters;
  expect(served).toEqual([[expect.any(String), conversation.length - 1]]);
  await stop();
  await first.source.close();

  const second = await open(uri, JSON.parse(JSON.stringify(served)));
  closing.push(await serve(whole));
  await second.until(() => second.messages() === 1);
  expect(second.source.counters.faults.FRAME_AGAIN).toBe(conversation.length - 1);
  expect(second.source.counters.served).toEqual([[served![0][0], conversation.length]]);
});

test('what streams have given is told with all of their messages, however few were asked for', async () => {
  const port = await freePort();
  const { source } = await open(`pcap+listen://127.0.0.1:${port}`);
  const socket = connect({ host: '127.0.0.1', port });
  closing.push(() => socket.destroy());
  socket.write(capture('MTP3'));
  let messages = 0;
  for (const deadline = performance.now() + 5000; messages < conversation.length && performance.now() < deadline; ) {
    await source.read({ message: () => messages++ }, Number.POSITIVE_INFINITY, 1);
    // One frame brings one message.
    expect(source.counters.served?.reduce((sum, [, frames]) => sum + frames, 0) ?? 0).toBe(messages);
  }
  expect(messages).toBe(conversation.length);
});

function lastRecordBytes(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 24;
  for (let next = at; next < bytes.length; next += 16 + view.getUint32(next + 8, true)) at = next;
  return bytes.length - at;
}

test('a port that is taken is told when the feed is opened', async () => {
  const port = await freePort();
  await open(`pcap+listen://127.0.0.1:${port}`);
  await expect(open(`pcap+listen://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'FEED_LISTEN' });
});
