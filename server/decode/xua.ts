import { DecodeError, type Layer, need } from './decode-error.ts';

/** Octets of the common message header of the SIGTRAN user adaptation layers. RFC 3331 §3.1, RFC 3868 §3.1. */
export const xuaHeaderBytes = 8;

/** Where the value of the parameter stands that {@link findXuaParameter} found last. */
export let xuaValueStart = 0;
export let xuaValueEnd = 0;

export function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/**
 * Checks the common header: version, and the length, which may count padding that was left out.
 *
 * @returns where the message ends
 */
export function checkXuaHeader(layer: Layer, bytes: Uint8Array, start: number, end: number): number {
  need(layer, start, xuaHeaderBytes, end);
  if (bytes[start] !== 1) throw new DecodeError(layer, 'BAD_VERSION', start);
  const length = word(bytes, start + 4);
  if (length < xuaHeaderBytes || start + length > end + 3) throw new DecodeError(layer, 'BAD_LENGTH', start + 4);
  return Math.min(end, start + length);
}

/** Looks for the parameter `tag` among those from `at` on; whether it is there. RFC 3868 §3.1.5. */
export function findXuaParameter(layer: Layer, bytes: Uint8Array, at: number, end: number, tag: number): boolean {
  for (let p = at; p + 4 <= end; ) {
    const length = (bytes[p + 2] << 8) | bytes[p + 3];
    if (length < 4) throw new DecodeError(layer, 'BAD_LENGTH', p + 2);
    need(layer, p, length, end);
    if (((bytes[p] << 8) | bytes[p + 1]) === tag) {
      xuaValueStart = p + 4;
      xuaValueEnd = p + length;
      return true;
    }
    p += (length + 3) & ~3;
  }
  return false;
}
