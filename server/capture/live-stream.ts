import type { Readable } from 'node:stream';
import type { FrameSink } from './frame.ts';
import { type CaptureParser, looksLikePcap, PcapParser } from './pcap-parser.ts';
import { looksLikePcapng, PcapngParser } from './pcapng-parser.ts';
import { RecordWindow, stopped } from './record-window.ts';

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
  readonly #readable: Readable;
  readonly #recordBytesMax: number;
  #parser: CaptureParser | null = null;
  #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  readonly #window = new RecordWindow(new Uint8Array(65_536));
  #holds = false;
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

  /** Frames given so far. */
  get frames(): number {
    return this.#window.frames;
  }

  /** Time of the frame that waits for its time, µs; -1: none. */
  get nextTimeUs(): number {
    return this.#holds ? this.#window.heldUs : -1;
  }

  /** Gives the frames that are there, of at most `untilUs`, at most `max`; says how many. */
  deliver(sink: FrameSink, untilUs: number, max: number): number {
    const window = this.#window;
    window.untilUs = untilUs;
    window.left = max;
    while (!this.ended) {
      const parser = this.#parser;
      if (parser === null) {
        if (!this.#recognise()) break;
        continue;
      }
      const why = parser.deliver(window, sink);
      this.#holds = why === stopped.held;
      if (this.#holds) break;
      if (why === stopped.fault) this.#give(parser.fault === 'CORRUPT_RECORD' ? 'CORRUPT_RECORD' : 'TRUNCATED_CAPTURE');
      else if (!this.#fill(parser.need)) break;
    }
    return max - window.left;
  }

  /** Ends the connection; what waits is dropped. */
  close(): void {
    this.ended = true;
    this.#chunks = [];
    this.#readable.destroy();
  }

  /** Tells the format by the first octets; false while too few have come. */
  #recognise(): boolean {
    const window = this.#window;
    if (window.end < pcapHead && !this.#fill(pcapHead)) return false;
    if (looksLikePcap(window.bytes, 0, window.end)) this.#parser = new PcapParser(this.#recordBytesMax);
    else {
      const [a, b, c, d] = window.bytes;
      const mayBePcapng = a === 0x0a && b === 0x0d && c === 0x0d && d === 0x0a;
      if (mayBePcapng && window.end < pcapngHead && !this.#fill(pcapngHead)) return false;
      if (looksLikePcapng(window.bytes, 0, window.end)) this.#parser = new PcapngParser(this.#recordBytesMax);
      else this.#give('PROBE_NOT_A_CAPTURE');
    }
    return true;
  }

  /** Gets octets into the window until `need` stand in it; false while they have not come, or never will. */
  #fill(need: number): boolean {
    const window = this.#window;
    while (window.end - window.start < need) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) {
        if (this.#sourceEnded) this.#finish();
        return false;
      }
      this.#waitingBytes -= chunk.length;
      if (this.#waitingBytes < waitingBytesMax / 2 && this.#readable.isPaused()) this.#readable.resume();
      window.append(chunk);
    }
    return true;
  }

  /** All that came has been looked at, and no more will. */
  #finish(): void {
    if (this.#broken) this.#give('PROBE_LOST');
    else if (this.#window.start < this.#window.end)
      this.#give(this.#parser === null ? 'PROBE_NOT_A_CAPTURE' : 'TRUNCATED_CAPTURE');
    else this.close();
  }

  #give(fault: StreamFault): void {
    this.fault = fault;
    this.close();
  }
}
