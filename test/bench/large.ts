import type { Bench, Figure } from './bench.ts';
import { inProcess } from './in-process.ts';
import type { LargeFigures, LargeJob } from './large-process.ts';
import { streams } from './presence-city.ts';

const phones = 15_000_000;
/** Ten times what a city of so many phones sights in the hour before a kick-off: 141,667 a second. */
const perSecond = Math.round((10 * phones * streams.kickOff.perPhoneAndHour) / 3600);

const scales: Record<'full' | 'small', Omit<LargeJob, 'keepEvents'>> = {
  // Two snapshots at least.
  full: { subscribers: phones, perSecond, measuredMs: 75_000, settlingMsMax: 240_000, reorderWindowMs: 10_000 },
  small: { subscribers: 20_000, perSecond: 20_000, measuredMs: 300, settlingMsMax: 1_000, reorderWindowMs: 200 },
};

export const largeBench: Bench = {
  name: 'large',
  meaning:
    'the whole server from decoded batches to frames with 15 million subscribers at ten times the busy hour of their city, with no event and with all of them stored: the most memory that its process has, and how long counting stands; embedded unless DATABASE_URL is set',
  async run(scale): Promise<Figure[]> {
    const all: Figure[] = [];
    for (const keepEvents of ['off', 'all'] as const) {
      // In the tests one is enough.
      if (scale === 'small' && keepEvents === 'off') continue;
      const key = keepEvents === 'off' ? 'eventsOff' : 'eventsAll';
      const said = await inProcess('large-process', { ...scales[scale], keepEvents } satisfies LargeJob);
      const { figures, limit } = JSON.parse(said) as LargeFigures;
      if (scale === 'full') process.stdout.write(`  ${key}: ${limit} is the busiest\n`);
      all.push(...figures.map(([name, value, unit]) => ({ key: `large.${key}.${name}`, value, unit })));
    }
    return all;
  },
};
