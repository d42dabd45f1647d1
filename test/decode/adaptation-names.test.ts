import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dataChunk, ipv4, sctp } from '../../fixtures/make/wire/carriers/ip.ts';
import { adaptationMessage } from '../../fixtures/make/wire/carriers/octets.ts';
import { m2uaNames, suaNames } from '../../server/decode/adaptation-tables.ts';
import { m3uaNames } from '../../server/decode/transport-tables.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { sharedPresent } from '../tools/shared-inputs.ts';

/** What tshark calls each message of a class and type, by class × 16 + type: its acronym, '' where it has none. */
function acronyms(protocol: number, port: number): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'signalwall-names-'));
  const path = join(folder, 'names.pcap');
  const side = { port, peerPort: port, tag: 1, tsn: 0 };
  const frames = Array.from({ length: 11 * 16 }, (_, i) => {
    const chunk = dataChunk(i, 0, i, protocol, adaptationMessage(i >> 4, i & 15, []));
    return {
      seconds: 1,
      fraction: i,
      bytes: Uint8Array.from(ipv4([10, 0, 0, 1], [10, 0, 0, 2], 132, sctp(side, [chunk]))),
    };
  });
  writeFileSync(path, pcapFile(frames, { linkType: 101 }));
  const args = ['-n', '-r', path, '-T', 'fields', '-e', '_ws.col.Info'];
  const lines = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe' }).split('\n').slice(0, frames.length);
  rmSync(folder, { recursive: true });
  return lines.map((line) => (/^[A-Z][A-Z_ ]+$/.test(line.trim()) ? line.trim() : ''));
}

describe.runIf(sharedPresent)('messages of the adaptation layers are named as tshark names them', () => {
  /** Abbreviations of either side. */
  const short: [RegExp, string][] = [
    [/ASP_?(UP|DN|DOWN|AC|ACTIVE|IA|INACTIVE)(?=_| |$)/, 'ASP$1'],
    [/ASPDOWN/, 'ASPDN'],
    [/ASPACTIVE/, 'ASPAC'],
    [/ASPINACTIVE/, 'ASPIA'],
    [/ESTABLISH/, 'ESTAB'],
    [/RELEASE/, 'REL'],
    [/RETRIEVAL/, 'RETR'],
    [/COMPLETE/, 'COMP'],
    [/CONGESTION/, 'CONG'],
    [/REQUEST/, 'REQ'],
    [/CONFIRM/, 'CONF'],
    [/INDICATION/, 'IND'],
    [/ACKNOWLEDGE/, 'ACK'],
  ];
  const letters = (name: string) =>
    short
      .reduce((text, [long, brief]) => text.replace(long, brief), name.replace(/^(M3UA message|M2UA|SUA) /, ''))
      .replace(/[^A-Z]/g, '');

  test.each([
    ['M3UA', 3, 2905, m3uaNames, 23],
    ['M2UA', 2, 2904, m2uaNames, 31],
    ['SUA', 4, 14_001, suaNames, 35],
  ] as const)('%s', (_, protocol, port, ours, count) => {
    const theirs = acronyms(protocol, port);
    expect(theirs.filter((name) => name !== '').length).toBe(count);
    expect(
      theirs.flatMap((name, i) =>
        name === '' || letters(ours[i]) === letters(name) ? [] : [`${ours[i]}, tshark ${name}`],
      ),
    ).toEqual([]);
  });
});
