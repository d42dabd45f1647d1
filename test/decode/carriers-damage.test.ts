import { expect, test } from 'vitest';
import { carriers } from '../../fixtures/make/wire/carriers/carriers.ts';
import { conversation } from '../../fixtures/make/wire/carriers/conversation.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { defaultDecodeLimits } from '../../server/decode/state.ts';

/** Those whose lower layers differ; the links in front of M3UA are read alike. */
const different = carriers.filter(({ name }) => /^(M2UA|M2PA|SUA|IPA|MTP2|MTP3|SCCP|M3UA over Ethernet$)/.test(name));

/** Small, so that tables overflow in a test as they would in a year. */
const limits = { ...defaultDecodeLimits, reassemblyMax: 16, linksMax: 16, tcpConnectionsMax: 8, tcpWaitBytesMax: 1024 };

test.each(different)('$name: no truncation and no flipped bit gets out of the decoder', ({ linkType, frames }) => {
  const all = frames(conversation).map((frame) => Uint8Array.from(frame));
  let messages = 0;
  const decoder = new Decoder({ message: () => messages++ }, limits);
  let timeUs = 1_700_000_000_000_000;
  const give = (bytes: Uint8Array, end: number) => {
    timeUs += 50_000;
    decoder.frame(timeUs, linkType, bytes, 0, end);
  };
  let given = 0;
  for (const frame of all) {
    for (let end = 0; end < frame.length; end++) give(frame, end);
    for (let bit = 0; bit < frame.length * 8; bit++) {
      frame[bit >> 3] ^= 1 << (bit & 7);
      give(frame, frame.length);
      frame[bit >> 3] ^= 1 << (bit & 7);
    }
    given += 9 * frame.length;
  }
  expect(decoder.stats.frames).toBe(given);
  expect(messages).toBeGreaterThan(given / 100);
  // Afterwards it still reads what is good.
  const before = messages;
  for (const frame of all) give(frame, frame.length);
  expect(messages - before).toBeGreaterThanOrEqual(conversation.length - 4);
});
