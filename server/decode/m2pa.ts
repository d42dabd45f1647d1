import { m2paLinkStates } from './adaptation-tables.ts';
import { need } from './decode-error.ts';
import { decodeMtp3 } from './mtp.ts';
import type { DecodeState } from './state.ts';
import { checkXuaHeader, word, xuaHeaderBytes } from './xua.ts';

/** Class and type, octets 3 and 4. RFC 4165 §2.1.2, §2.1.3. */
const userData = 0x0b01;
const linkStatus = 0x0b02;
/** Common header, then backward and forward sequence number with an unused octet each. RFC 4165 §2.2. */
const headerBytes = xuaHeaderBytes + 8;

/** An M2PA message, RFC 4165 §2: User Data holds a priority octet and an MSU; without them it acknowledges only. */
export function decodeM2pa(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.m2pa++;
  const messageEnd = checkXuaHeader('m2pa', bytes, start, end);
  const type = (bytes[start + 2] << 8) | bytes[start + 3];
  const data = start + headerBytes;
  if (type === userData) {
    need('m2pa', start, headerBytes, messageEnd);
    if (data === messageEnd) state.stats.unhandledAs('M2PA USER DATA without data');
    else decodeMtp3(state, bytes, data + 1, messageEnd);
  } else if (type === linkStatus) {
    need('m2pa', data, 4, messageEnd);
    const status = word(bytes, data);
    state.stats.unhandledAs(m2paLinkStates[status] ?? 'M2PA LINK STATUS of no known state');
  } else state.stats.unhandledAs('M2PA message of another class');
}
