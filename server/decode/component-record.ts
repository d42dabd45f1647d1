import { firstPayloadSlice, type MapMessage, mapPart } from './map-message.ts';

/**
 * A TCAP component as words, behind the record of the SCCP message that brought it: the groups that it filled, first
 * what needs a float64 and then the rest, each group an even count of words; then the count of its numbers, a pair of
 * words for each (slice and nature of address, octets), and their octets. Payloads stay behind.
 */
const alwaysWords = 18;
const dialogueWords = 8;
const identityWords = 12;
const placeWords = 10;
const detailWords = 8;

/** Words of the longest component without the octets of its numbers. */
const componentWordsMax =
  alwaysWords + dialogueWords + identityWords + placeWords + detailWords + 2 * (1 + firstPayloadSlice);

/** Bits of the slices that are numbers; of a set of them, the lowest one. */
const numberBits = (1 << firstPayloadSlice) - 1;
function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** Words that a component may take. */
export function componentWords(c: MapMessage): number {
  let octets = 0;
  for (let bits = c.sliceBits & numberBits; bits !== 0; bits &= bits - 1) octets += c.sliceLength(lowest(bits));
  return componentWordsMax + 2 * ((octets >> 3) + 1);
}

/** Writes a component from word `at` of a batch on, whose memory the three arrays share. @returns where it ends */
export function writeComponent(
  words: Int32Array,
  floats: Float64Array,
  bytes: Uint8Array,
  at: number,
  c: MapMessage,
): number {
  const { parts } = c;
  let next = at;
  floats[next >> 1] = c.otid;
  floats[(next >> 1) + 1] = c.dtid;
  words[next + 4] = c.parts;
  words[next + 5] = c.tcapType;
  words[next + 6] = c.otidLength;
  words[next + 7] = c.dtidLength;
  words[next + 8] = c.user;
  words[next + 9] = c.abortCause;
  words[next + 10] = c.componentType;
  words[next + 11] = c.componentIndex;
  words[next + 12] = c.invokeId;
  words[next + 13] = c.linkedId;
  words[next + 14] = c.operation;
  words[next + 15] = c.error;
  words[next + 16] = c.problemType;
  words[next + 17] = c.problem;
  next += alwaysWords;
  if ((parts & mapPart.dialogue) !== 0) {
    floats[next >> 1] = c.referenceImsi;
    words[next + 2] = c.dialogueType;
    words[next + 3] = c.context;
    words[next + 4] = c.contextVersion;
    words[next + 5] = c.dialogueResult;
    words[next + 6] = c.abortSource;
    words[next + 7] = c.referenceImsiDigits;
    next += dialogueWords;
  }
  if ((parts & mapPart.identity) !== 0) {
    floats[next >> 1] = c.imsi;
    floats[(next >> 1) + 1] = c.tmsi;
    floats[(next >> 1) + 2] = c.lmsi;
    floats[(next >> 1) + 3] = c.imei;
    words[next + 8] = c.imsiDigits;
    words[next + 9] = c.imeiTail;
    words[next + 10] = c.imeiDigits;
    next += identityWords;
  }
  if ((parts & mapPart.place) !== 0) {
    words[next] = c.cellPlmn;
    words[next + 1] = c.cellLac;
    words[next + 2] = c.cellCi;
    words[next + 3] = c.cellSac;
    words[next + 4] = c.targetCellPlmn;
    words[next + 5] = c.targetCellLac;
    words[next + 6] = c.targetCellCi;
    words[next + 7] = c.laiPlmn;
    words[next + 8] = c.laiLac;
    words[next + 9] = c.locationAgeMinutes;
    next += placeWords;
  }
  if ((parts & mapPart.detail) !== 0) {
    words[next] = c.cancellationType;
    words[next + 1] = c.errorCause;
    words[next + 2] = c.equipmentStatus;
    words[next + 3] = c.deliveryOutcome;
    words[next + 4] = c.gprsNode;
    words[next + 5] = c.ssCode;
    words[next + 6] = c.ussdCoding;
    words[next + 7] = c.accessProtocol;
    next += detailWords;
  }
  return (parts & mapPart.slices) === 0 ? next : writeNumbers(words, bytes, next, c);
}

function writeNumbers(words: Int32Array, bytes: Uint8Array, at: number, c: MapMessage): number {
  const numbers = c.sliceBits & numberBits;
  const from = c.bytes;
  let next = at + 2;
  for (let bits = numbers; bits !== 0; bits &= bits - 1) {
    const slice = lowest(bits);
    words[next] = slice | ((c.sliceNature(slice) + 1) << 8);
    words[next + 1] = c.sliceLength(slice);
    next += 2;
  }
  words[at] = (next - at) / 2 - 1;
  let octets = next * 4;
  for (let bits = numbers; bits !== 0; bits &= bits - 1) {
    const slice = lowest(bits);
    const offset = c.sliceOffset(slice);
    const length = c.sliceLength(slice);
    for (let i = 0; i < length; i++) bytes[octets + i] = from[offset + i];
    octets += length;
  }
  return ((octets + 7) >> 3) * 2;
}

/** Fills `c` with the component at word `at`; its slices point into the batch. */
export function readComponent(
  words: Int32Array,
  floats: Float64Array,
  bytes: Uint8Array,
  at: number,
  c: MapMessage,
): void {
  c.reset();
  let next = at;
  c.otid = floats[next >> 1];
  c.dtid = floats[(next >> 1) + 1];
  c.parts = words[next + 4];
  c.tcapType = words[next + 5];
  c.otidLength = words[next + 6];
  c.dtidLength = words[next + 7];
  c.user = words[next + 8];
  c.abortCause = words[next + 9];
  c.componentType = words[next + 10];
  c.componentIndex = words[next + 11];
  c.invokeId = words[next + 12];
  c.linkedId = words[next + 13];
  c.operation = words[next + 14];
  c.error = words[next + 15];
  c.problemType = words[next + 16];
  c.problem = words[next + 17];
  next += alwaysWords;
  const { parts } = c;
  if ((parts & mapPart.dialogue) !== 0) {
    c.referenceImsi = floats[next >> 1];
    c.dialogueType = words[next + 2];
    c.context = words[next + 3];
    c.contextVersion = words[next + 4];
    c.dialogueResult = words[next + 5];
    c.abortSource = words[next + 6];
    c.referenceImsiDigits = words[next + 7];
    next += dialogueWords;
  }
  if ((parts & mapPart.identity) !== 0) {
    c.imsi = floats[next >> 1];
    c.tmsi = floats[(next >> 1) + 1];
    c.lmsi = floats[(next >> 1) + 2];
    c.imei = floats[(next >> 1) + 3];
    c.imsiDigits = words[next + 8];
    c.imeiTail = words[next + 9];
    c.imeiDigits = words[next + 10];
    next += identityWords;
  }
  if ((parts & mapPart.place) !== 0) {
    c.cellPlmn = words[next];
    c.cellLac = words[next + 1];
    c.cellCi = words[next + 2];
    c.cellSac = words[next + 3];
    c.targetCellPlmn = words[next + 4];
    c.targetCellLac = words[next + 5];
    c.targetCellCi = words[next + 6];
    c.laiPlmn = words[next + 7];
    c.laiLac = words[next + 8];
    c.locationAgeMinutes = words[next + 9];
    next += placeWords;
  }
  if ((parts & mapPart.detail) !== 0) {
    c.cancellationType = words[next];
    c.errorCause = words[next + 1];
    c.equipmentStatus = words[next + 2];
    c.deliveryOutcome = words[next + 3];
    c.gprsNode = words[next + 4];
    c.ssCode = words[next + 5];
    c.ussdCoding = words[next + 6];
    c.accessProtocol = words[next + 7];
    next += detailWords;
  }
  if ((parts & mapPart.slices) === 0) return;
  const count = words[next];
  let octets = (next + 2 * (1 + count)) * 4;
  c.bytes = bytes;
  for (let i = 0; i < count; i++) {
    next += 2;
    const slice = words[next];
    const length = words[next + 1];
    c.setSlice(slice & 0xff, octets, length, (slice >> 8) - 1);
    octets += length;
  }
}
