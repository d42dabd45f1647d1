import { expect, test, vi } from 'vitest';
import type { RegionDwell } from '../../shared/region-answers.ts';
import { AnswerModel, rereadMs, soonestMs } from '../../web/state/answer.svelte.ts';
import { ManualClock } from './tools/make-wall.ts';

const dwellOf = (id: string, medianMs: number): RegionDwell => ({
  id,
  live: { present: 100, medianMs, p90Ms: 2 * medianMs, knownMs: 3_600_000 },
  ended: {
    ...{ fromUs: 0, toUs: 1, knownFromUs: 0, stays: 5, cut: 0 },
    ...{ observedMedianMs: 1, observedP90Ms: 2, upperMedianMs: 3, upperP90Ms: 4 },
  },
  edits: [],
});

function setUp(answer: (id: string) => Response | Promise<Response>, holds?: (dwell: RegionDwell) => boolean) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const dwell = new AnswerModel<RegionDwell>({
    clock,
    url: (id) => id,
    ...(holds && { holds }),
    fetch: async (url) => {
      asked.push(String(url));
      return await answer(String(url));
    },
  });
  return { clock, asked, dwell };
}

test('an answer about the chosen region is asked for once a minute while the database is there', async () => {
  const { clock, asked, dwell } = setUp((id) => Response.json(dwellOf(id, 60_000)));
  dwell.tick(true);
  dwell.choose('a');
  dwell.tick(false);
  expect(asked).toEqual([]);
  dwell.tick(true);
  await vi.waitFor(() => expect(dwell.answer?.live.medianMs).toBe(60_000));
  dwell.tick(true);
  clock.ms += rereadMs;
  dwell.tick(true);
  expect(asked).toEqual(['a', 'a']);
});

test('an answer of more than two minutes ago is no longer shown while none can be had', async () => {
  const { clock, dwell } = setUp((id) => Response.json(dwellOf(id, 60_000)));
  dwell.choose('a');
  dwell.tick(true);
  await vi.waitFor(() => expect(dwell.answer).not.toBeNull());
  clock.ms += 2 * rereadMs - 1;
  dwell.tick(false);
  expect(dwell.answer).not.toBeNull();
  clock.ms += 1;
  dwell.tick(false);
  expect(dwell.answer).toBeNull();
});

test('an answer that comes after another region was chosen is not shown, and none is kept of what is refused', async () => {
  let late: (response: Response) => void = () => undefined;
  const { dwell } = setUp((id) => {
    if (id === 'b') return new Response('', { status: 404 });
    return new Promise((resolve) => {
      late = resolve;
    });
  });
  dwell.choose('a');
  dwell.tick(true);
  dwell.choose('b');
  late(Response.json(dwellOf('a', 1)));
  dwell.tick(true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(dwell.answer).toBeNull();
});

async function ticked(dwell: AnswerModel<RegionDwell>, turn: number): Promise<void> {
  dwell.tick(true, turn);
  await new Promise((resolve) => setTimeout(resolve, 5));
}

test('in a new turn of event time it is asked for sooner, but not at once', async () => {
  const { clock, asked, dwell } = setUp((id) => Response.json(dwellOf(id, 1)));
  dwell.choose('a');
  await ticked(dwell, 1);
  clock.ms += soonestMs - 1;
  await ticked(dwell, 2);
  expect(asked).toHaveLength(1);
  clock.ms += 1;
  await ticked(dwell, 2);
  clock.ms += soonestMs;
  await ticked(dwell, 2);
  expect(asked).toHaveLength(2);
});

test('one that holds for its turn is not asked for again in it, and once a minute at most', async () => {
  let medianMs = 0;
  const { clock, asked, dwell } = setUp(
    (id) => Response.json(dwellOf(id, medianMs)),
    ({ live }) => live.medianMs === 7,
  );
  dwell.choose('a');
  await ticked(dwell, 1);
  clock.ms += soonestMs;
  await ticked(dwell, 2);
  expect(asked).toHaveLength(1);
  medianMs = 7;
  clock.ms += rereadMs;
  await ticked(dwell, 2);
  clock.ms += 10 * rereadMs;
  await ticked(dwell, 2);
  expect(asked).toHaveLength(2);
  await ticked(dwell, 3);
  expect(asked).toHaveLength(3);
  dwell.choose('b');
  await ticked(dwell, 3);
  expect(asked).toEqual(['a', 'a', 'a', 'b']);
});
