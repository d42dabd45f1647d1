import { nameIndex, suaNames } from './adaptation-tables.ts';
import { decodeWithoutMtp } from './mtp.ts';
import { sccp } from './sccp-tables.ts';
import type { DecodeState } from './state.ts';
import { SuaParameters } from './sua-parameters.ts';
import { SccpWriter } from './sua-writer.ts';
import { checkXuaHeader, xuaHeaderBytes } from './xua.ts';

/**
 * The SCCP message that each SUA message stands for, by class × 16 + type; 0: none. RFC 3868 §1.3.3 maps the services
 * of both one to one, so nothing has to be invented.
 */
const sccpTypes: Uint8Array = (() => {
  const types = new Uint8Array(256);
  types[0x71] = sccp.UDT; // CLDT
  types[0x72] = sccp.UDTS; // CLDR
  types[0x81] = sccp.CR; // CORE
  types[0x82] = sccp.CC; // COAK
  types[0x83] = sccp.CREF; // COREF
  types[0x84] = sccp.RLSD; // RELRE
  types[0x85] = sccp.RLC; // RELCO
  types[0x86] = sccp.RSC; // RESCO
  types[0x87] = sccp.RSR; // RESRE
  types[0x88] = sccp.DT1; // CODT
  types[0x89] = sccp.AK; // CODA
  types[0x8a] = sccp.ERR; // COERR
  types[0x8b] = sccp.IT; // COIT
  return types;
})();

const parameters = new SuaParameters();
const writer = new SccpWriter();

/**
 * A SUA message, RFC 3868 §3: written again as the SCCP message that it stands for and decoded as such, so that
 * addresses, references, segments and users behave alike whatever carried them. It has no point codes of its own (those
 * in addresses belong to single messages, not to a connection), so that the SCTP association is the link, whatever addresses it uses.
 */
export function decodeSua(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.sua++;
  const messageEnd = checkXuaHeader('sua', bytes, start, end);
  const name = nameIndex(bytes[start + 2], bytes[start + 3]);
  const type = sccpTypes[name];
  if (type === 0) {
    state.stats.unhandledAs(suaNames[name]);
    return;
  }
  parameters.read(bytes, start + xuaHeaderBytes, messageEnd);
  writer.begin(type, parameters);
  while (writer.next()) decodeWithoutMtp(state, writer.bytes, 0, writer.length);
  if (writer.tooLong) state.stats.unhandledAs(`${suaNames[name]} with more data than SCCP carries`);
}
