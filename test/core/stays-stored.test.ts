import { expect, test } from 'vitest';
import { staysStored } from '../../server/core/stays-stored.ts';

/** What happens while somebody waits, by the number of the look. */
async function ask(looks: { offset: number; waiting?: boolean; derivedTo?: number; journal?: string }[]) {
  let look = 0;
  const now = () => looks[Math.min(look, looks.length - 1)];
  const stored = await staysStored({
    waiting: () => now().waiting ?? false,
    derivedTo: () => now().derivedTo ?? 500,
    journal: 'a',
    ledger: () => ({ journal: now().journal ?? 'a', offset: now().offset }),
    timers: {
      after: (_, run) => {
        look++;
        queueMicrotask(run);
        return () => undefined;
      },
    },
  });
  return { stored, look };
}

test('stays are stored when the database has the newest record of what was counted', async () => {
  expect(await ask([{ offset: 500 }])).toEqual({ stored: true, look: 0 });
});

test('those on their way are waited for; what is counted meanwhile is not', async () => {
  const looks = [{ offset: 499 }, { offset: 499, derivedTo: 900 }, { offset: 700, derivedTo: 900 }];
  expect(await ask(looks)).toEqual({ stored: true, look: 2 });
});

test('stays that the counters still collect come into a record first', async () => {
  const looks = [
    { offset: 500, waiting: true },
    { offset: 500, derivedTo: 600 },
    { offset: 600, derivedTo: 600 },
  ];
  expect(await ask(looks)).toEqual({ stored: true, look: 2 });
});

test('a database that is behind is given up, as is one that holds another journal', async () => {
  expect((await ask([{ offset: 499 }])).stored).toBe(false);
  expect((await ask([{ offset: 9_000, journal: 'b' }])).stored).toBe(false);
});
