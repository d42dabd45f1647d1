import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type FeedSpec, parseFeedUri } from '../../server/capture/feed-uri.ts';
import { DecodedApart } from '../../server/cli/decode-thread.ts';
import { DecodedFrames, type MessageSource } from '../../server/cli/message-source.ts';
import { openFrames } from '../../server/cli/open-frames.ts';
import { makeConfig } from '../../server/config.ts';
import type { SignalMessage } from '../../server/decode/message.ts';
import { temporaryFolder } from '../tools/serve.ts';

const config = makeConfig({ where: 'test', settings: {} });
const folder = temporaryFolder('decode-thread');
afterAll(() => folder.remove());
const simulated = parseFeedUri('sim:event-day?seed=3&population=2000&from=18:00&hours=1', '460-00');

/** What correlation reads of a message, in short. */
const short = (m: SignalMessage) =>
  [m.frame, m.timeUs, m.link, m.sccpType, m.bssmapType, m.dtapType, m.cellCi, m.imsiDigits, m.tmsi, m.parts & 7].join();

/** All messages of a source, read in steps of event time; where it stood after each. */
async function readAll(source: MessageSource, stepUs: number, max: number) {
  const lines: string[] = [];
  const sink = { message: (m: SignalMessage) => void lines.push(short(m)) };
  const steps: { untilUs: number; lines: number }[] = [];
  let untilUs = source.counters.clockUs;
  for (let why = 'more'; why !== 'end'; ) {
    why = await source.read(sink, untilUs, max);
    if (why === 'until') {
      steps.push({ untilUs, lines: lines.length });
      untilUs += stepUs;
    }
  }
  const { counters, endedEarly } = source;
  await source.close();
  return { lines, steps, counters, endedEarly };
}

describe('decoding on a thread of its own', () => {
  test('gives the messages that decoding here gives, no later than asked for', async () => {
    const here = await readAll(new DecodedFrames(await openFrames(simulated, config), config), 60_000_000, 1000);
    const apart = await readAll(await DecodedApart.open({ spec: simulated, config }), 60_000_000, 333);
    expect(here.lines.length).toBeGreaterThan(5000);
    expect(apart.lines).toEqual(here.lines);
    expect(apart.counters).toEqual(here.counters);
    const { coverage, frames } = here.counters;
    expect(Object.values(coverage).reduce((sum, count) => sum + count, 0)).toBe(frames);
    expect(coverage).toMatchObject({ malformed: 0, unhandled: 0 });
    expect(coverage.understood).toBeGreaterThan(5000);
    // Behind each minute stands exactly what came before its end.
    const last = new Map(here.steps.map(({ untilUs, lines }) => [untilUs, lines]));
    for (const { untilUs, lines } of apart.steps) if (last.has(untilUs)) expect(lines).toBe(last.get(untilUs));
    expect(apart.steps.length).toBeGreaterThan(50);
  });

  test('says of a feed that is none what opening it here says', async () => {
    const path = join(folder.path, 'notes.pcap');
    writeFileSync(path, 'this is no capture, whatever its name says');
    const spec: FeedSpec = parseFeedUri(`pcap:${path}`, '460-00');
    const here = await openFrames(spec, config).catch((error: Error) => error);
    const apart = await DecodedApart.open({ spec, config }).catch((error: Error) => error);
    expect(apart).toMatchObject({ name: 'UserError', message: (here as Error).message });
  });

  test('tells where a cut capture ended, after all its messages', async () => {
    const path = join(folder.path, 'cut.pcap');
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt32LE(1, 20);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1_790_000_000, 0);
    record.writeUInt32LE(60, 8);
    writeFileSync(path, Buffer.concat([header, record, Buffer.alloc(60), record, Buffer.alloc(10)]));
    const apart = await readAll(
      await DecodedApart.open({ spec: parseFeedUri(`pcap:${path}`, '460-00'), config }),
      1_000_000,
      10,
    );
    expect(apart.counters).toMatchObject({ frames: 1, faults: { TRUNCATED_CAPTURE: 1 } });
    expect(apart.endedEarly).toContain('packet 2');
  });

  test('ends in the middle when it is closed', async () => {
    const source = await DecodedApart.open({ spec: simulated, config });
    let messages = 0;
    const count = () => void messages++;
    while (messages === 0) await source.read({ message: count, map: count }, Number.POSITIVE_INFINITY, 10);
    await source.close();
    expect(messages).toBe(10);
  });
});
