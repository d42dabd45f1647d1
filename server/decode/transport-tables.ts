/** Names of what the lower layers carry but this decoder does not take apart, for the `unhandled` counter. */

function table(size: number, prefix: string, names: Record<number, string>): readonly string[] {
  return Array.from({ length: size }, (_, code) =>
    names[code] === undefined ? `${prefix} ${code}` : `${prefix} ${names[code]}`,
  );
}

/** IEEE EtherTypes that turn up beside signalling. */
const etherTypes: Record<number, string> = {
  2054: 'ARP',
  32821: 'RARP',
  34825: 'slow protocols',
  34887: 'MPLS',
  34888: 'MPLS multicast',
  34915: 'PPPoE discovery',
  34916: 'PPPoE session',
  35020: 'LLDP',
  35063: 'PTP',
};

export function etherTypeName(type: number): string {
  if (type < 0x0600) return 'Ethernet LLC frame';
  const name = etherTypes[type];
  return name === undefined ? `EtherType 0x${type.toString(16).padStart(4, '0')}` : `EtherType ${name}`;
}

/** IANA assigned internet protocol numbers. */
export const ipProtocolNames = table(256, 'IP protocol', {
  1: 'ICMP',
  2: 'IGMP',
  4: 'IPv4 encapsulation',
  6: 'TCP',
  17: 'UDP',
  41: 'IPv6 encapsulation',
  47: 'GRE',
  50: 'ESP',
  58: 'ICMPv6',
  59: 'none',
  89: 'OSPF',
  103: 'PIM',
  112: 'VRRP',
});

/** SCTP chunk types that carry no user data, RFC 9260 §3.2 and its extensions; all others are unknown. */
const controlChunks = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 128, 129, 130, 132, 192, 193]);
/** Whether a chunk type is one of them: 1 or 0 by the type. */
export const isSctpControlChunk = Uint8Array.from({ length: 256 }, (_, type) => (controlChunks.has(type) ? 1 : 0));
export const sctpChunkNames = table(256, 'SCTP chunk', { 194: 'I-FORWARD-TSN' });

/** SCTP payload protocol identifiers, IANA. */
export const sctpPayloadNames = table(64, 'SCTP payload', {
  0: 'unspecified',
  1: 'IUA',
  2: 'M2UA',
  3: 'M3UA',
  4: 'SUA',
  5: 'M2PA',
  6: 'V5UA',
  7: 'H.248',
  8: 'BICC',
  9: 'TALI',
  18: 'S1AP',
  20: 'HNBAP',
  25: 'SBc-AP',
  27: 'X2AP',
  46: 'DIAMETER',
  60: 'NGAP',
});

/** M3UA messages other than DATA by class × 16 + type, RFC 4666 §3.1.3. */
export const m3uaNames: readonly string[] = table(
  256,
  'M3UA message',
  Object.fromEntries(
    [
      ['ERR', 'NTFY'],
      ['', 'DATA'],
      ['', 'DUNA', 'DAVA', 'DAUD', 'SCON', 'DUPU', 'DRST'],
      ['', 'ASPUP', 'ASPDN', 'BEAT', 'ASPUP ACK', 'ASPDN ACK', 'BEAT ACK'],
      ['', 'ASPAC', 'ASPIA', 'ASPAC ACK', 'ASPIA ACK'],
    ]
      .flatMap((types, group) => types.map((name, type) => [group * 16 + type, name] as const))
      .concat([
        [9 * 16 + 1, 'REG REQ'],
        [9 * 16 + 2, 'REG RSP'],
        [9 * 16 + 3, 'DEREG REQ'],
        [9 * 16 + 4, 'DEREG RSP'],
      ])
      .filter(([, name]) => name !== ''),
  ),
);

/** MTP users by service indicator, ITU-T Q.704 §14.2.1. */
export const serviceIndicatorNames = table(256, 'MTP user', {
  0: 'SNM',
  1: 'MTN',
  2: 'MTNS',
  3: 'SCCP',
  4: 'TUP',
  5: 'ISUP',
  6: 'DUP (call and circuit)',
  7: 'DUP (facility)',
  8: 'MTP test',
  9: 'broadband ISUP',
  10: 'satellite ISUP',
  12: 'AAL type 2',
  13: 'BICC',
  14: 'GCP',
});

/** SCCP users by subsystem number, ITU-T Q.713 §3.4.2.2 and 3GPP TS 23.003 §8.2; index 256: none given. */
export const subsystemNames = table(257, 'SCCP user', {
  1: 'SCCP management',
  3: 'ISUP',
  4: 'OMAP',
  5: 'MAP',
  6: 'HLR',
  7: 'VLR',
  8: 'MSC',
  9: 'EIR',
  10: 'AuC',
  11: 'ISDN supplementary services',
  13: 'broadband ISDN edge-to-edge',
  14: 'TC test responder',
  142: 'RANAP',
  143: 'RNSAP',
  145: 'GMLC',
  146: 'CAP',
  147: 'gsmSCF',
  148: 'SIWF',
  149: 'SGSN',
  150: 'GGSN',
  241: 'INAP',
  249: 'PCAP',
  250: 'BSC (BSSAP-LE)',
  251: 'MSC (BSSAP-LE)',
  252: 'SMLC (BSSAP-LE)',
  253: 'BSS O&M',
  254: 'BSSAP',
  256: 'without subsystem number',
});

/** SCCP management messages by their format identifier, ITU-T Q.713 §5.3. */
export const managementNames = table(256, 'SCCP management', {
  1: 'SSA',
  2: 'SSP',
  3: 'SST',
  4: 'SOR',
  5: 'SOG',
  6: 'SSC',
});

/** Message types of the ISDN user part, ITU-T Q.763 §1.2 table 4; BICC has the same, ITU-T Q.1902.3. */
const isdnMessages: Record<number, string> = {
  1: 'Initial address',
  2: 'Subsequent address',
  3: 'Information request',
  4: 'Information',
  5: 'Continuity',
  6: 'Address complete',
  7: 'Connect',
  8: 'Forward transfer',
  9: 'Answer',
  12: 'Release',
  13: 'Suspend',
  14: 'Resume',
  16: 'Release complete',
  17: 'Continuity check request',
  18: 'Reset circuit',
  19: 'Blocking',
  20: 'Unblocking',
  21: 'Blocking acknowledgement',
  22: 'Unblocking acknowledgement',
  23: 'Circuit group reset',
  24: 'Circuit group blocking',
  25: 'Circuit group unblocking',
  26: 'Circuit group blocking acknowledgement',
  27: 'Circuit group unblocking acknowledgement',
  31: 'Facility request',
  32: 'Facility accepted',
  33: 'Facility reject',
  36: 'Loop back acknowledgement',
  40: 'Pass-along',
  41: 'Circuit group reset acknowledgement',
  42: 'Circuit group query',
  43: 'Circuit group query response',
  44: 'Call progress',
  45: 'User-to-user information',
  46: 'Unequipped CIC',
  47: 'Confusion',
  48: 'Overload',
  49: 'Charge information',
  50: 'Network resource management',
  51: 'Facility',
  52: 'User part test',
  53: 'User part available',
  54: 'Identification request',
  55: 'Identification response',
  56: 'Segmentation',
  64: 'Loop prevention',
  65: 'Application transport',
  66: 'Pre-release information',
  67: 'Subsequent directory number',
};
export const isupNames = table(256, 'ISUP', isdnMessages);
export const biccNames = table(256, 'BICC', isdnMessages);
