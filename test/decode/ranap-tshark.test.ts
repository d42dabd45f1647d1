import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ranapNames } from '../../server/decode/ranap-tables.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { fromMessage } from './oracle.ts';
import { type Dissected, dissect } from './ranap-oracle.ts';
import { decodeAlone, ranapVectors } from './ranap-vectors.ts';
import { connectionRequest, dataForm1, frameOf, type Octets, unitdata } from './wire.ts';

/** Routing on subsystem number 142. */
const ranapAddress = [0x42, 142];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalwall-ranap-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function capture(name: string, sccpMessages: Octets[]): string {
  const path = join(folder, name);
  const frames = sccpMessages.map((sccp, i) => ({ seconds: 1, fraction: i, bytes: frameOf(sccp, { tsn: i + 1 }) }));
  writeFileSync(path, pcapFile(frames));
  return path;
}

/** What differs in a message, one line a field; identities stay out of the text. */
function differences({ frame, octets, theirs }: Dissected): string[] {
  const { message, fault } = decodeAlone(octets);
  const ours = fromMessage(message);
  const lines = fault === '' ? [] : [`frame ${frame}: ${fault}`];
  for (const name of [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort()) {
    if (ours[name] === theirs[name]) continue;
    const isSecret = ['imsi', 'tmsi', 'imei', 'called', 'calling'].includes(name);
    const show = (value: string | undefined) => (value === undefined ? 'absent' : isSecret ? 'given' : value);
    lines.push(`frame ${frame} ${name}: ${show(ours[name])}, tshark ${show(theirs[name])}`);
  }
  return lines;
}

/** Where we and tshark 4.0.17 differ on purpose. The reason stands above each. */
const known = [
  // A P-TMSI belongs to the SGSN's number space; GMM messages are named and not taken apart.
  'InitialUE-Message of the PS domain with RAC and SERVICE REQUEST: tmsi: absent, tshark given',
  // L3-Information is the HANDOVER COMMAND of another system, no layer 3 message of this connection.
  ...['dtapType: absent, tshark 43', 'protocolDiscriminator: absent, tshark 6'].map(
    (field) => `RelocationCommand: ${field}`,
  ),
];

describe.runIf(sharedPresent)('compared with tshark, message by message', () => {
  test('a mobile-originated call on Iu', () => {
    const messages = dissect(sharedPath('captures/wireshark-wiki/ranap-mobile-originating-call.pcap'));
    expect(messages.length).toBe(15);
    expect(messages.flatMap(differences)).toEqual([]);
  });

  test('the messages under SCCP as link type', () => {
    const messages = dissect(sharedPath('captures/vectors/sccp_dlt142.pcap'));
    expect(messages.map(({ frame }) => frame)).toEqual([12, 13]);
    expect(differences(messages[0])).toEqual([]);
    // A class that is not known yet and octets that are none of it; tshark calls it malformed too.
    expect(decodeAlone(messages[1].octets).fault).toBe('RANAP_TRUNCATED');
  });

  test('every vector of ours, none of them malformed for tshark', () => {
    const path = capture(
      'vectors.pcap',
      ranapVectors.map(({ carrier, octets }, i) => {
        if (carrier === 'CR') return connectionRequest(256 + i, octets, ranapAddress);
        return carrier === 'UDT' ? unitdata(octets, ranapAddress) : dataForm1(1, octets);
      }),
    );
    const messages = dissect(path);
    expect(messages.length).toBe(ranapVectors.length);
    const lines = messages.flatMap((message, i) =>
      differences(message).map((line) => `${ranapVectors[i].name}: ${line.replace(/^frame \d+ /, '')}`),
    );
    expect(lines).toEqual(known);
    // Severity 6 is a warning, 8 an error.
    const complaints = ['-n', '-r', path, '-Y', '_ws.malformed or _ws.expert.severity >= 6'];
    expect(execFileSync('tshark', complaints, { encoding: 'utf8', stdio: 'pipe' })).toBe('');
  });

  test('the name of every message of every procedure', () => {
    const empty = (procedure: number, type: number) => [type << 5, procedure, 0x40, 3, 0, 0, 0];
    const codes = Array.from({ length: 4 * 80 }, (_, code) => code);
    const path = capture(
      'names.pcap',
      codes.map((code) => connectionRequest(code, empty(code >> 2, code & 3), ranapAddress)),
    );
    const columns = ['-n', '-r', path, '-T', 'fields', '-e', '_ws.col.Info'];
    const theirs = execFileSync('tshark', columns, { encoding: 'utf8', stdio: 'pipe' }).trimEnd().split('\n');
    // Where a procedure has no such message, tshark shows the procedure. A private message is never empty.
    const names = theirs.map((text) =>
      /^(id-|unknown)/.test(text) ? undefined : text.replace('[Malformed Packet]', '').trim(),
    );
    expect(names.filter((name) => name !== undefined).length).toBe(85);
    expect(codes.map((code) => ranapNames[code])).toEqual(names);
    expect(ranapNames.slice(codes.length).filter((name) => name !== undefined)).toEqual([]);
  });
});
