/** Names of the messages of M2UA, M2PA, SUA and IPA that carry nothing for SCCP, for the `unhandled` counter. */

/** Names by class × 16 + type, as a table of 256; `classes` has the types of each class from 0 on, '' where none is. */
function namesOf(protocol: string, classes: Record<number, readonly string[]>): readonly string[] {
  const names = Array.from({ length: 256 }, (_, i) => `${protocol} message class ${i >> 4} type ${i & 15}`);
  names[255] = `${protocol} message`;
  for (const [group, types] of Object.entries(classes)) {
    for (const [type, name] of types.entries())
      if (name !== '') names[Number(group) * 16 + type] = `${protocol} ${name}`;
  }
  return names;
}

/** Index of a name for a message class and type; those beyond the tables share the last one. */
export function nameIndex(group: number, type: number): number {
  return group < 16 && type < 16 ? group * 16 + type : 255;
}

const management = ['ERR', 'NTFY'];
const aspState = ['', 'ASPUP', 'ASPDN', 'BEAT', 'ASPUP ACK', 'ASPDN ACK', 'BEAT ACK'];
const aspTraffic = ['', 'ASPAC', 'ASPIA', 'ASPAC ACK', 'ASPIA ACK'];
const registration = ['', 'REG REQ', 'REG RSP', 'DEREG REQ', 'DEREG RSP'];

/** RFC 3331 §3.1.4. */
export const m2uaNames = namesOf('M2UA', {
  0: management,
  3: aspState,
  4: aspTraffic,
  6: [
    '',
    'DATA',
    'ESTABLISH REQUEST',
    'ESTABLISH CONFIRM',
    'RELEASE REQUEST',
    'RELEASE CONFIRM',
    'RELEASE INDICATION',
    'STATE REQUEST',
    'STATE CONFIRM',
    'STATE INDICATION',
    'DATA RETRIEVAL REQUEST',
    'DATA RETRIEVAL CONFIRM',
    'DATA RETRIEVAL INDICATION',
    'DATA RETRIEVAL COMPLETE INDICATION',
    'CONGESTION INDICATION',
    'DATA ACKNOWLEDGE',
  ],
  10: registration,
});

/** Link states by their number, RFC 4165 §2.3.2. */
export const m2paLinkStates: readonly string[] = [
  '',
  'ALIGNMENT',
  'PROVING NORMAL',
  'PROVING EMERGENCY',
  'READY',
  'PROCESSOR OUTAGE',
  'PROCESSOR RECOVERED',
  'BUSY',
  'BUSY ENDED',
  'OUT OF SERVICE',
].map((name) => `M2PA LINK STATUS ${name}`);

/** RFC 3868 §3.1.2. */
export const suaNames = namesOf('SUA', {
  0: management,
  2: ['', 'DUNA', 'DAVA', 'DAUD', 'SCON', 'DUPU', 'DRST'],
  3: aspState,
  4: aspTraffic,
  7: ['', 'CLDT', 'CLDR'],
  8: ['', 'CORE', 'COAK', 'COREF', 'RELRE', 'RELCO', 'RESCO', 'RESRE', 'CODT', 'CODA', 'COERR', 'COIT'],
  9: registration,
});

/** Messages of the IPA connection control (stream 0xFE) by their first octet. */
export const ipaControlNames: readonly string[] = Array.from({ length: 256 }, (_, type) => {
  const names: Record<number, string> = {
    0: 'PING',
    1: 'PONG',
    4: 'IDENTITY REQUEST',
    5: 'IDENTITY RESPONSE',
    6: 'IDENTITY ACK',
    7: 'IDENTITY NACK',
    8: 'PROXY REQUEST',
    9: 'PROXY ACK',
    10: 'PROXY NACK',
    11: 'SSL INFO',
  };
  return `IPA CCM ${names[type] ?? type}`;
});

/** Protocols of the IPA extension of Osmocom (stream 0xEE) by their first octet. */
export const ipaExtensionNames: readonly string[] = Array.from({ length: 256 }, (_, protocol) => {
  const names = ['CTRL', 'MGCP', 'LAC', 'SMSC', 'ORC', 'GSUP', 'OAP', 'RSPRO'];
  return `IPA extension ${names[protocol] ?? protocol}`;
});

/** Streams of IPA that are no SCCP; '' where a number names no stream. Streams below 0x20 carry RSL, one a TRX. */
export const ipaStreamNames: readonly string[] = Array.from({ length: 256 }, (_, stream) => {
  if (stream < 0x20) return 'IPA RSL';
  const names: Record<number, string> = {
    221: 'IPA HSL debug',
    238: 'IPA extension',
    252: 'IPA MGCP',
    253: 'IPA SCCP',
    254: 'IPA CCM',
    255: 'IPA OML',
  };
  return names[stream] ?? '';
});
