import { expect, test } from 'vitest';
import { bssmapNames } from '../../server/decode/bssmap-tables.ts';
import { dtapNames, protocol, rp } from '../../server/decode/dtap-tables.ts';
import { SignalMessage } from '../../server/decode/message.ts';
import { collector } from './collect.ts';
import { ranapVectors } from './ranap-vectors.ts';
import { carrierVectors, frameOfVector, sccpVectors, vectors } from './vectors.ts';

const sccpFields = {
  CR: { sccpType: 1, sourceLocalReference: 0x010203, calledSsn: 254 },
  DT1: { sccpType: 6, destinationLocalReference: 0x040506 },
  UDT: { sccpType: 9, calledSsn: 254, callingSsn: 254 },
};

test.each(vectors)('$name ($clause)', (vector) => {
  const { decoder, messages, give } = collector();
  give(frameOfVector(vector, 1), 5_000_000);
  const frame = { frame: 1, timeUs: 5_000_000, link: 1, fromLower: true, opc: 100, dpc: 200 };
  expect(messages).toEqual([{ ...frame, ...sccpFields[vector.carrier], ...vector.decoded }]);
  expect(decoder.stats.faults).toEqual(new Map());
  expect(decoder.stats.unhandled).toEqual(new Map());
});

test('each message that is read has a vector', () => {
  const { decoder, messages, give } = collector();
  for (const [i, vector] of vectors.entries()) give(frameOfVector(vector, i + 1));
  const read: readonly number[] = [protocol.CC, protocol.MM, protocol.SMS, protocol.SS];
  const without = (names: readonly (string | undefined)[], counts: Uint32Array) =>
    names.filter((name, code) => name !== undefined && counts[code] === 0);
  expect(without(bssmapNames, decoder.stats.bssmap)).toEqual([]);
  for (const discriminator of read) {
    const codes = [discriminator << 8, (discriminator + 1) << 8] as const;
    expect(without(dtapNames.slice(...codes), decoder.stats.dtap.subarray(...codes))).toEqual([]);
  }
  const told = new Set(messages.map((message) => message.rpType));
  expect(Object.values(rp).filter((type) => !told.has(type))).toEqual([]);
});

/** What a capture or the decoder numbers, and what only says where other fields are. */
const ofNoMessage = ['frame', 'timeUs', 'link', 'parts', 'bytes', 'addressBytes'];
/** Slices have one name in a vector. */
const nameInVector = (field: string) =>
  field.replace(/^cellList(Offset|Length)$/, 'cells').replace(/(?<=Title)(Offset|Digits)$|(Offset|Length)$/, '');

test('each field of the record has a vector that tells it', () => {
  const all = [...vectors, ...sccpVectors, ...ranapVectors, ...carrierVectors];
  const told = new Set(all.flatMap(({ decoded }) => Object.keys(decoded ?? {})));
  const fields = Object.keys(new SignalMessage()).filter((field) => !ofNoMessage.includes(field));
  expect(fields.length).toBeGreaterThan(60);
  expect(fields.filter((field) => !told.has(nameInVector(field)))).toEqual([]);
});

test('each discriminator of a cell and of a list of cells has a vector', () => {
  // 3GPP TS 48.008 §3.2.2.17: 0 to 6, 8 to 12.
  const assigned = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12];
  const lists = new Set(vectors.map(({ decoded }) => decoded.cellListDiscriminator));
  expect(assigned.filter((discriminator) => !lists.has(discriminator))).toEqual([]);
  const identifiers = vectors
    .filter(({ name }) => name.startsWith('HANDOVER PERFORMED '))
    .map(({ hex: text }) => / 05 [0-9a-f]{2} 0([0-9a-c])/.exec(text)?.[1] ?? '');
  expect(assigned.filter((discriminator) => !identifiers.includes(discriminator.toString(16)))).toEqual([]);
});
