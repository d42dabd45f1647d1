import { expect, test } from 'vitest';
import { collector } from './collect.ts';
import { frameOfVector, vectors } from './vectors.ts';

const sccpFields = {
  CR: { sccpType: 1, sourceLocalReference: 0x010203 },
  DT1: { sccpType: 6, destinationLocalReference: 0x040506 },
  UDT: { sccpType: 9 },
};

test.each(vectors)('$name ($clause)', (vector) => {
  const { decoder, messages, give } = collector();
  give(frameOfVector(vector, 1), 5_000_000);
  const frame = { frame: 1, timeUs: 5_000_000, link: 1, fromLower: true, opc: 100, dpc: 200 };
  expect(messages).toEqual([{ ...frame, ...sccpFields[vector.carrier], ...vector.decoded }]);
  expect(decoder.stats.faults).toEqual(new Map());
  expect(decoder.stats.unhandled).toEqual(new Map());
});
