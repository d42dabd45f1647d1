import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { decodeCommand } from '../../server/cli/decode.ts';
import { IdentityText } from '../../server/cli/identity-text.ts';
import { MessageLines } from '../../server/cli/message-line.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { NumberPlan } from '../../server/reference/number-plan.ts';
import { temporaryFolder } from '../tools/serve.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { readCsv } from './read-csv.ts';

/** Keys that are nobody's: references and transactions of nodes, in hex, and times. */
const nobodys = new Set(['slr', 'dlr', 'otid', 'dtid', 'timeUs', 'durationMs']);
const digitsRun = /\d{6}/;
const hexRun = /[0-9a-f]{6}/;

/** Every text and number of a line but for what is nobody's, with its key. */
function tellings(line: unknown, key = ''): { key: string; text: string }[] {
  if (nobodys.has(key)) return [];
  if (typeof line !== 'object' || line === null) return [{ key, text: String(line) }];
  return Object.entries(line).flatMap(([name, value]) => tellings(value, Array.isArray(line) ? key : name));
}

/** What of some lines shows more than five digits in a row, by key: the digits themselves stay out of the report. */
const tooMuch = (lines: readonly unknown[]) =>
  lines
    .flatMap((line) => tellings(line))
    .flatMap(({ key, text }) => ((key === 'tmsi' ? hexRun : digitsRun).test(text) ? [key] : []));

const captures = sharedPresent
  ? readdirSync(sharedPath('captures'), { recursive: true, withFileTypes: true })
      .filter((entry) => /\.(pcap|cap)$/.test(entry.name))
      .map((entry) => relative(sharedPath('captures'), join(entry.parentPath, entry.name)))
      .sort()
  : [];

describe.runIf(sharedPresent)('no output of decode shows more than five digits of an identity', () => {
  const folder = temporaryFolder('masked');
  beforeAll(() => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterAll(() => {
    vi.restoreAllMocks();
    folder.remove();
  });
  let plainest = 0;

  test.each(captures)('%s', async (file) => {
    const path = sharedPath(`captures/${file}`);
    const plain: unknown[] = [];
    const writer = new MessageLines(new IdentityText(true, new NumberPlan('139', '460-00')));
    const reader = await openCapture(path);
    const decoder = new Decoder({
      message: (m) => plain.push({ ...writer.of(m) }),
      map: (m, c) => plain.push({ ...writer.ofComponent(m, c) }),
    });
    await reader.read(decoder, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    await reader.close();
    plainest += tooMuch(plain).length;

    const out = join(folder.path, 'out');
    const printed = async (...options: string[]) => {
      await decodeCommand.run([path, '--out', out, ...options]);
      return readFileSync(out, 'utf8');
    };
    const ndjson = (text: string) => text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
    const messages = ndjson(await printed('--messages'));
    expect(messages.length > 0).toBe(plain.length > 0);
    expect(tooMuch(messages)).toEqual([]);
    expect(tooMuch(ndjson(await printed()))).toEqual([]);
    expect(tooMuch(readCsv(await printed('--messages', '--format', 'csv')))).toEqual([]);
    expect(tooMuch(readCsv(await printed('--format', 'csv')))).toEqual([]);
    for (const format of ['ndjson', 'csv']) {
      const stats = await printed('--stats', '--format', format);
      expect(stats.replace(/,\d\.\d{6}$/gm, '')).not.toMatch(digitsRun);
    }
  });

  test('and there were identities to show', () => {
    expect(plainest).toBeGreaterThan(300);
  });
});
