import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { putDatabase } from '../store/tools/test-database.ts';
import { runCli, serve, temporaryFolder, until } from '../tools/serve.ts';
import { root } from '../tools/shared-inputs.ts';

const folder = temporaryFolder('bugs');
const at = (name: string) => join(folder.path, name);
const feed = at('feed.csv');
// One for all: each start finds what the bug before left, in order.
const dataDir = at('data');
beforeAll(async () => {
  for (const network of ['live', 'sim-1-1000-own']) await putDatabase(dataDir, network);
  const header = 'user,lac,ci,imei_prefix,start,end,uplink_bytes,downlink_bytes,rat';
  const record = (minute: number) => `U1,100,7,352021,2015-08-02 12:${minute}:00,2015-08-02 12:${minute}:30,10,20,1`;
  writeFileSync(feed, [header, record(10), record(50)].join('\n'));
});
afterAll(() => folder.remove());

/** A server that throws as soon as the file `plant` names the place. */
function withPlant(name: string) {
  const plant = at(`${name}.plant`);
  const env = {
    NODE_OPTIONS: `--import ${join(root, 'test/tools/plant-bug.mjs')}`,
    SIGNALWALL_PLANT: plant,
  };
  return { plant: (place: string) => writeFileSync(plant, place), env };
}
const args = ['--feed', feed, '--speed', '1'];
const told = (place: string) =>
  new RegExp(`^error: a bug of Signalwall ends it: planted in a ${place}; --verbose shows where$`, 'm');

test.each([
  ['timer', args],
  ['feed', args],
  ['decoder', ['--feed', 'sim:event-day?population=1000', '--speed', '1']],
])('a bug in a %s ends the running server with 70 and one clear line', async (place, feedArgs) => {
  const { plant, env } = withPlant(place);
  const server = await serve(feedArgs, { dataDir, env });
  await until('the feed', async () => {
    const { feeds } = await (await fetch(`${server.address}api/health`)).json();
    return ['running', 'warming up'].includes(feeds[0]?.state);
  });
  const exited = new Promise<number | null>((resolve) => server.process.once('close', resolve));
  plant(place);
  expect(await exited).toBe(70);
  expect(server.output()).toMatch(told(place));
  expect(server.output()).not.toMatch(/\n\s+at /);
});

test('a bug in a feed’s thread while it is being opened is a bug too, not a wrong feed', async () => {
  const { plant, env } = withPlant('opening');
  plant('feed at once');
  const { code, stderr } = await runCli(['serve', '--data', dataDir, '--listen', '127.0.0.1:0', ...args], env);
  expect(stderr).toMatch(told('feed'));
  expect(stderr.match(/planted/g)).toHaveLength(1);
  expect(code).toBe(70);
});

test('a bug that comes while Ctrl-C ends the server is told, and the exit code is 70', async () => {
  const { plant, env } = withPlant('ending');
  const server = await serve(args, { dataDir, env });
  plant('while ending');
  const { code, ms } = await server.interrupt();
  expect(server.output()).toMatch(told('timer'));
  expect(code).toBe(70);
  expect(ms).toBeLessThan(10_000);
  const again = await serve(args, { dataDir });
  expect((await again.interrupt()).code).toBe(0);
});
