import { expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { collector } from './collect.ts';
import { differences, oracle } from './oracle.ts';

test.runIf(sharedPresent)('SCCPlite of openbsc is read as tshark reads it, frame by frame', async () => {
  const path = sharedPath('captures/vectors/ipa_sccplite_bsc_data.pcap');
  const { decoder, messages } = collector();
  const reader = await openCapture(path);
  await reader.read(decoder, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  await reader.close();
  expect(messages.length).toBe(25);
  // What stands above SCCP is compared where it belongs; here it shows that each message begins and ends where it should.
  const fields = /frame \d+ (sccp|source|destination|bssmapType|dtapType|imsi|tmsi|cellLac|cellCi|laiLac)/;
  expect(differences(oracle(path), messages).filter((line) => fields.test(line))).toEqual([]);
  expect(decoder.stats.evicted).toEqual(new Map());
  expect(decoder.stats.duplicates).toBe(0);
  // Without point codes the two addresses are the link.
  expect(new Set(messages.map(({ link }) => link)).size).toBe(1);
  expect(messages.every(({ opc, dpc }) => opc === undefined && dpc === undefined)).toBe(true);
  expect(messages.slice(0, 4).map(({ fromLower }) => fromLower)).toEqual([true, true, false, false]);
});
