import { expect, test, vi } from 'vitest';
import { systemClock } from '../../server/clock.ts';
import { UserError } from '../../server/errors.ts';
import { LateStore } from '../../server/store/late-store.ts';
import { openRealDatabase, saysAway } from '../../server/store/real-database.ts';
import type { Store } from '../../server/store/types.ts';

vi.mock('../../server/store/pause.ts', () => ({ pause: (ms: number) => new Promise((r) => setTimeout(r, ms / 500)) }));

const why = new UserError('DATABASE_REFUSED', 'nothing listens there');

function opened(): Store & { closed: number } {
  const store = {
    ...{ closed: 0, status: { state: 'up', lagMs: 0, queuedRows: 0, droppedRows: 0, error: '' }, version: '15' },
    ...{ durable: 7, ledger: { batch: 1, journal: 'j', offset: 7, eventUs: 1 } },
    async close() {
      store.closed++;
    },
  };
  return store as unknown as Store & { closed: number };
}

function late(open: () => Promise<Store>, lines: string[] = []): LateStore {
  const fail = (error: Error) => lines.push(`bug ${error.message}`);
  return new LateStore({ open, first: why, clock: systemClock, log: (_, line) => lines.push(line), onFailed: fail });
}

test('tells that the database is away, and what has come since, until it is there and has joined', async () => {
  let tries = 0;
  const store = opened();
  const lines: string[] = [];
  const head = { rows: 10, newestUs: 5_000_000 };
  const waiting = late(async () => {
    if (++tries < 3) throw why;
    return store;
  }, lines);
  const joined: Store[] = [];
  waiting.start(
    () => head,
    async (each) => void joined.push(each),
  );
  Object.assign(head, { rows: 25, newestUs: 9_000_000 });
  expect(waiting.status).toMatchObject({ state: 'away', queuedRows: 15, lagMs: 4000, error: why.message });
  expect([waiting.durable, waiting.ledger.journal, waiting.room]).toEqual([-1, '', true]);
  await expect(waiting.sql('select 1')).rejects.toMatchObject({ code: 'DATABASE_AWAY' });
  await vi.waitFor(() => expect(waiting.status.state).toBe('up'));
  expect(joined).toEqual([store]);
  expect([tries, waiting.durable]).toEqual([3, 7]);
  expect(lines).toEqual([expect.stringMatching(/^database: there after .* catching up from the journal/)]);
  await waiting.close();
  expect(store.closed).toBe(1);
});

test('opens one anew that has lost what it had, and knows nothing of it meanwhile', async () => {
  const first = opened();
  const again = opened();
  const lines: string[] = [];
  const waiting = new LateStore({
    ...{ open: async () => again, first, clock: systemClock, log: (_, line) => lines.push(line) },
    onFailed: (error) => lines.push(`bug ${error.message}`),
  });
  expect([waiting.why, waiting.durable, waiting.status.state]).toEqual([null, 7, 'up']);
  const joined: Store[] = [];
  waiting.start(
    () => ({ rows: 10, newestUs: 5_000_000 }),
    async (each) => void joined.push(each),
  );
  expect(joined).toEqual([]);
  waiting.goBack(new Error('it holds 1 transactions and had confirmed 2'));
  expect([waiting.durable, waiting.status.state]).toEqual([-1, 'away']);
  await vi.waitFor(() => expect(waiting.status.state).toBe('up'));
  expect(joined).toEqual([again]);
  expect([first.closed, again.closed, waiting.durable]).toEqual([1, 0, 7]);
  expect(lines).toEqual([
    'database: it holds 1 transactions and had confirmed 2; it is opened anew and gets what it lacks from the journal',
    expect.stringMatching(/^database: there after/),
  ]);
  await waiting.close();
  expect(again.closed).toBe(1);
});

test('a database for which the journal can’t be read on is told as held, and keeps no replay waiting', async () => {
  const first = opened();
  Object.assign(first, { room: false, whenRoom: () => new Promise(() => undefined) });
  const lines: string[] = [];
  const store = new LateStore({
    ...{ open: async () => first, first, clock: systemClock, log: (_, line) => lines.push(line) },
    onFailed: (error) => lines.push(`bug ${error.message}`),
  });
  let waits = true;
  const waiting = store.whenRoom().then(() => (waits = false));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect([waits, store.room]).toEqual([true, false]);
  store.hold('/j/1.journal, octet 32: a damaged record');
  await waiting;
  expect(store.status).toMatchObject({ state: 'held', error: '/j/1.journal, octet 32: a damaged record', lagMs: 0 });
  // What it has is still for good, and nothing more is let go.
  expect([store.room, store.durable]).toEqual([true, 7]);
  await store.whenRoom();
  store.hold('');
  expect([store.status.state, store.room]).toEqual(['up', false]);
  expect(lines).toEqual([
    'database: /j/1.journal, octet 32: a damaged record. Live counters go on; until it can be read, history stops there',
    'database: what could not be read from the journal can be read again; catching up',
  ]);
  await store.close();
});

test('a database that goes back while the server starts ends the start, and says so', () => {
  const first = opened();
  const failures: Error[] = [];
  const store = new LateStore({
    ...{ open: async () => first, first, clock: systemClock, log: () => undefined },
    onFailed: (error) => failures.push(error),
  });
  store.goBack(new Error('it holds 1 transactions and had confirmed 2'));
  const message = expect.stringMatching(/lost what it held when this start began \(it holds 1 .*\): start again$/);
  expect(failures).toEqual([expect.objectContaining({ name: 'UserError', code: 'DATABASE_BEHIND', message })]);
});

test('closes one that does not belong to the journal, says why and tries again', async () => {
  const store = opened();
  const lines: string[] = [];
  const waiting = late(async () => store, lines);
  waiting.start(
    () => ({ rows: 0, newestUs: -1 }),
    async () => {
      throw new UserError('JOURNAL_MISMATCH', 'another folder');
    },
  );
  await vi.waitFor(() => expect(store.closed).toBeGreaterThan(1));
  expect(lines).toEqual(['database: another folder; counting goes on, trying again']);
  expect(waiting.status).toMatchObject({ state: 'away', error: 'another folder' });
  await waiting.close();
});

test('closes one that joins only when the server is ending', async () => {
  const store = opened();
  const lines: string[] = [];
  const waiting = late(async () => store, lines);
  let joined: () => void = () => undefined;
  let asked = false;
  waiting.start(
    () => ({ rows: 0, newestUs: -1 }),
    () => {
      asked = true;
      return new Promise((resolve) => {
        joined = resolve;
      });
    },
  );
  await vi.waitFor(() => expect(asked).toBe(true));
  await waiting.close();
  expect(store.closed).toBe(0);
  joined();
  await vi.waitFor(() => expect(store.closed).toBe(1));
  expect(waiting.status.state).toBe('away');
  expect(lines).toEqual([]);
});

test('takes a server that nobody reaches for away, and one that is named wrongly for an error', async () => {
  const error = await openRealDatabase('postgres://sw:secret@127.0.0.1:1/wall').catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'DATABASE_REFUSED' });
  expect(saysAway(error)).toBe(true);
  expect(JSON.stringify([error.cause.message, error.message])).not.toContain('secret');
  expect(saysAway(await openRealDatabase('nonsense').catch((thrown) => thrown))).toBe(false);
});
