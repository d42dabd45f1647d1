import { afterAll, expect, test } from 'vitest';
import { runCampaign } from '../kill/campaign.ts';
import { temporaryFolder } from '../tools/serve.ts';

const folder = temporaryFolder('kill');
afterAll(() => folder.remove());

test('a server that is killed again and again counts and stores what one does that was left alone', async () => {
  const { differences, held, kills, restartsMs } = await runCampaign({
    ...{ folder: folder.path, kills: 3, events: 40_000, seed: 1 },
    say: () => undefined,
  });
  expect(kills.length).toBe(3);
  expect(restartsMs.length).toBeGreaterThanOrEqual(3);
  expect(held.events).toBe(40_000);
  const { lost, doubled, wrong } = held;
  expect({ lost, doubled, wrong }).toEqual({ lost: [], doubled: [], wrong: [] });
  expect(differences).toEqual([]);
  expect(held.counters.stay.length).toBeGreaterThan(5_000);
});
