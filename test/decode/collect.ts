import { cell, cellListCount, readListedCell } from '../../server/decode/cell-identifier.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import type { SignalMessage } from '../../server/decode/message.ts';
import { type DecodeLimits, defaultDecodeLimits } from '../../server/decode/state.ts';
import { formatPlmn } from '../../server/events/plmn.ts';
import type { Octets } from './wire.ts';

/** Slices of the record by the name that their hex text gets. */
const slices = ['called', 'calling', 'connected', 'tpDestination', 'tpOriginator'] as const;
type SliceName = (typeof slices)[number];

/** A message as plain values, without what is absent. */
export type Plain = Partial<
  Record<keyof SignalMessage | SliceName | 'cells' | 'calledTitle' | 'callingTitle', number | boolean | string>
>;

/** What is in the record now: absent fields are left out, number slices become hex text, a list of cells its text. */
export function plain(message: SignalMessage): Plain {
  const out: Record<string, number | boolean | string> = {};
  for (const [name, value] of Object.entries(message)) {
    if (typeof value === 'boolean') out[name] = value;
    if (typeof value !== 'number' || value === -1 || name === 'parts') continue;
    if (value === 0 && /Plmn$|Digits$|Length$|Tail$/.test(name)) continue;
    out[name] = value;
  }
  for (const name of slices) {
    const offset = message[`${name}Offset`];
    const octets = message.bytes.slice(offset, offset + message[`${name}Length`]);
    if (offset >= 0) out[name] = Buffer.from(octets).toString('hex');
    delete out[`${name}Offset`];
    delete out[`${name}Length`];
  }
  for (const name of ['calledTitle', 'callingTitle'] as const) {
    const offset = message[`${name}Offset`];
    if (offset >= 0) out[name] = titleDigits(message.addressBytes, offset, message[`${name}Digits`]);
    delete out[`${name}Offset`];
    delete out[`${name}Digits`];
  }
  if (cellListCount(message) > 0) out.cells = listedCells(message);
  delete out.cellListOffset;
  delete out.cellListLength;
  return out as Plain;
}

/** Address signals of a global title, the low half of each octet first. ITU-T Q.713 §3.4.2.3.1. */
function titleDigits(bytes: Uint8Array, offset: number, digits: number): string {
  return Array.from({ length: digits }, (_, i) => ((bytes[offset + (i >> 1)] >> ((i & 1) * 4)) & 15).toString(16)).join(
    '',
  );
}

/** The cells of a list as `PLMN/LAC/CI`, or `PLMN/LAC//SAC` for a service area; what is not told is left empty. */
function listedCells(message: SignalMessage): string {
  const part = (value: number) => (value < 0 ? '' : String(value));
  return Array.from({ length: cellListCount(message) }, (_, i) => {
    readListedCell(message, i);
    const { plmn, lac, ci, sac } = cell;
    return `${formatPlmn(plmn)}/${part(lac)}/${part(ci)}${sac < 0 ? '' : `/${sac}`}`;
  }).join(' ');
}

/** A decoder whose messages are kept as plain values. */
export function collector(limits: Partial<DecodeLimits> = {}): {
  decoder: Decoder;
  messages: Plain[];
  give(frame: Octets | Uint8Array, timeUs?: number, linkType?: number): void;
} {
  const messages: Plain[] = [];
  const decoder = new Decoder(
    { message: (message) => messages.push(plain(message)) },
    { ...defaultDecodeLimits, ...limits },
  );
  return {
    decoder,
    messages,
    give(frame, timeUs = 1_000_000, linkType = 1) {
      const bytes = Uint8Array.from(frame);
      decoder.frame(timeUs, linkType, bytes, 0, bytes.length);
    },
  };
}
