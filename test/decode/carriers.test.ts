import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Carrier, carriers } from '../../fixtures/make/wire/carriers/carriers.ts';
import { conversation } from '../../fixtures/make/wire/carriers/conversation.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { sharedPresent } from '../tools/shared-inputs.ts';
import { collector, type Plain } from './collect.ts';

/** What belongs to the carrier and not to the message. */
const carrierFields = ['frame', 'timeUs', 'link', 'opc', 'dpc'];

function decode({ linkType, frames }: Carrier) {
  const { decoder, messages, give } = collector();
  for (const [i, frame] of frames(conversation).entries()) give(frame, 1_700_000_000_000_000 + i * 10_000, linkType);
  return { messages, stats: decoder.stats };
}

function without(message: Plain, names: string[]): Plain {
  // LINKTYPE_SCCP does not say who sent a message; without a connection (UDT) nothing else does either.
  const isUnitdata = message.sccpType === 9;
  // SUA always names who calls, a CR of SCCP need not.
  const isRequest = message.sccpType === 1;
  return Object.fromEntries(
    Object.entries(message).filter(
      ([name]) =>
        !names.includes(name) && !(isUnitdata && name === 'fromLower') && !(isRequest && name === 'callingSsn'),
    ),
  );
}

const [first, ...others] = carriers;
const expected = decode(first).messages;

test('the conversation is read whole over the first carrier', () => {
  expect(expected.length).toBe(conversation.length);
  expect(expected.map(({ fromLower }) => fromLower)).toEqual(conversation.map(({ down }) => !down));
  expect(expected[0]).toMatchObject({ sccpType: 1, bssmapType: 0x57, dtapType: 8, imsi: 1010000000042, cellCi: 513 });
  expect(expected[2]).toMatchObject({ sccpType: 6, dtapType: 2, tmsi: 0x11223344, laiLac: 0x1001 });
});

test.each(others)('$name gives the same messages', (carrier) => {
  const { messages, stats } = decode(carrier);
  const bare = (message: Plain) => without(message, carrierFields);
  expect(messages.map(bare)).toEqual(expected.map(bare));
  expect(stats.faults).toEqual(new Map());
  expect(stats.evicted).toEqual(new Map());
});

test.each(carriers)('$name keeps one link', (carrier) => {
  const { messages } = decode(carrier);
  expect(new Set(messages.map(({ link }) => link)).size).toBe(1);
});

describe.runIf(sharedPresent)('as tshark reads it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalwall-carriers-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  // Its dissector for IPA does not put TCP segments together.
  test.each(carriers.filter(({ name }) => name !== 'IPA cut over segments'))(
    '$name has nothing malformed, and the same message types',
    (carrier) => {
      const path = join(folder, `${carrier.name.replace(/\W/g, '-')}.pcap`);
      const frames = carrier.frames(conversation).map((frame, i) => ({
        seconds: 1_700_000_000,
        fraction: i * 10_000,
        bytes: Uint8Array.from(frame),
      }));
      writeFileSync(path, pcapFile(frames, { linkType: carrier.linkType }));
      const fields = ['_ws.malformed', '_ws.expert.message', 'gsm_a.bssmap.msgtype'];
      const options = ['-o', 'sctp.checksum:CRC32c', '-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE'];
      const args = ['-n', '-r', path, ...options, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
      const rows = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe' })
        .split('\n')
        .slice(0, frames.length)
        .map((line) => line.split('\t'));
      expect(rows.map(([malformed]) => malformed)).toEqual(frames.map(() => ''));
      expect(rows.filter(([, expert]) => /[Mm]alformed|[Cc]hecksum|[Bb]ad/.test(expert))).toEqual([]);
      const theirs = rows.map(([, , type]) => type).filter((type) => type !== '');
      expect(theirs.map(Number)).toEqual(expected.flatMap(({ bssmapType }) => bssmapType ?? []));
    },
  );
});
