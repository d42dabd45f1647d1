import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { capErrorNames, capOperationNames } from '../../server/decode/in-tables.ts';
import { biccNames, isupNames } from '../../server/decode/transport-tables.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { sharedPresent } from '../tools/shared-inputs.ts';

/** What tshark's dissection of these frames says, line by line. */
function dissected(linkType: number, frames: Uint8Array[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'signalwall-names-'));
  const path = join(folder, 'names.pcap');
  writeFileSync(
    path,
    pcapFile(
      frames.map((bytes, i) => ({ seconds: 1, fraction: i, bytes })),
      { linkType },
    ),
  );
  const text = execFileSync('tshark', ['-n', '-r', path, '-V'], {
    encoding: 'utf8',
    stdio: 'pipe',
    maxBuffer: 1 << 26,
  });
  rmSync(folder, { recursive: true });
  return text.split('\n');
}

/** Name by code in lines `Message Type: Release (12)`. */
function isdnNames(serviceIndicator: number, circuitOctets: number): Map<number, string> {
  const frames = Array.from({ length: 255 }, (_, type) => {
    const label = [0x80 | serviceIndicator, 1, 0x40, 0, 0];
    return Uint8Array.from([...label, ...new Array(circuitOctets).fill(1), type + 1, ...new Array(40).fill(0)]);
  });
  const names = new Map<number, string>();
  for (const line of dissected(141, frames)) {
    const found = /^ *Message Type: (.*) \((\d+)\)$/.exec(line);
    if (found === null || /^(reserved|unknown)/i.test(found[1])) continue;
    names.set(Number(found[2]), found[1].replace(' (national use)', ''));
  }
  return names;
}

const letters = (name: string) => name.toLowerCase().replace('acknowledgment', 'acknowledgement');
const named = (table: readonly (string | undefined)[]) =>
  new Map([...table.entries()].filter((entry): entry is [number, string] => entry[1] !== undefined));

describe.runIf(sharedPresent)('what is named and not read has the names that tshark gives it', () => {
  test.each([
    ['ISUP', isupNames, 5, 2],
    ['BICC', biccNames, 13, 4],
  ] as const)('%s', (user, table, serviceIndicator, circuitOctets) => {
    const ours = [...table.entries()]
      .filter(([code, name]) => name !== `${user} ${code}`)
      .map(([code, name]): [number, string] => [code, letters(name.slice(user.length + 1))]);
    const theirs = [...isdnNames(serviceIndicator, circuitOctets)].map(([code, name]) => [code, letters(name)]);
    expect(theirs.length).toBeGreaterThan(40);
    expect(ours).toEqual(theirs);
  });

  test('CAP', () => {
    const text = execFileSync('tshark', ['-G', 'values'], { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 });
    const values = (field: string) =>
      new Map(
        [...text.matchAll(new RegExp(`^V\t${field}\t(\\d+)\t(.*)$`, 'gm'))]
          .map(([, code, name]): [number, string] => [Number(code), name])
          .sort(([a], [b]) => a - b),
      );
    expect(named(capOperationNames)).toEqual(values('camel.local'));
    expect(named(capErrorNames)).toEqual(values('camel.error_code_local'));
  });
});
