import { componentWords, writeComponent } from './component-record.ts';
import type { MapMessage } from './map-message.ts';
import { type MessageSink, part, type SignalMessage } from './message.ts';
import {
  addressesWords,
  carriedParts,
  cellsWords,
  componentBit,
  detailWords,
  fromLowerBit,
  headWords,
  identityWords,
  lengthShift,
  type MessageBatch,
  messageBatchBytes,
  numbersWords,
  placeWords,
  pointCodesBit,
  ranapWords,
  recordWordsMax,
  semiOctets,
} from './message-record.ts';

/** Words. */
const copiedByHand = 64;
/** Buffers kept for further batches. */
const sparesMax = 8;

/** Writes messages into a batch until it is taken. */
export class MessageBatchWriter implements MessageSink {
  #words: Int32Array<SharedArrayBuffer>;
  #floats: Float64Array<SharedArrayBuffer>;
  #bytes: Uint8Array<SharedArrayBuffer>;
  #at = 0;
  /** Batches that were full before they were taken, oldest first. */
  readonly #full: MessageBatch[] = [];
  /** Buffers to be written again. */
  readonly #spare: SharedArrayBuffer[] = [];

  constructor() {
    const buffer = new SharedArrayBuffer(messageBatchBytes);
    this.#words = new Int32Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }

  /** Octets written and not yet taken. */
  get waitingBytes(): number {
    return this.#full.length * messageBatchBytes + this.#at * 4;
  }

  /** The oldest batch, which is the caller's from now on. */
  take(): MessageBatch {
    const full = this.#full.shift();
    if (full !== undefined) return full;
    const batch = { buffer: this.#words.buffer, words: this.#at };
    this.#begin(0);
    return batch;
  }

  /** Gives a buffer back for further batches. */
  recycle(buffer: SharedArrayBuffer): void {
    if (buffer.byteLength === messageBatchBytes && this.#spare.length < sparesMax) this.#spare.push(buffer);
  }

  #begin(wordsNeeded: number): void {
    const small = wordsNeeded * 4 <= messageBatchBytes;
    const buffer =
      (small && this.#spare.pop()) || new SharedArrayBuffer(small ? messageBatchBytes : wordsNeeded * 4 + 8);
    this.#words = new Int32Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#at = 0;
  }

  /** Makes room for so many words; where in the batch they will stand. */
  reserve(words: number): number {
    if (this.#at + words > this.#words.length) {
      if (this.#at > 0) this.#full.push({ buffer: this.#words.buffer, words: this.#at });
      this.#begin(words);
    }
    return this.#at;
  }

  /** Takes over records from other memory, words `from..to` of it, for which there is room. */
  append(words: Int32Array, from: number, to: number): void {
    const into = this.#words;
    const at = this.#at;
    // To make an array of a part costs more than to copy a few records by hand.
    if (to - from > copiedByHand) into.set(words.subarray(from, to), at);
    else for (let i = 0; i < to - from; i++) into[at + i] = words[from + i];
    this.#at += to - from;
  }

  message(m: SignalMessage): void {
    const at = this.#writeMessage(m, 0);
    this.#words[at] |= (this.#at - at) << lengthShift;
  }

  map(m: SignalMessage, component: MapMessage): void {
    const at = this.#writeMessage(m, componentWords(component));
    this.#at = writeComponent(this.#words, this.#floats, this.#bytes, this.#at, component);
    this.#words[at] |= componentBit | ((this.#at - at) << lengthShift);
  }

  /**
   * The record of a message, its length left out.
   *
   * @param more words that are to follow in the same record
   * @returns where it begins
   */
  #writeMessage(m: SignalMessage, more: number): number {
    const parts = m.parts & carriedParts;
    let wordsMax = recordWordsMax + more;
    if ((parts & (part.numbers | part.addresses)) !== 0) wordsMax += octetWords(m);
    const at = this.reserve(wordsMax);
    const words = this.#words;
    words[at + 1] = m.frame;
    this.#floats[(at >> 1) + 1] = m.timeUs;
    words[at + 4] = m.link;
    words[at + 5] = m.opc;
    words[at + 6] = m.dpc;
    words[at + 7] =
      (m.sccpType + 1) | ((m.bssmapType + 1) << 9) | ((m.dtapType + 1) << 18) | ((m.protocolDiscriminator + 1) << 27);
    words[at + 8] = m.sourceLocalReference;
    words[at + 9] = m.destinationLocalReference;
    words[at + 10] = m.sccpCause;
    words[at + 11] = m.transactionId;
    const end = parts === 0 ? at + headWords : this.#writeParts(m, parts, at + headWords);
    words[at] = parts | (m.fromLower ? fromLowerBit : 0) | (m.opc >= 0 && m.dpc >= 0 ? pointCodesBit : 0);
    this.#at = end;
    return at;
  }

  /** The groups that the message filled, from word `at` on; where the record ends. */
  #writeParts(m: SignalMessage, parts: number, at: number): number {
    const words = this.#words;
    const floats = this.#floats;
    let end = at;
    if ((parts & part.place) !== 0) {
      words[end] = m.cellPlmn;
      words[end + 1] = m.cellLac;
      words[end + 2] = m.cellCi;
      words[end + 3] = m.cellSac;
      words[end + 4] = m.laiPlmn;
      words[end + 5] = m.laiLac;
      end += placeWords;
    }
    if ((parts & part.cells) !== 0) {
      words[end] = m.targetCellPlmn;
      words[end + 1] = m.targetCellLac;
      words[end + 2] = m.targetCellCi;
      words[end + 3] = m.targetCellSac;
      words[end + 4] = m.cellListDiscriminator;
      end += cellsWords;
    }
    if ((parts & part.identity) !== 0) {
      const half = end >> 1;
      floats[half] = m.imsi;
      floats[half + 1] = m.tmsi;
      floats[half + 2] = m.imei;
      words[end + 6] = m.imeiTail;
      words[end + 7] = m.imsiDigits | (m.imeiDigits << 8);
      end += identityWords;
    }
    if ((parts & part.detail) !== 0) {
      words[end] = m.bssmapCause;
      words[end + 1] = m.locationUpdatingType;
      words[end + 2] = m.cmServiceType;
      words[end + 3] = m.cause;
      words[end + 4] = m.rpType;
      end += detailWords;
    }
    if ((parts & part.ranap) !== 0) {
      words[end] = m.ranapProcedure;
      words[end + 1] = m.ranapType;
      words[end + 2] = m.ranapCause;
      words[end + 3] = m.cnDomain;
      words[end + 4] = m.rncId;
      words[end + 5] = m.targetRncId;
      end += ranapWords;
    }
    return (parts & (part.numbers | part.addresses)) === 0 ? end : this.#writeSlices(m, end);
  }

  #writeSlices(m: SignalMessage, at: number): number {
    const words = this.#words;
    let end = at;
    let octets = at * 4;
    if ((m.parts & part.numbers) !== 0) octets += numbersWords * 4;
    if ((m.parts & part.addresses) !== 0) octets += addressesWords * 4;
    if ((m.parts & part.numbers) !== 0) {
      words[end] = this.#copy(octets, m.bytes, m.calledOffset, m.calledLength);
      words[end + 1] = m.calledLength;
      octets += m.calledLength;
      words[end + 2] = this.#copy(octets, m.bytes, m.callingOffset, m.callingLength);
      words[end + 3] = m.callingLength;
      octets += m.callingLength;
      words[end + 4] = this.#copy(octets, m.bytes, m.tpDestinationOffset, m.tpDestinationLength);
      words[end + 5] = m.tpDestinationLength;
      octets += m.tpDestinationLength;
      words[end + 6] = this.#copy(octets, m.bytes, m.tpOriginatorOffset, m.tpOriginatorLength);
      words[end + 7] = m.tpOriginatorLength;
      octets += m.tpOriginatorLength;
      words[end + 8] = m.calledType;
      words[end + 9] = m.callingType;
      end += numbersWords;
    }
    if ((m.parts & part.addresses) !== 0) {
      const called = semiOctets(m.calledTitleDigits);
      const calling = semiOctets(m.callingTitleDigits);
      words[end] = m.calledSsn;
      words[end + 1] = this.#copy(octets, m.addressBytes, m.calledTitleOffset, called);
      words[end + 2] = m.calledTitleDigits;
      octets += called;
      words[end + 3] = m.callingSsn;
      words[end + 4] = this.#copy(octets, m.addressBytes, m.callingTitleOffset, calling);
      words[end + 5] = m.callingTitleDigits;
      octets += calling;
    }
    return ((octets + 7) >> 3) * 2;
  }

  /** Copies `length` octets to the octet `to` of the batch; says where they stand, -1 where there are none to copy. */
  #copy(to: number, from: Uint8Array, offset: number, length: number): number {
    if (offset < 0) return -1;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) bytes[to + i] = from[offset + i];
    return to;
  }
}

/** Words that the octets of a message's numbers may take. */
function octetWords(m: SignalMessage): number {
  const octets =
    m.calledLength +
    m.callingLength +
    m.tpDestinationLength +
    m.tpOriginatorLength +
    semiOctets(m.calledTitleDigits) +
    semiOctets(m.callingTitleDigits);
  return 2 * ((octets >> 3) + 1);
}
