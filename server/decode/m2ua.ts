import { m2uaNames, nameIndex } from './adaptation-tables.ts';
import { DecodeError, need } from './decode-error.ts';
import { decodeMtp3 } from './mtp.ts';
import type { DecodeState } from './state.ts';
import { checkXuaHeader, findXuaParameter, xuaHeaderBytes, xuaValueEnd, xuaValueStart } from './xua.ts';

/** Class and type of DATA, octets 3 and 4. */
const dataMessage = 0x0601;
/** An MSU from its service information octet on. */
const protocolData1 = 0x0300;
/** The same behind a length indicator (Japan, TTC). */
const protocolData2 = 0x0301;

/** An M2UA message, RFC 3331 §3: the MSU of DATA goes on to MTP3, all others are counted. */
export function decodeM2ua(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.m2ua++;
  const messageEnd = checkXuaHeader('m2ua', bytes, start, end);
  if (((bytes[start + 2] << 8) | bytes[start + 3]) !== dataMessage) {
    state.stats.unhandledAs(m2uaNames[nameIndex(bytes[start + 2], bytes[start + 3])]);
    return;
  }
  const parameters = start + xuaHeaderBytes;
  if (findXuaParameter('m2ua', bytes, parameters, messageEnd, protocolData1)) {
    decodeMtp3(state, bytes, xuaValueStart, xuaValueEnd);
  } else if (findXuaParameter('m2ua', bytes, parameters, messageEnd, protocolData2)) {
    need('m2ua', xuaValueStart, 1, xuaValueEnd);
    decodeMtp3(state, bytes, xuaValueStart + 1, xuaValueEnd);
  } else throw new DecodeError('m2ua', 'MISSING_ELEMENT', messageEnd);
}
