import { expect, test } from 'vitest';
import { bssmapNames } from '../../server/decode/bssmap-tables.ts';
import { dtapNames, protocol, rp } from '../../server/decode/dtap-tables.ts';
import { collector } from './collect.ts';
import { frameOfVector, vectors } from './vectors.ts';

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

test('each field that layer 3 tells has a vector that tells it', () => {
  const told = new Set(vectors.flatMap((vector) => Object.keys(vector.decoded)));
  const fields = [
    ...['bssmapType', 'protocolDiscriminator', 'dtapType', 'transactionId', 'cellPlmn', 'cellLac', 'cellCi', 'cellSac'],
    ...['targetCellPlmn', 'targetCellLac', 'targetCellCi', 'targetCellSac', 'cellListDiscriminator', 'cells'],
    ...[
      'laiPlmn',
      'laiLac',
      'imsi',
      'tmsi',
      'imei',
      'imeiTail',
      'bssmapCause',
      'locationUpdatingType',
      'cmServiceType',
    ],
    ...['cause', 'rpType', 'called', 'calling', 'connected', 'tpDestination', 'tpOriginator'],
    ...['circuitIdentityCode', 'chosenChannel', 'speechVersion', 'rrCause', 'lcsCause', 'rerouteCause'],
    ...['ssComponent', 'ssInvokeId', 'ssOperation', 'ssError'],
  ];
  expect(fields.filter((field) => !told.has(field))).toEqual([]);
});
