import type { FrameSink } from '../../server/capture/frame.ts';
import { makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import type { MessageSink } from '../../server/decode/message.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import * as s from '../correlate/steps.ts';
import { type Figure, median } from './bench.ts';

/** How much later each copy of the frames comes than the end of the one before: no TSN is taken for a copy then, µs. */
const betweenCopiesUs = 120_000_000;

/** Frames one after the other in one buffer, as in a capture, to be decoded again and again. */
export class Frames {
  readonly #ends: number[] = [0];
  readonly #timesUs: number[] = [];
  #bytes = new Uint8Array(1 << 20);

  get count(): number {
    return this.#timesUs.length;
  }

  get octets(): number {
    return this.#ends[this.count];
  }

  get spanUs(): number {
    return this.count === 0 ? 0 : this.#timesUs[this.count - 1] - this.#timesUs[0] + betweenCopiesUs;
  }

  add(timeUs: number, frame: Uint8Array): void {
    const at = this.octets;
    if (at + frame.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length + frame.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(frame, at);
    this.#ends.push(at + frame.length);
    this.#timesUs.push(timeUs);
  }

  /** Gives all frames to a decoder from `startUs` on, so many a second. */
  giveAt(decoder: FrameSink, startUs: number, perSecond: number): void {
    const ends = this.#ends;
    for (let i = 0; i < this.count; i++) {
      decoder.frame(startUs + Math.floor((i * 1_000_000) / perSecond), 1, this.#bytes, ends[i], ends[i + 1]);
    }
  }

  /** Gives frames `from` … `to − 1` to a decoder, `laterUs` after their own times. */
  give(decoder: FrameSink, from: number, to: number, laterUs: number): void {
    const bytes = this.#bytes;
    const ends = this.#ends;
    const timesUs = this.#timesUs;
    for (let i = from; i < to; i++) decoder.frame(timesUs[i] + laterUs, 1, bytes, ends[i], ends[i + 1]);
  }
}

/** A sink that looks at what it gets and keeps nothing. */
export class CountingSink implements MessageSink {
  messages = 0;
  checksum = 0;

  message(m: Parameters<MessageSink['message']>[0]): void {
    this.messages++;
    this.checksum += m.cellCi + m.dtapType;
  }

  map(_: Parameters<MessageSink['message']>[0], c: Parameters<NonNullable<MessageSink['map']>>[1]): void {
    this.messages++;
    this.checksum += c.operation + c.imsi;
  }
}

/** One for all, as in a server that has been up for a while. */
const pseudonymiser = new Pseudonymiser(s.testKey);

/** A correlator whose rows nobody takes. */
export function idleCorrelator(): Correlator {
  return new Correlator({
    config: makeConfig({ where: 'bench', settings: {} }),
    sorted: false,
    defaultPlmn: s.plmn,
    pseudonymiser,
    sink: { event: () => undefined },
  });
}

/**
 * Messages per second of decoding frames alone, and of correlating them too; medians of runs over the same frames, each
 * run later than the one before.
 *
 * @returns figures `BENCH.messagesPerS`, `BENCH.correlatedPerS`, `BENCH.bytesPerPacket`
 */
export function measureFrames(bench: 'map' | 'ranap', frames: Frames, runs: number): Figure[] {
  const rateOf = (decoder: Decoder, messages: () => number): number => {
    const rates: number[] = [];
    const warmUps = 2;
    for (let run = 0; run < runs + warmUps; run++) {
      const before = messages();
      const beganMs = performance.now();
      frames.give(decoder, 0, frames.count, run * frames.spanUs);
      const seconds = (performance.now() - beganMs) / 1000;
      if (run >= warmUps) rates.push((messages() - before) / seconds);
    }
    if (decoder.stats.layers[bench] < (frames.count * (runs + warmUps)) / 2) throw new Error(`this is no ${bench}`);
    if (decoder.stats.faults.size > 0) throw new Error(`malformed: ${[...decoder.stats.faults.keys()].join(', ')}`);
    return median(rates);
  };
  const sink = new CountingSink();
  const decoded = rateOf(new Decoder(sink), () => sink.messages);
  if (sink.messages < frames.count / 2 || !Number.isFinite(sink.checksum)) throw new Error('the sink got no messages');
  const decoder = new Decoder(idleCorrelator());
  const correlated = rateOf(decoder, () => decoder.stats.messages);
  return [
    { key: `${bench}.messagesPerS`, value: decoded, unit: 'messages/s' },
    { key: `${bench}.correlatedPerS`, value: correlated, unit: 'messages/s' },
    { key: `${bench}.bytesPerPacket`, value: frames.octets / frames.count, unit: 'bytes' },
  ];
}

/** A message of the vectors, as SCCP alone. */
export interface Pdu {
  name: string;
  sccp: Uint8Array;
  /** Octets of the user data. */
  octets: number;
}

/** The vector that costs most for each octet: median of some rounds of many decodings. */
export function slowestPdu(bench: string, pdus: readonly Pdu[], decodings: number): Figure {
  const linkTypeSccp = 142;
  const rounds = 5;
  let slowest = { nsPerOctet: 0, name: '' };
  const decoder = new Decoder(new CountingSink());
  const decode = (sccp: Uint8Array) => {
    for (let n = 0; n < decodings; n++) decoder.frame(0, linkTypeSccp, sccp, 0, sccp.length);
  };
  for (const { sccp } of pdus) decode(sccp);
  for (const { name, sccp, octets } of pdus) {
    const each = Array.from({ length: rounds }, () => {
      const beganMs = performance.now();
      decode(sccp);
      return ((performance.now() - beganMs) * 1e6) / decodings / octets;
    });
    const nsPerOctet = median(each);
    if (nsPerOctet > slowest.nsPerOctet) slowest = { nsPerOctet, name };
  }
  return { key: `${bench}.slowestPdu`, value: slowest.nsPerOctet, unit: `ns/octet (${slowest.name})` };
}
