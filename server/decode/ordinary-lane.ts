import { nothingTaken, type RecordsTaken } from '../capture/frame.ts';
import type { RecordWindow } from '../capture/record-window.ts';
import type { MessageBatchWriter } from './message-batch-writer.ts';
import { OrdinaryKernel } from './ordinary-kernel.ts';
import { OrdinaryMemory } from './ordinary-memory.ts';
import { inputBytes, outputWords, recordHeaderBytes, told } from './ordinary-run.ts';
import { decodeSccp } from './sccp.ts';
import { rememberChunk } from './sctp-directions.ts';
import type { DecodeLimits, DecodeState } from './state.ts';

/** Where the EtherType and the IPv4 header stand in a frame, by its LINKTYPE: Ethernet, Linux cooked v1 and v2. */
const placesOf = new Map([
  [1, { type: 12, ip: 14 }],
  [113, { type: 14, ip: 16 }],
  [276, { type: 0, ip: 20 }],
]);

/** What tables, input and output take. */
const tableBytes = 1 << 20;
/** Of a direction: its memory, and its share of the table that it is found by. */
const directionBytes = 33_024;
/** Directions that WebAssembly sees; packets of others are decoded without it. */
const directionsSeen = 2048;

/**
 * Takes runs of ordinary packets from a capture: copies their records into the memory of {@link OrdinaryKernel}, which
 * writes their messages, and these into the batch. What follows from a packet is the same as from `Decoder.frame`, to the
 * last counter; a packet that is not ordinary ends the run and is left to that.
 */
export class OrdinaryLane {
  readonly #state: DecodeState;
  readonly #writer: MessageBatchWriter;
  readonly #kernel: OrdinaryKernel;
  readonly #taken: RecordsTaken = { ...nothingTaken };
  /** Which octets of which window are in the kernel's memory. */
  #window: RecordWindow | null = null;
  #version = -1;
  #from = 0;
  #to = 0;
  /** Where the frame begins that the last run ended at, if only its SCCP message is left to be read; −1: none. */
  #readFrame = -1;

  constructor(state: DecodeState, memory: OrdinaryMemory, writer: MessageBatchWriter) {
    this.#state = state;
    this.#writer = writer;
    this.#kernel = new OrdinaryKernel(state, memory);
  }

  static memoryFor({ sctpDirectionsMax }: DecodeLimits): OrdinaryMemory {
    // Their table has a power of two of sets.
    const keyBytes = 2 * sctpDirectionsMax * 16;
    return new OrdinaryMemory(tableBytes + keyBytes + Math.min(sctpDirectionsMax, directionsSeen) * directionBytes);
  }

  /** As `FrameSink.records`. */
  records(window: RecordWindow, linkType: number, nanoseconds: boolean): RecordsTaken {
    const taken = this.#taken;
    taken.frames = 0;
    taken.bytes = 0;
    taken.newestUs = -1;
    this.#readFrame = -1;
    const places = placesOf.get(linkType);
    if (places === undefined) return taken;
    const state = this.#state;
    // What waits for its end is looked at once a second, and that is for the strict way.
    const untilUs = state.sccpSegments.empty ? window.untilUs : Math.min(window.untilUs, state.newestS * 1e6 + 999_999);
    for (let more = true; more; ) {
      this.#bring(window);
      const before = taken.frames;
      this.#run(window, places, nanoseconds, untilUs);
      // It may have seen only the first part of what is in the window, or had no more room.
      more = this.#kernel.isSpent && taken.frames > before;
    }
    state.newestS = Math.max(state.newestS, Math.floor(taken.newestUs / 1e6));
    return taken;
  }

  /**
   * Reads the rest of a frame that the kernel has read as far as SCCP, so that nothing is done twice.
   *
   * @returns false where this is another frame, with nothing changed
   */
  finish(bytes: Uint8Array, start: number): boolean {
    if (start !== this.#readFrame || bytes !== this.#window!.bytes) return false;
    this.#readFrame = -1;
    const state = this.#state;
    const { message } = state;
    const { layers } = state.stats;
    const { results, words, inputAt } = this.#kernel;
    layers.link++;
    layers.ip++;
    layers.sctp++;
    layers.m3ua++;
    rememberChunk(words, results[told.direction], results[told.remembered], results[told.mark], state.timeS);
    message.opc = results[told.opc] >>> 0;
    message.dpc = results[told.dpc] >>> 0;
    message.link = results[told.link];
    message.fromLower = results[told.isFromLower] === 1;
    const inWindow = this.#from - inputAt;
    decodeSccp(state, bytes, results[told.user] + inWindow, results[told.userEnd] + inWindow);
    return true;
  }

  /** Sees to it that what stands in front of a window is in the kernel's memory. */
  #bring(window: RecordWindow): void {
    const isThere = this.#window === window && this.#version === window.version;
    // A part is asked for once more when its last whole record has been taken.
    if (isThere && window.start < this.#to && (!this.#kernel.isSpent || this.#to === window.end)) return;
    this.#window = window;
    this.#version = window.version;
    this.#from = window.start;
    this.#to = Math.min(window.end, window.start + inputBytes);
    this.#kernel.input.set(window.bytes.subarray(this.#from, this.#to));
  }

  #run(window: RecordWindow, places: { type: number; ip: number }, nanoseconds: boolean, untilUs: number): void {
    const kernel = this.#kernel;
    const { stats } = this.#state;
    const before = window.start - this.#from;
    const behind = kernel.run(
      before,
      this.#to - this.#from,
      window.left,
      stats.frames,
      untilUs,
      window.recordBytesMax,
      places,
      nanoseconds,
      this.#writer.reserve(outputWords),
    );
    const { frames } = kernel;
    if (kernel.results[told.user] !== 0) this.#readFrame = this.#from + behind + recordHeaderBytes;
    if (frames === 0) return;
    this.#writer.append(kernel.words, kernel.outputStart, kernel.outputEnd);
    const { layers } = stats;
    stats.frames += frames;
    stats.messages += kernel.messages;
    layers.link += frames;
    layers.ip += frames;
    layers.sctp += kernel.messages;
    layers.m3ua += kernel.messages;
    layers.sccp += kernel.messages;
    layers.bssap += kernel.bssap;
    layers.bssmap += kernel.bssmap;
    layers.dtap += kernel.dtap;
    window.start += behind - before;
    window.left -= frames;
    window.frames += frames;
    const taken = this.#taken;
    taken.frames += frames;
    taken.bytes += behind - before - frames * recordHeaderBytes;
    if (kernel.newestUs > taken.newestUs) taken.newestUs = kernel.newestUs;
  }
}
