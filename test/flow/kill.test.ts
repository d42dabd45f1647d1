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
    const { differences, held, kills, planted, restartsMs } = await runCampaign({
      ...{ folder: mkdtempSync(join(folder.path, over)), kills: 3, events: 40_000, seed: 1, over },
      plant: `update region_gauge set entries = entries + 1 where ts = (select min(ts) + interval '10 minutes' from
        region_gauge) and region_id = (select min(region_id) from region_gauge)`,
      say: () => undefined,
    });
    expect(kills.length).toBe(3);
    expect(restartsMs.length).toBeGreaterThanOrEqual(3);
    expect(held.events).toBe(40_000);
    const { lost, doubled, wrong } = held;
    expect({ lost, doubled, wrong }).toEqual({ lost: [], doubled: [], wrong: [] });
    expect(differences).toEqual([]);
    expect(held.counters.stay.length).toBeGreaterThan(5_000);
    // Of an hour, each minute: seven figures of four regions and 200 cells.
    expect(held.oracle!.intervals).toBeGreaterThan(55);
    expect(held.oracle!.figures).toBe(held.oracle!.intervals * (204 * 7 + 1));
    expect(planted).toEqual([
      expect.stringMatching(/^region_gauge: \d+ rows, .*1 missing, 1 others/),
      expect.stringMatching(/^region_gauge\.entries: 1 differ; area1 at \d+ is \d+, by the oracle/),
    ]);
  },
);
