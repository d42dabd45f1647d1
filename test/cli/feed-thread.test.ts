import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { parseFeedUri } from '../../server/capture/feed-uri.ts';
import { startFeedThread } from '../../server/cli/feed-thread.ts';
import { makeConfig } from '../../server/config.ts';
import type { FeedToHub } from '../../server/events/feed-messages.ts';
import type { FeedPort } from '../../server/events/hub-feed.ts';
import { freePort } from '../tools/serve.ts';

const config = makeConfig({ where: 'test', settings: {} });
const ports: FeedPort[] = [];
afterEach(async () => {
  for (const port of ports.splice(0)) {
    port.post({ k: 'stop' });
    await port.close();
  }
});

/** A feed in its thread whose hub takes what it says and answers nothing. */
async function start(uri: string, settings: Record<string, unknown> = {}) {
  const said: FeedToHub[] = [];
  const data = { spec: parseFeedUri(uri, '001-01'), key: randomBytes(32), known: {} };
  const port = startFeedThread({ ...data, config: { ...config, ...settings } }, (error) => {
    throw error;
  });
  ports.push(port);
  port.onMessage((message) => said.push(message));
  const count = (k: FeedToHub['k']) => said.filter((message) => message.k === k).length;
  await expect.poll(() => count('open'), { timeout: 20_000 }).toBe(1);
  return { port, count };
}

test('a feed without rows says the time once each time that it is told how far it may read', async () => {
  const { port, count } = await start(`pcap+listen://127.0.0.1:${await freePort()}`);
  for (let told = 1; told <= 3; told++) {
    port.post({ k: 'until', untilUs: Number.POSITIVE_INFINITY });
    await expect.poll(() => count('clock'), { timeout: 5_000 }).toBe(told);
    // It looks for news all the time, and would say so ten times a second.
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(count('clock')).toBe(told);
  }
}, 40_000);

test('a feed sends no more batches than may be under way, and goes on with each credit', async () => {
  const city = 'sim:event-day?seed=3&population=2000&from=18:00&hours=2';
  const { port, count } = await start(city, { feedBatchesMax: 2, decodedBatchesMax: 1 });
  port.post({ k: 'until', untilUs: Number.POSITIVE_INFINITY });
  await expect.poll(() => count('batch'), { timeout: 20_000 }).toBe(2);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(count('batch')).toBe(2);
  port.post({ k: 'credit' });
  await expect.poll(() => count('batch'), { timeout: 20_000 }).toBe(3);
}, 60_000);
