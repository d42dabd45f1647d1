import { type Difference, differenceText, type FrameKind } from './compare.ts';

/** A difference between `decode --messages` and tshark 4.0.17 that is meant: what, why, and by which clause. */
interface Known {
  /** As `compare` writes them behind the frame, `key: ours, tshark theirs`; `*` stands for anything. */
  lines: readonly string[];
  /** The only frames in which it is meant. */
  of?: FrameKind;
  /** The only components: type and operation, as tshark names them. */
  component?: RegExp;
  reason: string;
  clause: string;
  /** Where it is met in the shared captures: how many differences, by the file below `captures/`. */
  met: Readonly<Record<string, number>>;
}

const arkime = 'arkime/m3ua_synthetic.pcap';
const pycrate = 'pycrate/tcapmap_pcapr_dlt1.pcap';
const unitTests = 'vectors/bssap_m3ua_sctp.pcap';

/** Told by what they are, not by file and frame: they are the same in a capture that was cut, merged or renamed. */
export const known: readonly Known[] = [
  {
    lines: ['fault: TCAP_BAD_LENGTH, tshark absent'],
    reason: 'the outermost length goes beyond the user data: a flaw, told beside what is read; tshark says nothing',
    clause: 'ITU-T X.690 §8.1.3',
    met: { [arkime]: 11 },
  },
  {
    lines: ['lines: 0, tshark *'],
    of: 'copy',
    reason: 'copies of DATA chunks of earlier frames: the same tag, TSN and content',
    clause: 'RFC 9260 §6.2',
    met: { [arkime]: 4 },
  },
  {
    lines: ['lines: 1 M3UA_MISSING_ELEMENT, tshark 0'],
    reason: 'M3UA DATA without its mandatory protocol data: a flaw; tshark says nothing',
    clause: 'RFC 4666 §3.3.1',
    met: { [arkime]: 1 },
  },
  {
    lines: ['cells: /0/0, tshark 000-00/0/0'],
    reason: 'a cell of nothing but zeros: MCC 000 is never assigned and is kept as "no PLMN"',
    clause: 'ITU-T E.212 §6.1',
    met: { 'osmo-lab/osmo_msc_a_iface.pcap': 1 },
  },
  {
    lines: ['message: absent, tshark *', 'otid: absent, tshark *', 'protocol: absent, tshark TCAP'],
    of: 'undelivered',
    reason: 'segments that came back undelivered stay alone: one line each, with their cause',
    clause: 'ITU-T Q.714 §4.2',
    met: { [pycrate]: 3 },
  },
  {
    lines: ['fault: DTAP_TRUNCATED, tshark absent'],
    reason: 'layer 3 messages of one octet, without the message type; tshark shows nothing of them',
    clause: '3GPP TS 24.007 §11.2.3',
    met: { [unitTests]: 2 },
  },
  {
    lines: ['fault: BSSAP_TRUNCATED, tshark absent'],
    reason: 'shorter than its BSSAP length says',
    clause: '3GPP TS 48.006 §9.3',
    met: { [unitTests]: 1 },
  },
  {
    lines: ['message: type *, tshark Unknown', 'layer3: type *, tshark Unknown'],
    reason: 'a code that the specification gives to no message is told as a number',
    clause: '3GPP TS 24.007 §11.2.3.2',
    met: {},
  },
  {
    lines: ['tmsi: absent, tshark given'],
    of: 'packet domain',
    reason: "a P-TMSI belongs to the SGSN's number space; it is no TMSI",
    clause: '3GPP TS 23.003 §2.4',
    met: {},
  },
  {
    lines: ['lai: *, tshark *', ...['imsi', 'imei', 'imeisv'].map((key) => `${key}: absent, tshark given`)],
    of: 'packet domain',
    reason: "GPRS mobility management is named and not taken apart; RANAP's own LAI is told",
    clause: '3GPP TS 24.008 §9.4',
    met: {},
  },
  {
    lines: ['hlr: given, tshark absent', 'imsi: absent, tshark given'],
    component: /^returnResultLast updateLocation$/,
    reason: 'UpdateLocationRes is a choice of the bare HLR number; tshark takes it for an IMSI',
    clause: 'GSM 09.02 §17.7.1',
    met: {},
  },
  {
    lines: ['msisdn: absent, tshark given', 'roamingNumber: given, tshark absent'],
    component: /^returnResultLast provideRoamingNumber$/,
    reason: 'tshark calls the roaming number of versions 1 and 2 an MSISDN',
    clause: 'GSM 09.02 §17.7.3',
    met: {},
  },
  {
    lines: ['roamingNumber: given, tshark absent'],
    component: /^invoke (forwardSM|mo-forwardSM|mt-forwardSM)$/,
    reason: 'SM-RP-DA [3] of versions 1 and 2 is missing in tshark',
    clause: 'GSM 09.02 §17.7.6',
    met: {},
  },
  {
    lines: ['imsi: absent, tshark given'],
    component: /^invoke reset$/,
    reason: "the HLR-List holds the leading digits of an HLR's IMSIs, which are nobody's",
    clause: '3GPP TS 29.002 §17.7.1',
    met: {},
  },
  {
    lines: ['fault: MAP_BAD_IDENTITY, tshark absent', 'imei: absent, tshark given'],
    component: /^invoke checkIMEI$/,
    reason: "an IMEI has 15 digits in eight octets; a shorter one is nobody's",
    clause: '3GPP TS 29.002 §17.7.8',
    met: {},
  },
];

/** The known difference that this one is. */
export function knownOf(difference: Difference): Known | undefined {
  const line = lineOf(difference);
  return known.find(
    ({ lines, of, component }) =>
      (of === undefined || of === difference.of) &&
      (component === undefined || component.test(difference.component)) &&
      lines.some((one) => isLine(one, line)),
  );
}

/** `key: ours, tshark theirs`. */
export const lineOf = (difference: Difference) => differenceText(difference).replace(/^frame \d+ /, '');

/** The same for captures made of our own vectors and conversations: by the name of a frame. */
const knownOfMade: readonly { names: readonly string[]; lines: readonly string[]; reason: string; clause: string }[] = [
  {
    names: ['COMPLETE LAYER 3 INFORMATION with a deleted LAI (digits of the PLMN unknown)'],
    lines: ['lai: /65534/, tshark 1665-1665/65534/'],
    reason: 'digits above 9 are no PLMN; tshark computes a number from them',
    clause: '3GPP TS 24.008 §10.5.1.3',
  },
  {
    names: ['NOTIFICATION RESPONSE'],
    lines: ['imsi: given, tshark absent'],
    reason: 'tshark names the message and does not read its mobile identity',
    clause: '3GPP TS 44.018 §9.1.21d',
  },
  {
    names: ['DISCONNECT with a recommendation octet in its cause'],
    lines: ['cause: 17, tshark 3'],
    reason: 'octet 3a stands between location and cause where the extension bit is 0',
    clause: '3GPP TS 24.008 §10.5.4.11',
  },
  {
    names: ['MS REGISTRATION ENQUIRY', 'MS REGISTRATION ENQUIRY RESPONSE'],
    lines: ['imsi: given, tshark absent', 'message: *, tshark Unallocated'],
    reason: 'tshark 4.0 does not know the message',
    clause: '3GPP TS 48.008 §3.2.1.94, §3.2.1.95',
  },
  {
    names: ['Begin whose user nobody names'],
    lines: ['*'],
    reason: 'neither application context nor subsystem number says that it is TCAP, or MAP; tshark guesses it',
    clause: 'ITU-T Q.713 §3.4.2.2',
  },
  {
    names: ['IPA cut over segments'],
    lines: ['lines: 1, tshark 0'],
    reason: 'tshark puts no IPA message together from two TCP segments',
    clause: 'RFC 9293 §3.10',
  },
];

/** Whether a difference in a frame of that name is a known one. */
export function isKnown(name: string, line: string): boolean {
  return knownOfMade.some(({ names, lines }) => names.includes(name) && lines.some((one) => isLine(one, line)));
}

function isLine(known: string, line: string): boolean {
  const [head, ...tails] = known.split('*');
  if (tails.length === 0) return known === line;
  let at = line.startsWith(head) ? head.length : -1;
  for (const [i, tail] of tails.entries()) {
    if (at < 0) return false;
    if (i === tails.length - 1) return line.endsWith(tail) && line.length - tail.length >= at;
    const found = line.indexOf(tail, at);
    at = found < 0 ? -1 : found + tail.length;
  }
  return false;
}
