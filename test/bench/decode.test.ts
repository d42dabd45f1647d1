import { expect, test } from 'vitest';
import { benchDecode } from './decode.ts';

test('the decode bench decodes every packet it makes', () => {
  const { messages, bytesPerPacket } = benchDecode({ packets: 20_000, runs: 3 });
  expect(messages).toBe(20_000);
  expect(bytesPerPacket).toBeGreaterThan(80);
});
