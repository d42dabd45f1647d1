import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Party, writeUdt, writeXudt } from '../../fixtures/make/wire/map/connectionless.ts';
import { Octets } from '../../fixtures/make/wire/octets.ts';
import { invokeParameters, resultParameters } from '../../server/decode/map-parameters.ts';
import { mapErrorNames } from '../../server/decode/map-tables.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { sharedPresent } from '../tools/shared-inputs.ts';
import { mapCollector, type PlainComponent } from './map-collect.ts';
import { differencesOf, fromComponent, fromTransaction, tcapMessages } from './map-oracle.ts';
import { allTcapVectors, mapWireVectors, type TcapVector } from './map-vectors.ts';

/** Users whose components are counted, and not taken apart. */
const foreign = /CAP|nobody names/;

test.each(allTcapVectors)('$name ($clause)', ({ name, bytes, called, calling, components }) => {
  const { give, state } = mapCollector();
  expect(give(bytes, called, calling)).toEqual(components);
  expect(state.stats.unhandled.size).toBe(foreign.test(name) ? 1 : 0);
});

/** Codes that some component of a type has among the vectors. */
function codes(type: number, field: 'operation' | 'error'): number[] {
  const components = mapWireVectors.flatMap((vector) => vector.components).filter((c) => c.componentType === type);
  return [...new Set(components.map((component) => component[field] as number))].sort((a, b) => a - b);
}

test('every invoke, every result and every error has a vector', () => {
  const known = (table: readonly unknown[]) => [...table.keys()].filter((code) => table[code] !== undefined);
  expect(codes(1, 'operation')).toEqual(known(invokeParameters));
  expect(codes(2, 'operation')).toEqual(known(resultParameters));
  expect(codes(3, 'error')).toEqual(known(mapErrorNames));
});

const hlr = (ssn: number): Party => ({ ssn, title: '99920000001' });
const vlr = (ssn: number): Party => ({ ssn, title: '999200000022' });
const segmentBytes = 100;

/** A vector in UDT or XUDT, by turns, or in segments where it is long. */
function framesOf({ bytes, called, calling }: TcapVector, i: number): Uint8Array[] {
  const written = (write: (out: Octets) => void) => {
    const out = new Octets(new Uint8Array(400));
    write(out);
    return out.bytes.slice(0, out.at);
  };
  if (i % 3 === 0) return [written((out) => writeUdt(out, hlr(called), vlr(calling), bytes))];
  if (bytes.length < segmentBytes) return [written((out) => writeXudt(out, hlr(called), vlr(calling), bytes))];
  const count = Math.ceil(bytes.length / segmentBytes);
  return Array.from({ length: count }, (_, part) => {
    const data = bytes.slice(part * segmentBytes, (part + 1) * segmentBytes);
    const segment = { isFirst: part === 0, remaining: count - 1 - part, reference: i };
    return written((out) => writeXudt(out, hlr(called), vlr(calling), data, segment));
  });
}

/** Where we and tshark 4.0.17 differ on purpose: by vector, the fields or the complaint, and the reason. */
const known: { vector: string; lines: string[]; reason: string }[] = [
  {
    vector: 'Begin whose user nobody names',
    lines: ['component 0 imsi', 'component 0 msc', 'component 0 vlr'],
    reason: 'neither application context nor subsystem number says that it is MAP; tshark guesses it',
  },
  {
    vector: 'updateLocation v1 with a roaming number invoke',
    lines: ['BER Error', 'component 0 roamingNumber'],
    reason: 'LocationInfo is a choice of it and the MSC in version 1 (GSM 09.02 §17.7.1); tshark knows the MSC alone',
  },
  {
    vector: 'updateLocation v1 result',
    lines: ['component 0 hlr', 'component 0 imsi'],
    reason: 'UpdateLocationRes is a choice of the bare HLR number (GSM 09.02 §17.7.1); tshark takes it for an IMSI',
  },
  {
    vector: 'reset v1 invoke',
    lines: ['BER Error', 'component 0 hlr'],
    reason: 'networkResource stands in front in version 1 alone (GSM 09.02 §17.7.1), which tshark does not know',
  },
  ...['performHandover v1 invoke', 'performHandover v1 result', 'performSubsequentHandover v1 invoke'].map(
    (vector) => ({
      vector,
      lines: /result/.test(vector)
        ? ['Unknown', 'component 0 accessPdu', 'component 0 accessProtocol', 'component 0 handoverNumber']
        : [
            'Unknown',
            'component 0 cell',
            'component 0 targetCell',
            ...(/Subsequent/.test(vector) ? ['component 0 targetMsc'] : []),
          ],
      reason: 'tshark does not take apart the handover of version 1 (GSM 09.02 §17.6.1)',
    }),
  ),
  ...['performSubsequentHandover v1 result', 'prepareSubsequentHandover v2 result'].map((vector) => ({
    vector,
    lines: [
      'Unknown',
      ...(/v2/.test(vector) ? ['BER Error'] : []),
      'component 0 accessPdu',
      'component 0 accessProtocol',
    ],
    reason: /v2/.test(vector)
      ? 'the result is a bare ExternalSignalInfo in version 2 (GSM 09.02 §17.6.1); tshark reads that of version 3'
      : 'tshark does not take apart the handover of version 1 (GSM 09.02 §17.6.1)',
  })),
  {
    vector: 'prepareSubsequentHandover v2 invoke',
    lines: [
      'Unknown',
      'BER Error',
      'component 0 accessPdu',
      'component 0 accessProtocol',
      'component 0 targetCell',
      'component 0 targetMsc',
    ],
    reason: 'its fields are untagged in version 2 (GSM 09.02 §17.7.1); tshark reads those of version 3',
  },
  {
    vector: 'provideRoamingNumber v2 result',
    lines: ['component 0 msisdn', 'component 0 roamingNumber'],
    reason: 'tshark calls the roaming number of versions 1 and 2 an MSISDN',
  },
  {
    vector: 'forwardSM v1 to a roaming number invoke',
    lines: ['component 0 roamingNumber'],
    reason: 'SM-RP-DA [3] of versions 1 and 2 (GSM 09.02 §17.7.6) is missing in tshark',
  },
  {
    vector: 'registerPassword result',
    lines: ['component 0 ssCode'],
    reason: 'the result is a NewPassword (3GPP TS 29.002 §17.6.4); tshark calls it SS-Code',
  },
  ...['invoke', 'result'].map((kind) => ({
    vector: `processUnstructuredSS-Data v1 ${kind}`,
    lines: ['component 0 ussd'],
    reason: 'tshark has no field for the SS-UserData of version 1',
  })),
  ...['', ', indefinite lengths'].map((form) => ({
    vector: `error roamingNotAllowed v2${form}`,
    lines: ['BER Error', 'component 0 errorCause'],
    reason: 'the parameter is a bare enumeration in versions 1 and 2 (GSM 09.02 §17.6.6); tshark wants a sequence',
  })),
];

describe.runIf(sharedPresent)('the vectors through tshark', () => {
  test('none is malformed, and all say the same', () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalwall-map-'));
    const path = join(folder, 'map.pcap');
    const frames: Uint8Array[] = [];
    /** The frame that completes each vector. */
    const last = new Map<number, TcapVector>();
    for (const [i, vector] of allTcapVectors.entries()) {
      frames.push(...framesOf(vector, i));
      last.set(frames.length, vector);
    }
    writeFileSync(
      path,
      pcapFile(
        frames.map((bytes, i) => ({ seconds: 1, fraction: i, bytes })),
        { linkType: 142 },
      ),
    );
    const seen = tcapMessages(path);
    rmSync(folder, { recursive: true });
    expect(frames.length).toBeGreaterThan(allTcapVectors.length);
    expect(seen.map(({ frame }) => last.get(frame)?.name)).toEqual(allTcapVectors.map(({ name }) => name));
    const lines: string[] = [];
    for (const { frame, bytes, dialogue, components, complaints, calledSsn } of seen) {
      const vector = last.get(frame)!;
      expect([Buffer.from(bytes).toString('hex'), calledSsn]).toEqual([
        Buffer.from(vector.bytes).toString('hex'),
        vector.called,
      ]);
      // The kind of complaint is enough.
      lines.push(...complaints.map((text) => `${vector.name} ${/^BER Error|^Unknown/.exec(text) ?? text}`));
      lines.push(...differencesOf(vector.name, fromTransaction(vector.components[0]), dialogue));
      const ours = vector.components.filter((component: PlainComponent) => component.componentType !== undefined);
      for (let i = 0; i < Math.max(ours.length, components.length); i++) {
        const mine = ours[i] === undefined ? {} : fromComponent(ours[i]);
        lines.push(...differencesOf(`${vector.name} component ${i}`, mine, components[i] ?? {}));
      }
    }
    const expected = known.flatMap(({ vector, lines: fields }) => fields.map((field) => `${vector} ${field}`));
    expect(lines.map((line) => line.replace(/: .*$/, '')).sort()).toEqual(expected.sort());
  });
});
