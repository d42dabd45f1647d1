import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { DecodeError } from '../../server/decode/decode-error.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { mapErrorNames, mapOperationNames } from '../../server/decode/map-tables.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { mapCollector, type PlainComponent, plainComponent } from './map-collect.ts';
import { differencesOf, fromComponent, fromTransaction, tcapMessages } from './map-oracle.ts';

const frames = (numbers: number[], lines: string[], reason: string) =>
  numbers.flatMap((frame) => lines.map((line) => ({ line: `frame ${frame} ${line}`, reason })));

/** Where we and tshark 4.0.17 differ on purpose. */
const known: Record<string, { line: string; reason: string }[]> = {
  'pycrate/tcapmap_pcapr_dlt1.pcap': [
    ...frames(
      [3, 16],
      [34, 32, 46, 34, 23, 23, 31, 31].flatMap((operation, i) => [
        `component ${i + 5} componentType: 1, tshark absent`,
        `component ${i + 5} invokeId: ${i + 6}, tshark absent`,
        `component ${i + 5} operation: ${operation}, tshark absent`,
      ]),
      'a private application context (1.2.826…) with 13 components: tshark takes them for MAP, whose parameters they do not have, and gives up at the sixth; we count another user and tell the codes',
    ),
    ...frames(
      [159, 335],
      ['component 0 errorCause: 0, tshark absent'],
      'roamingNotAllowed of version 2: a bare cause (GSM 09.02 §17.6.6); tshark wants a sequence and calls the frame malformed',
    ),
  ],
  'ss7-rule-mining/invokeUpdate.pcap': [],
  'ss7-rule-mining/test_continue.pcap': [],
  'ss7-rule-mining/test_long_length_continue2.pcap': [],
  'ss7-rule-mining/test_special.pcap': [],
  'ss7-rule-mining/test_unknown_tcap_tag.pcap': [],
  'wireshark-wiki/gsm_map_with_ussd_string.pcap': [],
  'wireshark-wiki/camel2.pcap': [],
  'arkime/m3ua_synthetic.pcap': frames(
    [5, 20, 21, 22, 51, 52, 66, 67, 68, 73, 74, 75, 78, 86, 90],
    ['TCAP_BAD_LENGTH at octet 0'],
    'synthetic CAP whose outermost length goes 4 octets beyond its user data: a flaw, behind which the rest is read; tshark does not look (X.690 §8.1.3)',
  ),
  'vectors/sccp_dlt142.pcap': [],
};

describe.runIf(sharedPresent)('TCAP and MAP compared with tshark, component by component', () => {
  test.each(Object.keys(known))('%s', (file) => {
    const lines: string[] = [];
    let compared = 0;
    for (const seen of tcapMessages(sharedPath(`captures/${file}`))) {
      const { give, components } = mapCollector();
      const where = `frame ${seen.frame}`;
      try {
        give(seen.bytes, seen.calledSsn, seen.callingSsn);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        lines.push(`${where} ${error.message}`);
      }
      if (components.length === 0) continue;
      lines.push(...differencesOf(where, fromTransaction(components[0]), seen.dialogue));
      const ours = components.filter((component) => component.componentType !== undefined);
      for (let i = 0; i < Math.max(ours.length, seen.components.length); i++) {
        const mine = ours[i] === undefined ? {} : fromComponent(ours[i]);
        compared += Object.keys(mine).length;
        lines.push(...differencesOf(`${where} component ${i}`, mine, seen.components[i] ?? {}));
      }
    }
    expect(lines).toEqual(known[file].map(({ line }) => line));
    expect(compared).toBeGreaterThan(0);
  });
});

describe.runIf(sharedPresent)('names of MAP', () => {
  test('are those of tshark for every operation and error', () => {
    const text = execFileSync('tshark', ['-G', 'values'], { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 });
    const values = text.match(/^V\tgsm_old\.localValue\t.*$/gm)!.map((line) => line.split('\t'));
    // One field for both tables: the errors begin where the codes fall.
    const errorsFrom = values.findIndex(([, , code], i) => i > 0 && Number(code) < Number(values[i - 1][2]));
    const unlike = (names: readonly (string | undefined)[], rows: string[][]) =>
      rows.filter(([, , code, name]) => name !== 'unAllocated' && names[Number(code)] !== name).map((row) => row[3]);
    expect(values.length).toBeGreaterThan(150);
    // TS 29.002 §17.5.4 calls it forwardCheckSS-Indication.
    expect(unlike(mapOperationNames, values.slice(0, errorsFrom))).toEqual(['forwardCheckSS']);
    expect(unlike(mapErrorNames, values.slice(errorsFrom))).toEqual([]);
  });
});

describe.runIf(sharedPresent)('TCAP inside whole captures', () => {
  test.each(Object.keys(known).filter((file) => !file.startsWith('arkime')))('%s', async (file) => {
    const path = sharedPath(`captures/${file}`);
    const ours: Record<number, PlainComponent[]> = {};
    const decoder = new Decoder({
      message: () => {},
      map: (message, component) => {
        ours[message.frame] = [...(ours[message.frame] ?? []), plainComponent(component)];
      },
    });
    const reader = await openCapture(path);
    await reader.read(decoder, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    await reader.close();
    const alone: Record<number, PlainComponent[]> = {};
    for (const { frame, bytes, calledSsn, callingSsn } of tcapMessages(path)) {
      alone[frame] = [...(alone[frame] ?? []), ...mapCollector().give(bytes, calledSsn, callingSsn)];
    }
    expect(ours).toEqual(alone);
  });
});
