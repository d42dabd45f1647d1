import { cell, cellListCount, readListedCell } from '../../server/decode/cell-identifier.ts';
import type { DecodeError } from '../../server/decode/decode-error.ts';
import { MapMessage, mapSlice } from '../../server/decode/map-message.ts';
import { type MessageSink, SignalMessage } from '../../server/decode/message.ts';
import { mapFields } from '../decode/map-fields.ts';

/** The greatest value that a field of SignalMessage can have by its specification; every other is below 2^53. */
const greatest: Partial<Record<keyof SignalMessage, number>> = {
  opc: 0xffff_ffff,
  dpc: 0xffff_ffff,
  sccpType: 0xff,
  sourceLocalReference: 0xff_ffff,
  destinationLocalReference: 0xff_ffff,
  sccpCause: 0xff,
  bssmapType: 0xff,
  protocolDiscriminator: 0x0f,
  dtapType: 0xff,
  transactionId: 0x7ff,
  cellLac: 0xffff,
  cellCi: 0xffff,
  cellSac: 0xffff,
  laiLac: 0xffff,
  imsi: 999_999_999_999_999,
  imsiDigits: 15,
  tmsi: 0xffff_ffff,
  imei: 99_999_999_999_999,
  imeiDigits: 16,
  targetCellLac: 0xffff,
  targetCellCi: 0xffff,
  circuitIdentityCode: 0xffff,
  locationUpdatingType: 3,
  cmServiceType: 15,
  calledSsn: 0xff,
  callingSsn: 0xff,
  ranapProcedure: 0xff,
  ranapType: 3,
  iuConnection: 0xff_ffff,
  rac: 0xff,
};

/** What a record or a fault breaks that no input may make it break. */
export class RecordError extends Error {}

type Fields = Record<string, number | boolean>;

/** Slices of SignalMessage: [where, how long, whose octets, whether the length counts semi-octets]. */
const slices = [
  ['calledOffset', 'calledLength', 'bytes', false],
  ['callingOffset', 'callingLength', 'bytes', false],
  ['connectedOffset', 'connectedLength', 'bytes', false],
  ['tpDestinationOffset', 'tpDestinationLength', 'bytes', false],
  ['tpOriginatorOffset', 'tpOriginatorLength', 'bytes', false],
  ['cellListOffset', 'cellListLength', 'bytes', false],
  ['calledTitleOffset', 'calledTitleDigits', 'addressBytes', true],
  ['callingTitleOffset', 'callingTitleDigits', 'addressBytes', true],
] as const;
const mapSlices = Object.values(mapSlice);
const mapNames = Object.values(mapFields).flat();

const isNumber = ([, value]: [string, unknown]) => typeof value === 'number' || typeof value === 'boolean';
const numbers = Object.entries(new SignalMessage())
  .filter(isNumber)
  .map(([name]) => name)
  .filter((name) => !name.endsWith('Offset'));

/** Compiles reading all fields: one look each, and the sum of them, which is no number where one of them is none. */
function reader(names: readonly string[]): (record: Fields) => number {
  const terms = names.map((name) => `v=+r.${name};s+=v;h=Math.imul(h^(v|0)^((v/4294967296)|0),0x85ebca6b);h^=h>>>13;`);
  return new Function('r', `let h=0,s=0,v=0;${terms.join('')}return s===s?h:NaN;`) as (record: Fields) => number;
}

function checker(limits: Partial<Record<string, number>>): (record: Fields) => string {
  const terms = Object.entries(limits).map(([name, max]) => `if(r.${name}>${max}||r.${name}<-1)return '${name}';`);
  return new Function('r', `${terms.join('')}return '';`) as (record: Fields) => string;
}

const hashMessage = reader(numbers);
const hashComponent = reader(mapNames.filter((name) => name in new MapMessage()));
const fieldOutOfRange = checker(greatest);

/**
 * A sink that reads all there is in each message, component and fault, checks it, and adds it up to one number: two
 * decoders that were given the same frame must come to the same one, whatever stands around the frame.
 */
export class Digest implements MessageSink {
  value = 0;
  messages = 0;
  components = 0;
  readonly faults = new Map<string, number>();

  message(m: SignalMessage): void {
    this.messages++;
    this.#addMessage(m);
  }

  map(m: SignalMessage, c: MapMessage): void {
    this.components++;
    this.#addMessage(m);
    this.#add(hashComponent(c as unknown as Fields));
    for (const slice of mapSlices) {
      if (!c.hasSlice(slice)) continue;
      this.#octets(c.bytes, c.sliceOffset(slice), c.sliceLength(slice));
      this.#add(c.sliceNature(slice));
    }
  }

  fault(_m: SignalMessage, flaw: DecodeError, delivered: boolean): void {
    const { code, offset } = flaw;
    this.faults.set(code, (this.faults.get(code) ?? 0) + 1);
    if (!Number.isInteger(offset) || offset < 0) throw new RecordError(`${code} at no place`);
    for (let i = 0; i < code.length; i++) this.#add(code.charCodeAt(i));
    this.#add(delivered ? 1 : 2);
  }

  #addMessage(m: SignalMessage): void {
    const fields = m as unknown as Fields;
    this.#add(hashMessage(fields));
    const wrong = fieldOutOfRange(fields);
    if (wrong !== '') throw new RecordError(`${wrong} is out of its range`);
    for (const [offset, length, bytes, semi] of slices) {
      const octets = semi ? (m[length] + 1) >> 1 : m[length];
      if (m[offset] >= 0) this.#octets(m[bytes], m[offset], octets);
    }
    for (let n = cellListCount(m) - 1; n >= 0; n--) {
      readListedCell(m, n);
      this.#add(cell.plmn ^ Math.imul(cell.lac, 31) ^ Math.imul(cell.ci, 961) ^ Math.imul(cell.sac, 29_791));
    }
  }

  #octets(bytes: Uint8Array, offset: number, length: number): void {
    if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length))
      throw new RecordError('a slice without octets');
    for (let i = offset; i < offset + length; i++) this.#add(bytes[i]);
    this.#add(length);
  }

  #add(value: number): void {
    if (Number.isNaN(value)) throw new RecordError('a field that is no number');
    const h = Math.imul(this.value ^ value, 0x9e3779b1);
    this.value = h ^ (h >>> 15);
  }
}
