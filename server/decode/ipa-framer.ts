import { ipaStreamNames } from './adaptation-tables.ts';
import { DecodeError } from './decode-error.ts';
import { sccpNames } from './sccp-tables.ts';
import type { TcpDirection } from './tcp-direction.ts';

/** Length of the message behind the header (2 octets), stream (1). */
export const ipaHeaderBytes = 3;
const messageBytesMax = ipaHeaderBytes + 0xffff;
const sccpStream = 0xfd;

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

/**
 * Whether a message begins at `start`, by what follows: a chain of headers with known streams, SCCP messages of known
 * types among them, that ends with the segment, or that goes on over its end behind two whole messages.
 */
function beginsMessage(bytes: Uint8Array, start: number, end: number): boolean {
  let whole = 0;
  for (let at = start; at < end; whole++) {
    if (at + ipaHeaderBytes > end) return whole >= 2;
    const stream = bytes[at + 2];
    const next = at + ipaHeaderBytes + lengthAt(bytes, at);
    if (ipaStreamNames[stream] === '') return false;
    if (stream === sccpStream && at + ipaHeaderBytes < end && sccpNames[bytes[at + ipaHeaderBytes]] === undefined) {
      return false;
    }
    if (next > end) return whole >= 2;
    at = next;
  }
  return true;
}

/**
 * Cuts one direction of a TCP connection into IPA messages. Where octets were lost it goes on at the end of the
 * message that they were part of, if that is known, else at the next segment that can be seen to begin with a message:
 * a boundary is never guessed.
 */
export class IpaFramer {
  /** The message that was cut last, header included: `bytes[start..end)`. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Messages that lost octets made unreadable, and segments passed over until the next boundary. */
  dropped = 0;
  #begun = new Uint8Array(0);
  #have = 0;
  /** Octets up to the next boundary that belong to a message already lost. */
  #skip = 0;
  #inStep = false;

  /** @param atStart whether what comes next is the start of a connection, and so of a message */
  restart(atStart: boolean): void {
    this.#have = 0;
    this.#skip = 0;
    this.#inStep = atStart;
  }

  /** Octets of room for a message that is not whole. */
  get held(): number {
    return this.#begun.length;
  }

  /** Forgets the message that is not whole, and its room; how many these were. */
  drop(): number {
    const dropped = this.#have > 0 ? 1 : 0;
    if (dropped > 0) this.restart(false);
    this.#begun = new Uint8Array(0);
    return dropped;
  }

  /** Cuts the next message off the window; false where it has no whole one any more (the rest is kept). */
  next(window: TcpDirection): boolean {
    if (window.lost !== 0) {
      this.#lose(window.lost);
      window.lost = 0;
    }
    if (this.#skip > 0) {
      const n = Math.min(this.#skip, window.end - window.at);
      this.#skip -= n;
      window.at += n;
    }
    if (window.at === window.end) return false;
    if (!this.#inStep) {
      if (!beginsMessage(window.bytes, window.at, window.end)) {
        this.dropped++;
        window.at = window.end;
        return false;
      }
      this.#inStep = true;
    }
    if (this.#have > 0) return this.#complete(window);
    const { bytes, at, end } = window;
    if (at + ipaHeaderBytes <= end) {
      this.#checkStream(bytes, at, window);
      const next = at + ipaHeaderBytes + lengthAt(bytes, at);
      if (next <= end) {
        window.at = next;
        this.bytes = bytes;
        this.start = at;
        this.end = next;
        return true;
      }
    }
    this.#append(window, end - at);
    return false;
  }

  /** @param lost octets missing from where the stream stood; -1: unknown how many */
  #lose(lost: number): void {
    const open = this.#have >= ipaHeaderBytes ? ipaHeaderBytes + lengthAt(this.#begun, 0) - this.#have : this.#skip;
    if (this.#have > 0) this.dropped++;
    this.#have = 0;
    if (this.#inStep && lost > 0 && open >= lost) this.#skip = open - lost;
    else {
      this.#skip = 0;
      this.#inStep = lost === 0;
    }
  }

  /** Goes on with the message that an earlier segment began. */
  #complete(window: TcpDirection): boolean {
    if (this.#have < ipaHeaderBytes) {
      this.#append(window, Math.min(ipaHeaderBytes - this.#have, window.end - window.at));
      if (this.#have < ipaHeaderBytes) return false;
      this.#checkStream(this.#begun, 0, window);
    }
    const size = ipaHeaderBytes + lengthAt(this.#begun, 0);
    this.#append(window, Math.min(size - this.#have, window.end - window.at));
    if (this.#have < size) return false;
    this.bytes = this.#begun;
    this.start = 0;
    this.end = size;
    this.#have = 0;
    return true;
  }

  #append(window: TcpDirection, n: number): void {
    const size = this.#have + n;
    if (size > this.#begun.length) {
      const larger = new Uint8Array(Math.min(messageBytesMax, Math.max(512, size * 2)));
      larger.set(this.#begun.subarray(0, this.#have));
      this.#begun = larger;
    }
    this.#begun.set(window.bytes.subarray(window.at, window.at + n), this.#have);
    this.#have = size;
    window.at += n;
  }

  /** A header that names no stream is none: the boundaries are lost, or it is no IPA at all. */
  #checkStream(bytes: Uint8Array, at: number, window: TcpDirection): void {
    if (ipaStreamNames[bytes[at + 2]] !== '') return;
    this.restart(false);
    window.at = window.end;
    throw new DecodeError('ipa', 'BAD_VALUE', at + 2);
  }
}
