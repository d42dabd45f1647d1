import { need } from './decode-error.ts';
import { readCalledAddress, readCallingAddress } from './sccp-address.ts';
import { decodeConnectionData, decodeConnectionRequest, decodeConnectionStep } from './sccp-connection.ts';
import { decodeExtendedUnitdata, decodeLongUnitdata, decodeUnitdata } from './sccp-connectionless.ts';
import { optional, optionalPart, readOptionalParameters, readVariable, value } from './sccp-parameters.ts';
import type { DecodeState } from './state.ts';

/**
 * An SCCP message, ITU-T Q.713 §4. Fills references, causes and addresses, puts segments together, and gives the
 * message to the sink after its user's part has filled in its share: so a message without user data, or with that of a
 * user that nobody reads, is one of its own. Local references are read with the least significant octet first: Q.713
 * leaves their order open, and network analysers agree on this one.
 *
 * Cases are the codes of `sccp-tables.ts`: a jump table instead of a look at each of them per message.
 */
export function decodeSccp(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.sccp++;
  const { message } = state;
  message.resetSccp();
  need('sccp', start, 4, end);
  const view = state.viewOf(bytes);
  const head = view.getInt32(start, true);
  const type = head & 0xff;
  message.sccpType = type;
  state.stats.sccp[type]++;
  switch (type) {
    case 0x06: // DT1
      need('sccp', start, 6, end);
      message.destinationLocalReference = head >>> 8;
      readVariable(bytes, start + 5, end);
      decodeConnectionData(state, (bytes[start + 4] & 1) !== 0, bytes, value.start, value.end);
      return;
    case 0x07: // DT2
      need('sccp', start, 7, end);
      message.destinationLocalReference = head >>> 8;
      readVariable(bytes, start + 6, end);
      decodeConnectionData(state, (bytes[start + 5] & 1) !== 0, bytes, value.start, value.end);
      return;
    case 0x01: {
      // CR
      need('sccp', start, 7, end);
      message.sourceLocalReference = head >>> 8;
      readVariable(bytes, start + 5, end);
      const called = readCalledAddress(state, bytes, value.start, value.end);
      readOptional(state, bytes, optionalPart(bytes, start + 6, end), end);
      decodeConnectionRequest(state, called, bytes);
      return;
    }
    case 0x02: // CC
      need('sccp', start, 9, end);
      message.destinationLocalReference = head >>> 8;
      message.sourceLocalReference = view.getInt32(start + 3, true) >>> 8;
      readOptional(state, bytes, optionalPart(bytes, start + 8, end), end);
      decodeConnectionStep(state, bytes);
      return;
    case 0x03: // CREF
      need('sccp', start, 6, end);
      message.destinationLocalReference = head >>> 8;
      message.sccpCause = bytes[start + 4];
      readOptional(state, bytes, optionalPart(bytes, start + 5, end), end);
      decodeConnectionStep(state, bytes);
      return;
    case 0x04: // RLSD
      need('sccp', start, 9, end);
      message.destinationLocalReference = head >>> 8;
      message.sourceLocalReference = view.getInt32(start + 3, true) >>> 8;
      message.sccpCause = bytes[start + 7];
      readOptional(state, bytes, optionalPart(bytes, start + 8, end), end);
      decodeConnectionStep(state, bytes);
      return;
    case 0x05: // RLC
      need('sccp', start, 7, end);
      message.destinationLocalReference = head >>> 8;
      message.sourceLocalReference = view.getInt32(start + 3, true) >>> 8;
      optional.dataStart = -1;
      decodeConnectionStep(state, bytes);
      return;
    case 0x09: // UDT
    case 0x0a: // UDTS
      need('sccp', start, 5, end);
      if (type === 0x0a) message.sccpCause = bytes[start + 1];
      decodeUnitdata(state, type === 0x0a, bytes, start + 2, end);
      return;
    case 0x11: // XUDT
    case 0x12: // XUDTS
      need('sccp', start, 7, end);
      if (type === 0x12) message.sccpCause = bytes[start + 1];
      decodeExtendedUnitdata(state, type === 0x12, bytes, start + 3, end);
      return;
    case 0x13: // LUDT
    case 0x14: // LUDTS
      need('sccp', start, 11, end);
      if (type === 0x14) message.sccpCause = bytes[start + 1];
      decodeLongUnitdata(state, type === 0x14, bytes, start + 3, end);
      return;
    case 0x08: // AK
      need('sccp', start, 6, end);
      message.destinationLocalReference = head >>> 8;
      break;
    case 0x0b: // ED: out of the order of the other data, and of no use to any user read here
      need('sccp', start, 5, end);
      message.destinationLocalReference = head >>> 8;
      readVariable(bytes, start + 4, end);
      state.stats.unhandledAs('SCCP expedited data');
      break;
    case 0x0c: // EA
      message.destinationLocalReference = head >>> 8;
      break;
    case 0x0d: // RSR
      need('sccp', start, 8, end);
      message.destinationLocalReference = head >>> 8;
      message.sourceLocalReference = view.getInt32(start + 3, true) >>> 8;
      message.sccpCause = bytes[start + 7];
      break;
    case 0x0e: // RSC
      need('sccp', start, 7, end);
      message.destinationLocalReference = head >>> 8;
      message.sourceLocalReference = view.getInt32(start + 3, true) >>> 8;
      break;
    case 0x0f: // ERR
      need('sccp', start, 5, end);
      message.destinationLocalReference = head >>> 8;
      message.sccpCause = bytes[start + 4];
      break;
    case 0x10: // IT
      need('sccp', start, 11, end);
      message.destinationLocalReference = head >>> 8;
      message.sourceLocalReference = view.getInt32(start + 3, true) >>> 8;
      break;
    default:
      state.stats.unhandledAs(`SCCP type ${type}`);
      return;
  }
  state.deliver();
}

/** The optional part from `at` on, and the addresses in it: the calling one of a CR, the responding one of CC and CREF. */
function readOptional(state: DecodeState, bytes: Uint8Array, at: number, end: number): void {
  readOptionalParameters(bytes, at, end);
  if (optional.callingStart >= 0) readCallingAddress(state, bytes, optional.callingStart, optional.callingEnd);
  if (optional.calledStart >= 0) readCalledAddress(state, bytes, optional.calledStart, optional.calledEnd);
}
