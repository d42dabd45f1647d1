import { expect, test } from 'vitest';
import { type Carrier, carriers } from '../../fixtures/make/wire/carriers/carriers.ts';
import { conversation } from '../../fixtures/make/wire/carriers/conversation.ts';
import { makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { parsePlmn } from '../../server/events/plmn.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { Rows, testKey } from '../correlate/steps.ts';

/** What correlation makes of the conversation over a carrier. */
function rows({ linkType, frames }: Carrier) {
  const sink = new Rows();
  const defaultPlmn = parsePlmn('001-01');
  const pseudonymiser = new Pseudonymiser(testKey);
  const correlator = new Correlator({ config: makeConfig(), sorted: true, defaultPlmn, pseudonymiser, sink });
  const decoder = new Decoder(correlator);
  // Carriers need different numbers of frames for a message: the time is the same for all.
  for (const frame of frames(conversation)) {
    decoder.frame(1_700_000_000_000_000, linkType, Uint8Array.from(frame), 0, frame.length);
  }
  correlator.flush();
  return sink.rows;
}

const [first, ...others] = carriers;
const expected = rows(first);

test('the conversation has its procedures, each with subscriber and cell', () => {
  const procedures = expected.filter(({ kind }) => kind !== 'sighting');
  expect(procedures.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual([
    'location update success',
    'mt call unanswered',
    'mo call failed',
  ]);
  expect(new Set(expected.map(({ cell }) => cell))).toEqual(new Set(['001-01-4097-513']));
  expect(new Set(expected.map(({ subscriber }) => subscriber)).size).toBe(1);
});

test.each(others)('$name gives the same events', (carrier) => {
  expect(rows(carrier)).toEqual(expected);
});
