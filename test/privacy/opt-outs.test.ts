import { expect, test } from 'vitest';
import { OptOuts, ofStoredForm, storedForm } from '../../server/privacy/opt-outs.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';

const pseudonymiser = new Pseudonymiser(new Uint8Array(32).fill(9));
const hex = (n: number) => pseudonymiser.hex('imei', String(n)).slice(0, 16);
/** As the hot paths have them. */
const words = (text: string) => {
  const octets = Buffer.from(text, 'hex');
  return [octets.readUInt32LE(0), octets.readUInt32LE(4)] as const;
};
const number = (n: number) => ({
  ...{ type: 'msisdn' as const, number: hex(n), peer: hex(1000 + n), subscribers: [hex(2000 + n)] },
});
const imsi = (n: number) => ({ type: 'imsi' as const, number: '', peer: '', subscribers: [hex(n)] });
const tell = (list: OptOuts, n: number, subscriber: number, timeUs: number) =>
  list.told(...words(hex(n)), ...words(hex(subscriber)), timeUs);
const has = (list: OptOuts, n: number) => list.has(...words(hex(n)));

test('knows subscribers, other parties and users of record files by the words of their pseudonyms', () => {
  const list = new OptOuts();
  expect(list.none).toBe(true);
  list.replace([imsi(1), number(2)]);
  expect([list.none, list.identities]).toEqual([false, 2]);
  pseudonymiser.handset(1);
  expect(list.has(...words(pseudonymiser.hex('imei', '1')))).toBe(true);
  expect([has(list, 1), has(list, 2002), has(list, 2), has(list, 3)]).toEqual([true, true, false, false]);
  expect([list.hasPeer(...words(hex(1002))), list.hasPeer(...words(hex(1)))]).toEqual([true, false]);
  expect(list.has(0, 0)).toBe(false);
});

test('who was told to have a number on the list is on it, by the newest telling, in whatever order they come', () => {
  const list = new OptOuts();
  list.replace([number(2)]);
  tell(list, 2, 50, 100);
  expect(has(list, 50)).toBe(true);
  tell(list, 2, 51, 200);
  tell(list, 2, 50, 150);
  expect([has(list, 50), has(list, 51)]).toEqual([false, true]);
  expect(list.takeNews().map(({ timeUs }) => timeUs)).toEqual([100, 200]);
  expect(list.takeNews()).toEqual([]);
  tell(list, 7, 52, 300);
  expect(has(list, 52)).toBe(false);
});

test('a subscriber stays on the list by a second number, until all of its listed ones are told of others', () => {
  const list = new OptOuts();
  list.replace([number(2), number(3), imsi(51)]);
  tell(list, 2, 50, 100);
  tell(list, 9, 50, 200);
  expect(has(list, 50)).toBe(true);
  // Both of its numbers are on the list: one of them goes to another subscriber, then the other.
  tell(list, 3, 50, 300);
  tell(list, 2, 51, 400);
  expect([has(list, 50), has(list, 51)]).toEqual([true, true]);
  tell(list, 3, 52, 500);
  expect([has(list, 50), has(list, 51), has(list, 52)]).toEqual([false, true, true]);
  // Who is on it by its IMSI stays, whatever becomes of its number.
  tell(list, 2, 53, 600);
  expect([has(list, 51), has(list, 53)]).toEqual([true, true]);
  // What is written down says so after a restart, too, whatever an earlier server took for a farewell.
  const later = new OptOuts();
  later.replace([number(2), number(3), imsi(51)]);
  later.learn([...list.takeNews(), { number: hex(3), subscriber: '0'.repeat(16), timeUs: 700 }]);
  expect([50, 51, 52, 53].map((n) => has(later, n))).toEqual([false, true, true, true]);
});

test('a new list keeps what was told of numbers that stay, and tells who has come', () => {
  const list = new OptOuts();
  list.replace([number(2), number(3)]);
  tell(list, 2, 50, 100);
  tell(list, 3, 51, 100);
  expect(list.takeJoined().length).toBe(8);
  list.replace([number(2), imsi(1)]);
  expect([has(list, 50), has(list, 51), has(list, 1)]).toEqual([true, false, true]);
  expect(list.takeJoined()).toEqual([...words(hex(1))]);
  expect(list.unheld).toEqual([]);
  list.replace([]);
  expect([list.none, has(list, 50), list.subscribers]).toEqual([true, false, []]);
});

test('who has come and was not asked for yet is still told when a new list comes, as long as it is on that', () => {
  const list = new OptOuts();
  list.replace([number(2), number(3)]);
  list.takeJoined();
  tell(list, 2, 50, 100);
  tell(list, 3, 51, 100);
  list.replace([number(2), imsi(1)]);
  const joined = list.takeJoined();
  const told = Array.from({ length: joined.length / 2 }, (_, i) => joined.slice(2 * i, 2 * i + 2));
  expect(told.sort()).toEqual([[...words(hex(1))], [...words(hex(50))]].sort());
});

test('the database’s form of a pseudonym is that of the words, and leads back', () => {
  for (let n = 1; n < 200; n++) {
    const [lo, hi] = words(hex(n));
    expect(storedForm(hex(n))).toBe(String((BigInt(hi | 0) << 32n) | BigInt(lo)));
    expect(ofStoredForm(storedForm(hex(n)))).toBe(hex(n));
  }
});
