import type { FrameSink } from '../../server/capture/frame.ts';
import { makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import type { MessageSink } from '../../server/decode/message.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import * as s from '../correlate/steps.ts';
import { Random } from '../fuzz/random.ts';
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
}

const linkTypeSccp = 142;
/** Mutations are as many as this for each vector, always the same ones. */
const mutationsEach = 20;
/** Candidates that are timed again, with more decodings, before one is called the slowest. */
const finalists = 12;

/** A copy with one to four changed octets, or without its end. */
function mutated(sccp: Uint8Array, random: Random): Uint8Array {
  const out = sccp.slice();
  for (let left = 1 + random.below(4); left > 0; left--) {
    const at = random.below(out.length);
    out[at] = random.below(2) === 0 ? out[at] ^ (1 << random.below(8)) : random.below(256);
  }
  return random.below(8) === 0 ? out.slice(0, 4 + random.below(Math.max(1, out.length - 4))) : out;
}

/**
 * The PDU that costs most, whole as SCCP alone, among vectors and among mutations of them: first all a few times, then
 * the dearest again, medians of some rounds.
 *
 * @returns figures `KEY` and `KEYMutated` in ns for each octet, `KEYNs` and `KEYMutatedNs` in ns for the whole
 */
export function slowestPdus(key: string, pdus: readonly Pdu[], decodings: number): Figure[] {
  const random = new Random();
  const mutations = pdus.flatMap(({ name, sccp }, i) =>
    Array.from({ length: mutationsEach }, (_, n) => {
      random.begin(1, i * mutationsEach + n);
      return { name: `${name}, mutation ${n + 1}`, sccp: mutated(sccp, random) };
    }),
  );
  return [...slowestOf(key, pdus, decodings), ...slowestOf(`${key}Mutated`, mutations, decodings)];
}

function slowestOf(key: string, pdus: readonly Pdu[], decodings: number): Figure[] {
  const decoder = new Decoder(new CountingSink());
  const nsOf = ({ sccp }: Pdu, times: number): number => {
    const beganMs = performance.now();
    for (let n = 0; n < times; n++) decoder.frame(0, linkTypeSccp, sccp, 0, sccp.length);
    return ((performance.now() - beganMs) * 1e6) / times;
  };
  const few = Math.max(1, Math.floor(decodings / 50));
  const rounds = 5;
  const medianNs = (pdu: Pdu, times: number) => median(Array.from({ length: rounds }, () => nsOf(pdu, times)));
  // Once for the compiler.
  for (const pdu of pdus) nsOf(pdu, few);
  const all = pdus.map((pdu) => ({ pdu, ns: medianNs(pdu, few) }));
  const dearest = (each: (timed: { pdu: Pdu; ns: number }) => number) => {
    const chosen = all.toSorted((a, b) => each(b) - each(a)).slice(0, finalists);
    const timed = chosen.map(({ pdu }) => ({ pdu, ns: medianNs(pdu, decodings) }));
    return timed.reduce((a, b) => (each(b) > each(a) ? b : a));
  };
  const perOctet = ({ pdu, ns }: { pdu: Pdu; ns: number }) => ns / pdu.sccp.length;
  const byOctet = dearest(perOctet);
  const whole = dearest(({ ns }) => ns);
  return [
    { key, value: perOctet(byOctet), unit: `ns/octet (${byOctet.pdu.name})` },
    { key: `${key}Ns`, value: whole.ns, unit: `ns (${whole.pdu.name})` },
  ];
}
