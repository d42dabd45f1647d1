import { expect, test } from 'vitest';
import { benchDecode } from './decode.ts';

test('the decode bench decodes every packet it makes, and is nowhere near the floor', () => {
  const { packetsPerSecond, messages, bytesPerPacket } = benchDecode({ packets: 20_000, runs: 3 });
  expect(messages).toBe(20_000);
  expect(bytesPerPacket).toBeGreaterThan(80);
  // The bench itself prints the figure; this only catches a fall by an order of magnitude on a busy machine.
  expect(packetsPerSecond).toBeGreaterThan(200_000);
});
