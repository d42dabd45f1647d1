import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';

const files = sharedPresent
  ? readdirSync(sharedPath('captures'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(pcap|cap)$/.test(name),
    )
  : [];

async function decode(file: string, sink: (frame: number) => void = () => {}): Promise<Decoder> {
  const decoder = new Decoder({ message: (message) => sink(message.frame) });
  const reader = await openCapture(sharedPath(join('captures', file)));
  expect(await reader.read(decoder, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe('end');
  expect(reader.faults).toEqual(new Map());
  await reader.close();
  return decoder;
}

describe.runIf(sharedPresent)('real and lab captures', () => {
  test.each(files)('%s runs through', async (file) => {
    const { stats } = await decode(file);
    expect(stats.frames).toBeGreaterThan(0);
    expect(stats.evicted).toEqual(new Map());
  });

  test('the laboratory A interface gives a message for each SCCP frame and has nothing malformed', async () => {
    const { stats } = await decode('osmo-lab/osmo_msc_a_iface.pcap');
    expect(stats.faults).toEqual(new Map());
    expect([stats.frames, stats.layers.sccp, stats.messages]).toEqual([195, 189, 189]);
    expect([...stats.unhandled.keys()].every((name) => name.startsWith('M3UA message'))).toBe(true);
  });

  test('a RANAP connection under a subsystem number of its own is known by its first message', async () => {
    const frames: number[] = [];
    const { stats } = await decode('wireshark-wiki/ranap-mobile-originating-call.pcap', (frame) => frames.push(frame));
    expect([frames.length, stats.layers.ranap, stats.layers.bssap]).toEqual([18, 15, 0]);
    expect(stats.faults).toEqual(new Map());
  });
});
