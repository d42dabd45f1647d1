import { expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { collector } from './collect.ts';
import { compare } from './oracle.ts';

test.runIf(sharedPresent)('SCCPlite of openbsc is read as tshark reads it, frame by frame', async () => {
  const path = sharedPath('captures/vectors/ipa_sccplite_bsc_data.pcap');
  const { decoder, messages } = collector();
  const reader = await openCapture(path);
  await reader.read(decoder, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  await reader.close();
  expect(messages.length).toBe(25);
  const { fields, lines } = compare(path, messages);
  expect(fields).toBeGreaterThan(100);
  expect(lines).toEqual([]);
  expect(decoder.stats.evicted).toEqual(new Map());
  expect(decoder.stats.duplicates).toBe(0);
  // Without point codes the two addresses are the link.
  expect(new Set(messages.map(({ link }) => link)).size).toBe(1);
  expect(messages.every(({ opc, dpc }) => opc === undefined && dpc === undefined)).toBe(true);
  expect(messages.slice(0, 4).map(({ fromLower }) => fromLower)).toEqual([true, true, false, false]);
});
