import type { Readable } from 'node:stream';
import type { FrameSink } from './frame.ts';
import { type CaptureParser, found, looksLikePcap, PcapParser } from './pcap-parser.ts';
import { looksLikePcapng, PcapngParser } from './pcapng-parser.ts';

/** Why a live stream was given up: the reason under which it is counted. */
export type StreamFault =
  /** What came is no capture. */
  | 'PROBE_NOT_A_CAPTURE'
  /** It ended inside a record. */
  | 'TRUNCATED_CAPTURE'
  /** A record has an impossible length. */
  | 'CORRUPT_RECORD'
  /** The connection broke. */
  | 'PROBE_LOST';

/** Octets that may wait here; then the sender is held up by not reading on. */
const waitingBytesMax = 1 << 20;
/** Octets that tell pcap, and pcapng. */
const pcapHead = 4;
const pcapngHead = 12;

/**
 * One capture that comes in over a connection, with a parser of its own. It never waits: it gives the frames that are
 * there. Octets beyond {@link waitingBytesMax} stay with the sender.
 */
export class LiveStream {
  /** What messages call the sender. */
  readonly name: string;
  /** Nothing more will come, and all that came was given. */
  ended = false;
  /** Why it ended, where that was before its end. */
  fault: StreamFault | null = null;
  /** Frames given so far. */
  frames = 0;
  readonly #readable: Readable;
  readonly #recordBytesMax: number;
  #parser: CaptureParser | null = null;
  #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #window = new Uint8Array(65_536);
  #start = 0;
  #end = 0;
  #pending = false;
  #sourceEnded = false;
  #broken = false;

  /** @param wake is called when there is something to look at */
  constructor(readable: Readable, name: string, recordBytesMax: number, wake: () => void) {
    this.name = name;
    this.#readable = readable;
    this.#recordBytesMax = recordBytesMax;
    readable.on('data', (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      this.#waitingBytes += chunk.length;
      if (this.#waitingBytes >= waitingBytesMax) readable.pause();
      wake();
    });
    readable.on('error', () => {
      this.#broken = true;
    });
    readable.on('close', () => {
      this.#sourceEnded = true;
      wake();
    });
    readable.on('end', () => {
      this.#sourceEnded = true;
      wake();
    });
  }

  /** Whether there is something that was not looked at. */
  get isReady(): boolean {
    return this.#chunks.length > 0 || (this.#sourceEnded && !this.ended);
  }

  /** Time of the frame that waits for its time, µs; -1: none. */
  get nextTimeUs(): number {
    return this.#pending && this.#parser !== null ? this.#parser.timeUs : -1;
  }

  /** Gives the frames that are there, of at most `untilUs`, at most `max`; says how many. */
  deliver(sink: FrameSink, untilUs: number, max: number): number {
    let given = 0;
    while (!this.ended) {
      const parser = this.#parser;
      if (parser === null) {
        if (!this.#recognise()) return given;
        continue;
      }
      if (this.#pending) {
        if (parser.timeUs > untilUs || given === max) return given;
        this.#pending = false;
        given++;
        this.frames++;
        sink.frame(parser.timeUs, parser.linkType, this.#window, parser.frameStart, parser.frameEnd);
        continue;
      }
      const step = parser.step(this.#window, this.#start, this.#end);
      if (step === found.fault) this.#give(parser.fault === 'CORRUPT_RECORD' ? 'CORRUPT_RECORD' : 'TRUNCATED_CAPTURE');
      else if (step === found.need) {
        if (!this.#fill(parser.need)) return given;
      } else {
        this.#start += parser.consumed;
        this.#pending = step === found.frame;
      }
    }
    return given;
  }

  /** Ends the connection; what waits is dropped. */
  close(): void {
    this.ended = true;
    this.#chunks = [];
    this.#readable.destroy();
  }

  /** Tells the format by the first octets; false while too few have come. */
  #recognise(): boolean {
    if (this.#end < pcapHead && !this.#fill(pcapHead)) return false;
    const window = this.#window;
    if (looksLikePcap(window, 0, this.#end)) this.#parser = new PcapParser(this.#recordBytesMax);
    else {
      const mayBePcapng = window[0] === 0x0a && window[1] === 0x0d && window[2] === 0x0d && window[3] === 0x0a;
      if (mayBePcapng && this.#end < pcapngHead && !this.#fill(pcapngHead)) return false;
      if (looksLikePcapng(window, 0, this.#end)) this.#parser = new PcapngParser(this.#recordBytesMax);
      else this.#give('PROBE_NOT_A_CAPTURE');
    }
    return true;
  }

  /** Gets octets into the window until `need` stand from its start on; false while they have not come, or never will. */
  #fill(need: number): boolean {
    while (this.#end - this.#start < need) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) {
        if (this.#sourceEnded) this.#finish();
        return false;
      }
      this.#waitingBytes -= chunk.length;
      if (this.#waitingBytes < waitingBytesMax / 2 && this.#readable.isPaused()) this.#readable.resume();
      this.#append(chunk);
    }
    return true;
  }

  #append(chunk: Uint8Array): void {
    const held = this.#end - this.#start;
    if (this.#end + chunk.length > this.#window.length) {
      const size = held + chunk.length;
      const target = size > this.#window.length ? new Uint8Array(size * 2) : this.#window;
      target.set(this.#window.subarray(this.#start, this.#end));
      this.#window = target;
      this.#start = 0;
      this.#end = held;
    }
    this.#window.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** All that came has been looked at, and no more will. */
  #finish(): void {
    if (this.#broken) this.#give('PROBE_LOST');
    else if (this.#start < this.#end) this.#give(this.#parser === null ? 'PROBE_NOT_A_CAPTURE' : 'TRUNCATED_CAPTURE');
    else this.close();
  }

  #give(fault: StreamFault): void {
    this.fault = fault;
    this.close();
  }
}
