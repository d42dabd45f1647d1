import { describe, expect, test } from 'vitest';
import { writeSccp } from '../../fixtures/make/wire/carriers/sccp.ts';
import type { Step } from '../../fixtures/make/wire/carriers/steps.ts';
import { collector } from './collect.ts';

const reset = [0, 4, 0x30, 4, 1, 0x20];
type Sent = Step extends infer S ? (S extends Step ? Omit<S, 'down'> : never) : never;

/** Who has sent each message, by LINKTYPE_SCCP alone: true where the one that opened the connection has. */
function senders(...steps: Sent[]): unknown[] {
  const { messages, give } = collector();
  for (const step of steps) give(writeSccp({ down: false, ...step } as Step), 0, 142);
  return messages.map(({ fromLower }) => fromLower);
}

describe('who sent a message without addresses', () => {
  const open: Sent[] = [
    { type: 'CR', source: 1, data: reset },
    { type: 'CC', destination: 1, source: 2 },
  ];

  test('follows from whose reference it is sent to', () => {
    expect(
      senders(
        ...open,
        { type: 'DT1', destination: 2, data: reset },
        { type: 'DT1', destination: 1, data: reset },
        { type: 'RLSD', destination: 2, source: 1, cause: 0 },
        { type: 'RLC', destination: 1, source: 2 },
      ),
    ).toEqual([true, false, true, false, true, false]);
  });

  test('follows from its own reference where both have given the same number', () => {
    expect(
      senders(
        { type: 'CR', source: 5, data: reset },
        { type: 'CC', destination: 5, source: 7 },
        { type: 'CR', source: 6, data: reset },
        { type: 'CC', destination: 6, source: 5 },
        { type: 'RLSD', destination: 5, source: 6, cause: 0 },
        { type: 'RLSD', destination: 5, source: 7, cause: 0 },
      ).slice(4),
    ).toEqual([true, false]);
  });

  test('is forgotten with the connection, so that a number may change sides', () => {
    expect(
      senders(
        ...open,
        { type: 'RLSD', destination: 1, source: 2, cause: 0 },
        { type: 'RLC', destination: 2, source: 1 },
        { type: 'CR', source: 2, data: reset },
        { type: 'CC', destination: 2, source: 1 },
        { type: 'DT1', destination: 1, data: reset },
        { type: 'DT1', destination: 2, data: reset },
      ).slice(4),
    ).toEqual([true, false, true, false]);
  });

  test('is taken for the one that answers where nothing is known', () => {
    expect(senders({ type: 'DT1', destination: 9, data: reset }, { type: 'UDT', data: reset })).toEqual([false, false]);
  });
});
