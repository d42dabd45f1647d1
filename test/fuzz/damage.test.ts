import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Decoder } from '../../server/decode/decoder.ts';
import { sharedPresent } from '../tools/shared-inputs.ts';
import { buildFuzzer } from './build.ts';
import { exhaustiveBytesMax, loadCorpus } from './corpus.ts';
import type { Job } from './jobs.ts';
import { formatReport } from './report.ts';
import { sccpMessagesIn } from './sccp-in.ts';
import { runInThread, runInThreads } from './threads.ts';

const threads = 2;

let bundle = '';
beforeAll(async () => {
  bundle = await buildFuzzer('damage');
});
afterAll(() => rmSync(bundle, { force: true }));

test('good inputs come out as they should, and hostile ones cost little', async () => {
  const report = await runInThread(bundle, { kind: 'checks' });
  expect(report.failure).toBe(null);
});

test.runIf(sharedPresent)('each captured SCCP message up to 300 octets is among what is damaged', async () => {
  const corpus = await loadCorpus();
  const damaged = new Set(
    corpus
      .filter(({ bytes }) => bytes.length <= exhaustiveBytesMax)
      .map(({ bytes }) => Buffer.from(bytes).toString('hex')),
  );
  let messages = 0;
  const decoder = new Decoder({ message: () => undefined });
  for (const { name, ours, linkType, bytes } of corpus) {
    if (ours || bytes.length <= exhaustiveBytesMax) continue;
    const before = decoder.stats.layers.sccp;
    decoder.frame(messages, linkType, bytes, 0, bytes.length);
    const slices = sccpMessagesIn(linkType, bytes);
    expect([name, slices.length]).toEqual([name, decoder.stats.layers.sccp - before]);
    for (const [from, to] of slices) {
      if (to - from > exhaustiveBytesMax) continue;
      expect(damaged).toContain(Buffer.from(bytes.subarray(from, to)).toString('hex'));
      messages++;
    }
  }
  expect(messages).toBeGreaterThanOrEqual(15);
});

test('every truncation and every flipped bit of every vector and of each captured message up to 300 octets', {
  timeout: 600_000,
}, async () => {
  const jobs = Array.from({ length: threads }, (_, part): Job => ({ kind: 'damage', part, of: threads, every: 1 }));
  const report = await runInThreads(bundle, jobs);
  console.log(formatReport('damage', report));
  expect(report.failure).toBe(null);
  expect(report.inputs).toBeGreaterThan(1_000_000);
  expect(report.messages).toBeGreaterThan(report.inputs / 10);
});
