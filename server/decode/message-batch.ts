import { type MessageSink, part, type SignalMessage } from './message.ts';

/**
 * Messages as records of 32-bit words in one buffer, so that decoding and correlation can run on two threads. A record
 * has a head of fixed length and behind it only the groups that the message filled ({@link part}), then the octets of
 * its numbers; times and identities stand in float64s, so a record begins at an even word.
 *
 * head: 0 parts, flags and length in words; 1 frame; 2–3 time; 4 link; 5 OPC; 6 DPC; 7 SCCP, BSSMAP and DTAP type and
 * protocol discriminator, each plus one; 8 and 9 local references; 10 SCCP cause; 11 transaction identifier
 */
const headWords = 12;
const placeWords = 6;
const cellsWords = 4;
const identityWords = 8;
const detailWords = 6;
const numbersWords = 8;
const addressesWords = 6;
const ranapWords = 4;
/** Words of the longest record without the octets of its numbers. */
const recordWordsMax =
  headWords + placeWords + cellsWords + identityWords + detailWords + numbersWords + addressesWords + ranapWords;

const fromLowerBit = 1 << 9;
const pointCodesBit = 1 << 10;
const lengthShift = 11;

/** Groups that correlation reads; what only a person reads (channels, cells looked for, rare causes) stays behind. */
const carriedParts = part.place | part.identity | part.detail | part.numbers | part.addresses | part.ranap | part.cells;

/** Octets of a batch: some thousand messages. */
export const messageBatchBytes = 1 << 18;

/** Octets that hold `digits` semi-octets. */
function semiOctets(digits: number): number {
  return (digits + 1) >> 1;
}

/** Writes messages into a batch until it is taken. */
export class MessageBatchWriter implements MessageSink {
  #words: Int32Array<ArrayBuffer>;
  #floats: Float64Array<ArrayBuffer>;
  #bytes: Uint8Array<ArrayBuffer>;
  #at = 0;
  /** Batches that were full before they were taken, oldest first. */
  readonly #full: MessageBatch[] = [];
  /** Buffers to be written again. */
  readonly #spare: ArrayBuffer[] = [];

  constructor() {
    const buffer = new ArrayBuffer(messageBatchBytes);
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
  recycle(buffer: ArrayBuffer): void {
    if (buffer.byteLength === messageBatchBytes) this.#spare.push(buffer);
  }

  #begin(wordsNeeded: number): void {
    const small = wordsNeeded * 4 <= messageBatchBytes;
    const buffer = (small && this.#spare.pop()) || new ArrayBuffer(small ? messageBatchBytes : wordsNeeded * 4 + 8);
    this.#words = new Int32Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#at = 0;
  }

  message(m: SignalMessage): void {
    const parts = m.parts & carriedParts;
    let wordsMax = recordWordsMax;
    if ((parts & (part.numbers | part.addresses)) !== 0) wordsMax += octetWords(m);
    if (this.#at + wordsMax > this.#words.length) {
      if (this.#at > 0) this.#full.push({ buffer: this.#words.buffer, words: this.#at });
      this.#begin(wordsMax);
    }
    const words = this.#words;
    const at = this.#at;
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
    words[at] =
      parts |
      (m.fromLower ? fromLowerBit : 0) |
      (m.opc >= 0 && m.dpc >= 0 ? pointCodesBit : 0) |
      ((end - at) << lengthShift);
    this.#at = end;
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
    const copy = (from: Uint8Array, offset: number, length: number): number => {
      if (offset < 0) return -1;
      const place = octets;
      for (let i = 0; i < length; i++) this.#bytes[octets++] = from[offset + i];
      return place;
    };
    if ((m.parts & part.numbers) !== 0) {
      words[end] = copy(m.bytes, m.calledOffset, m.calledLength);
      words[end + 1] = m.calledLength;
      words[end + 2] = copy(m.bytes, m.callingOffset, m.callingLength);
      words[end + 3] = m.callingLength;
      words[end + 4] = copy(m.bytes, m.tpDestinationOffset, m.tpDestinationLength);
      words[end + 5] = m.tpDestinationLength;
      words[end + 6] = copy(m.bytes, m.tpOriginatorOffset, m.tpOriginatorLength);
      words[end + 7] = m.tpOriginatorLength;
      end += numbersWords;
    }
    if ((m.parts & part.addresses) !== 0) {
      words[end] = m.calledSsn;
      words[end + 1] = copy(m.addressBytes, m.calledTitleOffset, semiOctets(m.calledTitleDigits));
      words[end + 2] = m.calledTitleDigits;
      words[end + 3] = m.callingSsn;
      words[end + 4] = copy(m.addressBytes, m.callingTitleOffset, semiOctets(m.callingTitleDigits));
      words[end + 5] = m.callingTitleDigits;
    }
    return ((octets + 7) >> 3) * 2;
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

/** Records of messages in `buffer`, up to the word `words`. */
export interface MessageBatch {
  readonly buffer: ArrayBuffer;
  readonly words: number;
}

/** Reads the messages of a batch one after the other. */
export class MessageBatchReader {
  #words = new Int32Array(0);
  #floats = new Float64Array(0);
  #bytes = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** Begins with the first message of a batch. */
  open({ buffer, words }: MessageBatch): void {
    this.#words = new Int32Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#at = 0;
    this.#end = words;
  }

  /** Time of the next message, µs; -1 at the end. */
  get nextTimeUs(): number {
    return this.#at < this.#end ? this.#floats[(this.#at >> 1) + 1] : -1;
  }

  /** Fills `m` with the next message, whose slices point into the batch; call it only while there is one. */
  read(m: SignalMessage): void {
    const words = this.#words;
    const at = this.#at;
    const head = words[at];
    m.resetSccp();
    m.frame = words[at + 1];
    m.timeUs = this.#floats[(at >> 1) + 1];
    m.link = words[at + 4];
    m.fromLower = (head & fromLowerBit) !== 0;
    const named = (head & pointCodesBit) !== 0;
    m.opc = named ? words[at + 5] >>> 0 : -1;
    m.dpc = named ? words[at + 6] >>> 0 : -1;
    const types = words[at + 7];
    m.sccpType = (types & 0x1ff) - 1;
    m.bssmapType = ((types >>> 9) & 0x1ff) - 1;
    m.dtapType = ((types >>> 18) & 0x1ff) - 1;
    m.protocolDiscriminator = (types >>> 27) - 1;
    m.sourceLocalReference = words[at + 8];
    m.destinationLocalReference = words[at + 9];
    m.sccpCause = words[at + 10];
    m.transactionId = words[at + 11];
    const parts = head & carriedParts;
    if (parts !== 0) this.#readParts(m, parts, at + headWords);
    this.#at = at + (head >>> lengthShift);
  }

  #readParts(m: SignalMessage, parts: number, at: number): void {
    const words = this.#words;
    m.parts = parts;
    let next = at;
    if ((parts & part.place) !== 0) {
      m.cellPlmn = words[next];
      m.cellLac = words[next + 1];
      m.cellCi = words[next + 2];
      m.cellSac = words[next + 3];
      m.laiPlmn = words[next + 4];
      m.laiLac = words[next + 5];
      next += placeWords;
    }
    if ((parts & part.cells) !== 0) {
      m.targetCellPlmn = words[next];
      m.targetCellLac = words[next + 1];
      m.targetCellCi = words[next + 2];
      m.targetCellSac = words[next + 3];
      next += cellsWords;
    }
    if ((parts & part.identity) !== 0) {
      const half = next >> 1;
      m.imsi = this.#floats[half];
      m.tmsi = this.#floats[half + 1];
      m.imei = this.#floats[half + 2];
      m.imeiTail = words[next + 6];
      m.imsiDigits = words[next + 7] & 0xff;
      m.imeiDigits = words[next + 7] >> 8;
      next += identityWords;
    }
    if ((parts & part.detail) !== 0) {
      m.bssmapCause = words[next];
      m.locationUpdatingType = words[next + 1];
      m.cmServiceType = words[next + 2];
      m.cause = words[next + 3];
      m.rpType = words[next + 4];
      next += detailWords;
    }
    if ((parts & part.ranap) !== 0) {
      m.ranapProcedure = words[next];
      m.ranapType = words[next + 1];
      m.ranapCause = words[next + 2];
      next += ranapWords;
    }
    if ((parts & part.numbers) !== 0) {
      m.bytes = this.#bytes;
      m.calledOffset = words[next];
      m.calledLength = words[next + 1];
      m.callingOffset = words[next + 2];
      m.callingLength = words[next + 3];
      m.tpDestinationOffset = words[next + 4];
      m.tpDestinationLength = words[next + 5];
      m.tpOriginatorOffset = words[next + 6];
      m.tpOriginatorLength = words[next + 7];
      next += numbersWords;
    }
    if ((parts & part.addresses) !== 0) {
      m.addressBytes = this.#bytes;
      m.calledSsn = words[next];
      m.calledTitleOffset = words[next + 1];
      m.calledTitleDigits = words[next + 2];
      m.callingSsn = words[next + 3];
      m.callingTitleOffset = words[next + 4];
      m.callingTitleDigits = words[next + 5];
    }
  }
}
