import { DecodeError } from './decode-error.ts';
import { readPlmn } from './elements.ts';
import type { SignalMessage } from './message.ts';

/** What {@link readCell} read last; 0 or -1 where the cell identification does not name it. */
export const cell = { plmn: 0, lac: -1, ci: -1, sac: -1 };

/** Octets of one cell identification by its discriminator; -1 reserved. 3GPP TS 48.008 §3.2.2.17, §3.2.2.27. */
const cellLengths = Int8Array.of(7, 4, 2, 0, 5, 2, 0, -1, 7, 2, 4, 7, 9, -1, -1, -1);

const namesPlmn = 1;
const namesLac = 2;
const namesCi = 4;
const namesSac = 8;
/**
 * What a cell identification begins with, in this order. In 8 to 10 an RNC-ID follows: it names no cell. 12 goes on
 * with an RNC-ID and the C-Id of a UTRAN cell, which is no CI of a GSM cell and so is not told as one.
 */
const cellParts = Uint8Array.of(
  namesPlmn | namesLac | namesCi,
  namesLac | namesCi,
  namesCi,
  0,
  namesPlmn | namesLac,
  namesLac,
  0,
  0,
  namesPlmn | namesLac,
  0,
  namesLac,
  namesPlmn | namesLac | namesSac,
  namesPlmn | namesLac,
  0,
  0,
  0,
);

/** The cell identification at `at` of the given discriminator into {@link cell}. The caller has checked its length. */
function readCell(bytes: Uint8Array, start: number, discriminator: number): void {
  // The ordinary case, a whole CGI, without looking anything up.
  if (discriminator === 0) {
    cell.plmn = readPlmn(bytes, start);
    cell.lac = (bytes[start + 3] << 8) | bytes[start + 4];
    cell.ci = (bytes[start + 5] << 8) | bytes[start + 6];
    cell.sac = -1;
    return;
  }
  const parts = cellParts[discriminator];
  let at = start;
  let plmn = 0;
  let lac = -1;
  if ((parts & namesPlmn) !== 0) {
    plmn = readPlmn(bytes, at);
    at += 3;
  }
  if ((parts & namesLac) !== 0) {
    lac = (bytes[at] << 8) | bytes[at + 1];
    at += 2;
  }
  cell.plmn = plmn;
  cell.lac = lac;
  cell.ci = (parts & namesCi) !== 0 ? (bytes[at] << 8) | bytes[at + 1] : -1;
  cell.sac = (parts & namesSac) !== 0 ? (bytes[at] << 8) | bytes[at + 1] : -1;
}

/**
 * Value of a Cell Identifier into {@link cell}. 3GPP TS 48.008 §3.2.2.17.
 * @returns false where its discriminator is reserved: then its length and meaning are unknown
 */
export function readCellIdentifier(bytes: Uint8Array, start: number, end: number): boolean {
  const discriminator = bytes[start] & 0x0f;
  const length = cellLengths[discriminator];
  if (length < 0) return false;
  if (end - start !== 1 + length) throw new DecodeError('bssmap', 'BAD_LENGTH', start);
  readCell(bytes, start + 1, discriminator);
  return true;
}

/**
 * Value of a Cell Identifier List into the message, as a slice: reading its cells costs only those who want them.
 * 3GPP TS 48.008 §3.2.2.27.
 * @returns false where its discriminator is reserved
 */
export function readCellIdentifierList(message: SignalMessage, bytes: Uint8Array, start: number, end: number): boolean {
  const discriminator = bytes[start] & 0x0f;
  const each = cellLengths[discriminator];
  if (each < 0) return false;
  const length = end - start - 1;
  // "No cell" and "all cells of the BSS" have nothing behind the discriminator; all others name one cell at least.
  const isWhole = each === 0 ? length === 0 : length > 0 && length % each === 0;
  if (!isWhole) throw new DecodeError('bssmap', 'BAD_LENGTH', start);
  message.cellListDiscriminator = discriminator;
  message.cellListOffset = start + 1;
  message.cellListLength = length;
  message.bytes = bytes;
  return true;
}

/** Cells in the message's Cell Identifier List; 0 where it has none, or the list says "all" or "none". */
export function cellListCount(message: SignalMessage): number {
  return message.cellListLength === 0 ? 0 : message.cellListLength / cellLengths[message.cellListDiscriminator];
}

/** The cell at `index` of the message's Cell Identifier List into {@link cell}, as long as `message.bytes` is valid. */
export function readListedCell(message: SignalMessage, index: number): void {
  const discriminator = message.cellListDiscriminator;
  readCell(message.bytes, message.cellListOffset + index * cellLengths[discriminator], discriminator);
}
