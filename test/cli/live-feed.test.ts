import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { carriers } from '../../fixtures/make/wire/carriers/carriers.ts';
import { conversation } from '../../fixtures/make/wire/carriers/conversation.ts';
import { parseFeedUri } from '../../server/capture/feed-uri.ts';
import { DecodedApart } from '../../server/cli/decode-thread.ts';
import { makeConfig } from '../../server/config.ts';
import { pcapFile } from '../capture/pcap-write.ts';

const config = makeConfig({ where: 'test', settings: { reconnectMsMin: 20, reconnectMsMax: 50 } });
const closing: (() => unknown)[] = [];
afterEach(async () => {
  while (closing.length > 0) await closing.pop()!();
});

/** A port that nobody uses at the moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

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
async function open(uri: string) {
  const source = await DecodedApart.open({ spec: parseFeedUri(uri, '001-01'), config });
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

test('a port that is taken is told when the feed is opened', async () => {
  const port = await freePort();
  await open(`pcap+listen://127.0.0.1:${port}`);
  await expect(open(`pcap+listen://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'FEED_LISTEN' });
});
