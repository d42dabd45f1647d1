import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runCampaign } from '../kill/campaign.ts';
import { temporaryFolder } from '../tools/serve.ts';

const folder = temporaryFolder('kill');
afterAll(() => folder.remove());

test.each(['file', 'push'] as const)(
  'a server that is killed again and again counts and stores what one does that was left alone (%s)',
  async (over) => {
    const { differences, held, kills, restartsMs } = await runCampaign({
      ...{ folder: mkdtempSync(join(folder.path, over)), kills: 3, events: 40_000, seed: 1, over },
      say: () => undefined,
    });
    expect(kills.length).toBe(3);
    expect(restartsMs.length).toBeGreaterThanOrEqual(3);
    expect(held.events).toBe(40_000);
    const { lost, doubled, wrong } = held;
    expect({ lost, doubled, wrong }).toEqual({ lost: [], doubled: [], wrong: [] });
    expect(differences).toEqual([]);
    expect(held.counters.stay.length).toBeGreaterThan(5_000);
  },
);
