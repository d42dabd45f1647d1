import { Decoder } from '../../server/decode/decoder.ts';
import type { SignalMessage } from '../../server/decode/message.ts';
import type { DecodeLimits } from '../../server/decode/state.ts';
import type { Octets } from './wire.ts';

/** A message as plain values, without what is absent. */
export type Plain = Partial<Record<keyof SignalMessage, number | boolean | string>>;

/** What is in the record now: absent fields are left out, number slices become hex text. */
export function plain(message: SignalMessage): Plain {
  const out: Record<string, number | boolean | string> = {};
  for (const [name, value] of Object.entries(message)) {
    if (typeof value === 'boolean') out[name] = value;
    if (typeof value !== 'number' || value === -1 || name === 'parts') continue;
    if (value === 0 && /Plmn$|Digits$|Length$|Tail$/.test(name)) continue;
    out[name] = value;
  }
  const slice = (offset: number, length: number) =>
    Buffer.from(message.bytes.slice(offset, offset + length)).toString('hex');
  if (message.calledOffset >= 0) out.called = slice(message.calledOffset, message.calledLength);
  if (message.callingOffset >= 0) out.calling = slice(message.callingOffset, message.callingLength);
  for (const name of ['calledOffset', 'calledLength', 'callingOffset', 'callingLength']) delete out[name];
  return out as Plain;
}

/** A decoder whose messages are kept as plain values. */
export function collector(limits?: DecodeLimits): {
  decoder: Decoder;
  messages: Plain[];
  give(frame: Octets | Uint8Array, timeUs?: number, linkType?: number): void;
} {
  const messages: Plain[] = [];
  const decoder = new Decoder({ message: (message) => messages.push(plain(message)) }, limits);
  return {
    decoder,
    messages,
    give(frame, timeUs = 1_000_000, linkType = 1) {
      const bytes = Uint8Array.from(frame);
      decoder.frame(timeUs, linkType, bytes, 0, bytes.length);
    },
  };
}
