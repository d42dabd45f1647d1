import { readComponent } from './component-record.ts';
import { MapMessage } from './map-message.ts';
import { type MessageSink, type PlainTaker, part, SignalMessage } from './message.ts';
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
  numbersWords,
  placeWords,
  pointCodesBit,
  ranapWords,
  semiOctets,
} from './message-record.ts';
import { Upcoming, upcomingMax } from './upcoming.ts';

const noMemory = new SharedArrayBuffer(0);
/** A batch has fewer words: V8 need not look out for overflows of what is added to a place. */
const placeMask = 0x3fff_ffff;

/** Reads the messages of a batch one after the other. */
export class MessageBatchReader {
  #words = new Int32Array(noMemory);
  #floats = new Float64Array(noMemory);
  #bytes = new Uint8Array(noMemory);
  #at = 0;
  #end = 0;
  /** Who has a copy of a part of the batch, and which part, words. */
  #copiedTo: PlainTaker | null = null;
  #copiedFrom = 0;
  #copiedEnd = 0;
  /** The sink has been told of the messages up to here. */
  #toldOf = 0;
  readonly #upcoming = new Upcoming();
  /** Newest time of what was delivered, µs; -1: nothing yet. */
  newestUs = -1;
  /** Frame of the message that was delivered last. */
  frame = 0;
  readonly #message = new SignalMessage();
  readonly #component = new MapMessage();

  /** Begins with the first message of a batch. */
  open({ buffer, words }: MessageBatch): void {
    this.#words = new Int32Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#at = 0;
    this.#end = words;
    this.#copiedTo = null;
    this.#toldOf = 0;
  }

  /** Time of the next message, µs; -1 at the end. */
  get nextTimeUs(): number {
    return this.#at < this.#end ? this.#floats[(this.#at >> 1) + 1] : -1;
  }

  /** Gives messages up to `untilUs` to a sink, at most so many. @returns how many */
  deliver(sink: MessageSink, untilUs: number, max: number): number {
    const message = this.#message;
    const component = this.#component;
    const floats = this.#floats;
    const { plain } = sink;
    let given = 0;
    let newestUs = this.newestUs;
    while (given < max && this.#at < this.#end) {
      const at = this.#at & placeMask;
      const timeUs = floats[(at >> 1) + 1];
      if (timeUs > untilUs) break;
      if (at >= this.#toldOf) this.#lookAhead(sink);
      if (plain !== undefined) {
        this.#copy(plain, at);
        const from = this.#copiedFrom;
        const next = plain.take(at - from, Math.min(this.#copiedEnd, this.#toldOf) - from, max - given, untilUs);
        if (plain.given > 0) {
          given += plain.given;
          this.frame = this.#frameOf(plain.frame);
          if (plain.newestUs > newestUs) newestUs = plain.newestUs;
          this.#at = from + next;
          continue;
        }
      }
      this.frame = this.#frameOf(this.#words[at + 1]);
      if (this.read(message, component)) sink.map?.(message, component);
      else sink.message(message);
      if (timeUs > newestUs) newestUs = timeUs;
      given++;
    }
    this.newestUs = newestUs;
    return given;
  }

  /** A frame's number by its lower 32 bits: frames come in order, and a feed has more than fit in them in two days. */
  #frameOf(low: number): number {
    return this.frame + ((low - (this.frame | 0)) | 0);
  }

  /** Sees to it that the record at `at` and some behind it lie where the taker wants them. */
  #copy(plain: PlainTaker, at: number): void {
    const words = this.#words;
    if (this.#copiedTo === plain && at + (words[at] >>> lengthShift) <= this.#copiedEnd) return;
    this.#copiedTo = plain;
    this.#copiedFrom = at;
    this.#copiedEnd = Math.min(this.#end, at + plain.words.length);
    plain.words.set(words.subarray(at, this.#copiedEnd));
  }

  #lookAhead(sink: MessageSink): void {
    if (sink.looksAhead === true) sink.expect?.(this.#nextOnes());
    else this.#toldOf = this.#end;
  }

  /** What the next messages are about. */
  #nextOnes(): Upcoming {
    const words = this.#words;
    const u = this.#upcoming;
    let k = 0;
    let at = this.#at;
    for (; k < upcomingMax && at < this.#end; at += words[at] >>> lengthShift) {
      const head = words[at];
      if ((head & componentBit) !== 0) continue;
      const named = (head & pointCodesBit) !== 0;
      u.link[k] = words[at + 4];
      u.fromLower[k] = (head & fromLowerBit) !== 0 ? 1 : 0;
      u.sccpType[k] = (words[at + 7] & 0x1ff) - 1;
      u.source[k] = words[at + 8];
      u.destination[k] = words[at + 9];
      u.opc[k] = named ? words[at + 5] : -1;
      u.dpc[k] = named ? words[at + 6] : -1;
      const identity = (head & part.identity) !== 0 ? identityAt(head, at) : -1;
      u.imsi[k] = identity < 0 ? -1 : this.#floats[identity >> 1];
      u.tmsi[k] = identity < 0 ? -1 : this.#floats[(identity >> 1) + 1];
      u.imsiDigits[k] = identity < 0 ? 0 : words[identity + 7] & 0xff;
      k++;
    }
    u.count = k;
    this.#toldOf = at;
    return u;
  }

  /**
   * Fills `m` with the next message, whose slices point into the batch; call it only while there is one.
   *
   * @returns whether it brings a TCAP component, which stands in `c`
   */
  read(m: SignalMessage, c: MapMessage): boolean {
    const words = this.#words;
    const at = this.#at & placeMask;
    const head = words[at];
    if (m.parts !== 0) m.resetParts();
    m.frame = this.#frameOf(words[at + 1]);
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
    this.#at = at + (head >>> lengthShift);
    const parts = head & carriedParts;
    const end = parts === 0 ? at + headWords : this.#readParts(m, parts, at + headWords);
    if ((head & componentBit) === 0) return false;
    readComponent(words, this.#floats, this.#bytes, end, c);
    return true;
  }

  /** The groups that a message filled; where they end. */
  #readParts(m: SignalMessage, parts: number, at: number): number {
    const words = this.#words;
    m.parts = parts;
    let next = at;
    let octets = 0;
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
      m.cellListDiscriminator = words[next + 4];
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
      m.cnDomain = words[next + 3];
      m.rncId = words[next + 4];
      m.targetRncId = words[next + 5];
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
      m.calledType = words[next + 8];
      m.callingType = words[next + 9];
      next += numbersWords;
      octets += m.calledLength + m.callingLength + m.tpDestinationLength + m.tpOriginatorLength;
    }
    if ((parts & part.addresses) !== 0) {
      m.addressBytes = this.#bytes;
      m.calledSsn = words[next];
      m.calledTitleOffset = words[next + 1];
      m.calledTitleDigits = words[next + 2];
      m.callingSsn = words[next + 3];
      m.callingTitleOffset = words[next + 4];
      m.callingTitleDigits = words[next + 5];
      next += addressesWords;
      octets += semiOctets(m.calledTitleDigits) + semiOctets(m.callingTitleDigits);
    }
    return octets === 0 ? next : ((next * 4 + octets + 7) >> 3) * 2;
  }
}

/** Where the identities stand in the record at `at`. */
function identityAt(head: number, at: number): number {
  const place = (head & part.place) !== 0 ? placeWords : 0;
  return at + headWords + place + ((head & part.cells) !== 0 ? cellsWords : 0);
}
