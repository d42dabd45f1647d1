/** A server with one push feed, files to send to it, and the command that sends them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { sendCommand } from '../../server/cli/send.ts';
import type { UserError } from '../../server/errors.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { FakeHub, nowUs } from '../tools/push-parts.ts';
import { startTestServer } from '../tools/push-server.ts';

export let folder: string;
export const closing: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalwall-send-'));
  // What it says of how it goes.
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(async () => {
  vi.restoreAllMocks();
  while (closing.length > 0) await closing.pop()!();
  rmSync(folder, { recursive: true });
});

export function file(name: string, text: string | Uint8Array): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

/** Lines of so many rows, whose durations count from 0. */
export const rows = (n: number) =>
  Array.from({ length: n }, (_, i) => `${JSON.stringify({ timeUs: nowUs + i, kind: 'other', durationMs: i })}\n`).join(
    '',
  );

export async function start(
  hub = new FakeHub(),
  receiver = '',
  settings = {},
): Promise<{ hub: FakeHub; to: string; port: number }> {
  const { server } = await startTestServer({ pushFeeds: new Map([['north', hub.feed]]), receiver, settings });
  closing.push(() => server.close());
  return { hub, to: `http://127.0.0.1:${server.port}`, port: server.port };
}

export const send = (to: string, ...more: string[]) => sendCommand.run(['--feed', 'north', '--to', to, ...more]);
export const codeOf = (run: Promise<number>) => run.then(String, (error: UserError) => error.code);
export const durations = (hub: FakeHub) =>
  hub.batches.flatMap(({ buffer, rows: n }) => [...EventBatch.adopt(buffer, n).durationMs.subarray(0, n)]);
/** Of its batches: which sender's life, counted from 1 in order of epochs, and which batch of it. */
export function places(hub: FakeHub): string[] {
  const all = hub.batches.map(({ place }) => place!);
  const epochs = [...new Set(all.map(({ epoch }) => epoch))].sort((a, b) => a - b);
  return all.map(({ epoch, seq }) => `${epochs.indexOf(epoch) + 1}/${seq}`);
}
export const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Passes requests on, but loses one answer in `every` after the server has given it. */
export async function losing(port: number, every: number): Promise<string> {
  let n = 0;
  const proxy = createServer((asked: IncomingMessage, answer: ServerResponse) => {
    const { method, url, headers } = asked;
    const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, (from) => {
      if (method === 'POST' && n++ % every === 0) {
        from.resume();
        from.once('end', () => asked.socket.destroy());
        return;
      }
      answer.writeHead(from.statusCode!, from.headers);
      from.pipe(answer);
    });
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => proxy.close(resolve)));
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}
