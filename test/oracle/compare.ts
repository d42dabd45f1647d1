import { type Damage, printed, type Row } from './ours.ts';
import { dissect, type Packet } from './pdml.ts';
import { rowsOf } from './seen.ts';

/** One difference: a frame, a key, and both sides as text. */
export interface Difference {
  frame: number;
  key: string;
  ours: string;
  theirs: string;
  /** What the frame is, for differences that are meant in such frames alone. */
  of: FrameKind;
  /** Component and operation that tshark sees in the line, `invoke updateLocation`; empty in all others. */
  component: string;
}

/** All DATA of it was seen before; a message of it came back undelivered; it holds GPRS mobility or session management. */
export type FrameKind = 'copy' | 'undelivered' | 'packet domain' | 'other';

export interface Comparison {
  /** Frames in which either side sees an SCCP message. */
  frames: number;
  /** Of these, frames that tshark calls malformed, or that the snapshot length has cut: not compared. */
  malformed: number;
  fields: number;
  differences: Difference[];
  /** What ended the capture early: frames behind it were not compared. */
  damage: Damage | null;
}

/** Names are compared by their letters: tshark writes `Clear Command`, the specification `CLEAR COMMAND`. */
const named = new Set(['message', 'layer3', 'operation', 'error']);
const secrets = /imsi|tmsi|imei|Number|msisdn|msc|vlr|sgsn|hlr|digits|tp[DO]/;

const letters = (name: string) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replace(/acknowledgement|acknowledge/, 'ack');

/** Names that differ in more than their letters, tshark's by ours. */
const otherNames: Record<string, string> = {
  // Operation 46 in versions 1 and 2 (operation 44 is none there). 3GPP TS 29.002 §17.5.1.
  moforwardsm: 'forwardsm',
  mtforwardsm: 'forwardsm',
  connectionorientedinformation: 'connectionorientedinformationobsolete',
  authenticationandcipheringreq: 'authenticationandcipheringrequest',
  authenticationandcipheringresp: 'authenticationandcipheringresponse',
};

const isSame = (key: string, a: string | undefined, b: string | undefined) =>
  a === b || (named.has(key) && a !== undefined && b !== undefined && isSameName(letters(a), letters(b)));
const isSameName = (a: string, b: string) => a === b || otherNames[a] === b || otherNames[b] === a;

/** Compares `decode --messages` with tshark's dissection, frame by frame and line by line. */
export async function compare(path: string): Promise<Comparison> {
  const out: Comparison = { frames: 0, malformed: 0, fields: 0, differences: [], damage: null };
  const ours = printed(path);
  const seenData = new Set<string>();
  let next = await ours.next();
  for await (const packet of dissect(path)) {
    // Where a capture is damaged tshark may stop earlier or later than we do.
    if (next.done && next.value !== null && packet.frame > next.value.packets) continue;
    const theirs = rowsOf(packet);
    const isCopy = isCopyOf(seenData, packet);
    let rows: Row[] = [];
    if (!next.done && next.value.frame === packet.frame) {
      ({ rows } = next.value);
      next = await ours.next();
    }
    if (rows.length === 0 && theirs.length === 0) continue;
    out.frames++;
    if (packet.malformed.length > 0) out.malformed++;
    else {
      compareRows(packet.frame, rows, theirs, isCopy ? 'copy' : kindOf(packet, theirs), out);
    }
  }
  const behind = next.done ? null : next.value;
  while (!next.done) next = await ours.next();
  out.damage = next.value;
  if (behind !== null && out.damage === null) {
    const { frame } = behind;
    out.differences.push({ frame, key: 'lines', ours: 'a frame', theirs: 'no frame', of: 'other', component: '' });
  }
  return out;
}

const packetDomainTypes = new Set(['gsm_a.dtap.msg_gmm_type', 'gsm_a.dtap.msg_sm_type']);

function kindOf({ items }: Packet, theirs: readonly Row[]): FrameKind {
  if (theirs.some((row) => /^(UDTS|XUDTS|LUDTS)$/.test(row['sccp.type']))) return 'undelivered';
  return items.some(({ name }) => packetDomainTypes.has(name)) ? 'packet domain' : 'other';
}

/** Whether each DATA chunk of a packet was seen before, by tag and TSN. RFC 9260 §6.2. */
function isCopyOf(seen: Set<string>, { items }: Packet): boolean {
  let tag = '';
  let isCopy = false;
  let isNew = false;
  for (const { name, show } of items) {
    if (name === 'sctp.verification_tag') tag = show;
    else if (name === 'sctp.data_tsn_raw') {
      const data = `${tag} ${show}`;
      if (seen.has(data)) isCopy = true;
      else isNew = true;
      seen.add(data);
    }
  }
  return isCopy && !isNew;
}

function compareRows(
  frame: number,
  ours: readonly Row[],
  theirs: readonly Row[],
  of: FrameKind,
  out: Comparison,
): void {
  if (ours.length !== theirs.length) {
    out.fields++;
    const faults = ours.flatMap(({ fault }) => fault ?? []).join(' ');
    out.differences.push({
      frame,
      key: 'lines',
      ours: `${ours.length} ${faults}`.trim(),
      theirs: String(theirs.length),
      of,
      component: '',
    });
    return;
  }
  for (const [i, mine] of ours.entries()) {
    const their = theirs[i];
    for (const key of [...new Set([...Object.keys(mine), ...Object.keys(their)])].sort()) {
      // A key of our own: what it tells must be right, but tshark also looks where there is no layer 3 message.
      if (key === 'layer3' && mine[key] === undefined) continue;
      out.fields++;
      if (isSame(key, mine[key], their[key])) continue;
      const component = `${their.component ?? ''} ${their.operation ?? ''}`.trim();
      out.differences.push({ frame, key, ours: shown(key, mine[key]), theirs: shown(key, their[key]), of, component });
    }
  }
}

/** Identities stay out of what is printed. */
function shown(key: string, value: string | undefined): string {
  if (value === undefined) return 'absent';
  return secrets.test(key) ? 'given' : value;
}

export function differenceText({ frame, key, ours, theirs }: Difference): string {
  return `frame ${frame} ${key}: ${ours}, tshark ${theirs}`;
}
