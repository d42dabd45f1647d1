import { openSimulation } from '../../fixtures/make/simulation.ts';
import type { FrameSink } from '../../server/capture/frame.ts';
import type { Correlator } from '../../server/correlate/correlator.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { MessageBatchReader } from '../../server/decode/message-batch-reader.ts';
import { MessageBatchWriter } from '../../server/decode/message-batch-writer.ts';
import { messageBatchBytes } from '../../server/decode/message-record.ts';
import {
  bssmapMessage,
  connectionConfirm,
  connectionRequest,
  dataForm1,
  dtapMessage,
  frameOf,
  hex,
  unitdata,
} from '../decode/wire.ts';
import { type Bench, type Figure, median } from './bench.ts';
import { Frames, idleCorrelator } from './frames.ts';

/** Packets that are timed at least: of the shortest length all of them. */
const shortest = 10_000;

/** `10k`, `1M`: how a key names a number. */
const short = (n: number) => (n >= 1_000_000 ? `${n / 1_000_000}M` : n >= 1000 ? `${n / 1000}k` : String(n));

async function cityPackets(count: number): Promise<Frames> {
  const frames = new Frames();
  const feed = openSimulation({ seed: 1, population: 50_000, from: '17:30' });
  const sink = {
    frame(timeUs: number, _linkType: number, bytes: Uint8Array, start: number, end: number) {
      frames.add(timeUs, bytes.slice(start, end));
    },
  };
  while (frames.count < count) await feed.read(sink, Number.POSITIVE_INFINITY, count - frames.count);
  await feed.close();
  return frames;
}

/** Frames a batch of messages is looked after once, as the thread that decodes does. */
const framesPerRun = 256;

/**
 * Decoding and correlation of a feed as the server's two threads share them, one after the other on this one: messages
 * go through batches.
 */
class Feed implements FrameSink {
  readonly correlator: Correlator = idleCorrelator();
  readonly #writer = new MessageBatchWriter();
  readonly #reader = new MessageBatchReader();
  readonly #decoder = new Decoder(this.#writer);
  #frames = 0;

  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void {
    this.#decoder.frame(timeUs, linkType, bytes, start, end);
    if (++this.#frames % framesPerRun === 0 && this.#writer.waitingBytes >= messageBatchBytes / 2) this.flush();
  }

  flush(): void {
    while (this.#writer.waitingBytes > 0) {
      const batch = this.#writer.take();
      this.#reader.open(batch);
      this.#reader.deliver(this.correlator, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      this.#writer.recycle(batch.buffer);
    }
  }
}

/**
 * Lets V8 compile what the packets need: it compiles for the objects it has seen, so the first few feeds of a process
 * have parts compiled anew.
 */
function warmUp(frames: Frames): void {
  const feed = new Feed();
  for (let copy = 0; copy < 2; copy++) frames.give(feed, 0, frames.count, copy * frames.spanUs);
  for (let n = 0; n < 10; n++) frames.give(new Feed(), 0, Math.min(frames.count, 2 * shortest), 0);
}

/**
 * What a packet costs when so many have gone before: the city's packets are repeated, each time later, through one
 * feed, and the last tenth is timed. The first ten thousand, timed whole, also pay for memory that is touched for the
 * first time.
 */
function costByLength(frames: Frames, lengths: readonly number[]): Figure[] {
  warmUp(frames);
  const nsAt = (length: number): number => {
    const feed = new Feed();
    const give = (from: number, to: number) => {
      for (let at = from; at < to; ) {
        const start = at % frames.count;
        const end = Math.min(frames.count, start + to - at);
        frames.give(feed, start, end, Math.floor(at / frames.count) * frames.spanUs);
        at += end - start;
      }
    };
    const timed = Math.max(Math.min(length, shortest), length / 10);
    give(0, length - timed);
    const beganMs = performance.now();
    give(length - timed, length);
    feed.flush();
    return ((performance.now() - beganMs) * 1e6) / timed;
  };
  return lengths.map((length) => {
    const runs = length > 100_000 ? 1 : 5;
    const ns = median(Array.from({ length: runs }, () => nsAt(length)));
    return { key: `scale.nsPerPacketAt${short(length)}`, value: ns, unit: 'ns/packet' };
  });
}

/** Where fields stand in a frame of Ethernet, IPv4, SCTP and M3UA: verification tag, TSN, point codes, SCCP. */
const at = { tag: 38, tsn: 50, opc: 74, dpc: 78, sccp: 86 };
const bscs = 40;
const msc = 500;

/** Frames of one form whose numbers are written in, so that a million of them need no room. */
class Template {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(sccp: readonly number[]) {
    this.#bytes = frameOf(sccp);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** A local reference (or any three octets), least significant first, `place` octets into the SCCP message. */
  reference(place: number, value: number): this {
    this.#view.setUint16(at.sccp + place, value & 0xffff, true);
    this.#bytes[at.sccp + place + 2] = value >> 16;
    return this;
  }

  /** Four octets of the SCCP message. */
  word(place: number, value: number): this {
    this.#view.setUint32(at.sccp + place, value);
    return this;
  }

  give(decoder: FrameSink, up: boolean, bsc: number, number: number): void {
    const view = this.#view;
    view.setUint32(at.tag, 2 * bsc + (up ? 1 : 0));
    view.setUint32(at.tsn, number);
    view.setUint32(at.opc, up ? 1000 + bsc : msc);
    view.setUint32(at.dpc, up ? msc : 1000 + bsc);
    decoder.frame(1_700_000_000_000_000 + number * 10, 1, this.#bytes, 0, this.#bytes.length);
  }
}

/** CM SERVICE REQUEST by TMSI in COMPLETE LAYER 3 INFORMATION; the TMSI ends the layer 3 message. */
const layer3 = hex('05 24 71 03 33 19 81 05 f4 00 00 00 00');
const complete = connectionRequest(
  0,
  bssmapMessage([0x57, ...hex('05 08 00 64 f0 00 10 01 02 01'), 0x17, layer3.length, ...layer3]),
);
/** Behind the TMSI stands the end of SCCP's optional parameters alone. */
const tmsiInRequest = complete.length - 5;
const pagingOf = hex('52 08 08 09 10 10 00 00 00 00 04 09 04 00 00 00 00 1a 03 05 10 01');
const paging = unitdata(bssmapMessage(pagingOf));
const imsiInPaging = paging.length - pagingOf.length + 6;
const tmsiInPaging = paging.length - pagingOf.length + 13;

/** A subscriber's number as eight semi-octets of its IMSI, the low half first. */
function semiOctets(value: number): number {
  let word = 0;
  for (let digit = 0, left = value; digit < 8; digit++, left = Math.floor(left / 10)) {
    const octet = 3 - (digit >> 1);
    word += (left % 10) * 2 ** (8 * (3 - octet) + (digit % 2 === 0 ? 4 : 0));
  }
  return word;
}

/** What a packet of the city costs on a feed that has much else to follow: the second time round. */
function costBeside(frames: Frames, feed: Feed): number {
  const perSecond = 10_000;
  const restUs = 120_000_000;
  const startUs = 1_700_000_000_000_000 + restUs;
  frames.giveAt(feed, startUs, perSecond);
  const beganMs = performance.now();
  frames.giveAt(feed, startUs + (frames.count / perSecond) * 1_000_000 + restUs, perSecond);
  feed.flush();
  return ((performance.now() - beganMs) * 1e6) / frames.count;
}

/**
 * What a packet on an open connection costs where so many are open, and what each of them and each known TMSI takes:
 * every subscriber is paged, opens a connection, and says something at random from then on.
 */
function costByConnections(frames: Frames, counts: readonly number[], traffic: number): Figure[] {
  const figures: Figure[] = [];
  for (const count of counts) {
    const feed = new Feed();
    const { correlator } = feed;
    const page = new Template(paging);
    const request = new Template(complete);
    const confirm = new Template(connectionConfirm(0, 0));
    const measures = new Template(dataForm1(0, dtapMessage(hex('06 15 00 00'))));
    let number = 1;
    for (let i = 0; i < count; i++) {
      const bsc = i % bscs;
      page.word(imsiInPaging, semiOctets(i)).word(tmsiInPaging, i).give(feed, false, bsc, number++);
      request.reference(1, i).word(tmsiInRequest, i).give(feed, true, bsc, number++);
      confirm
        .reference(1, i)
        .reference(4, 0x80_0000 | i)
        .give(feed, false, bsc, number++);
    }
    feed.flush();
    const { openConnections, knownTmsis } = correlator.stats;
    if (openConnections !== count || knownTmsis !== count)
      throw new Error(`${openConnections} open, ${knownTmsis} TMSIs`);
    let random = 1;
    const give = (packets: number) => {
      for (let n = 0; n < packets; n++) {
        random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
        const i = random % count;
        measures.reference(1, 0x80_0000 | i).give(feed, true, i % bscs, number++);
      }
      feed.flush();
    };
    give(traffic);
    const beganMs = performance.now();
    give(traffic);
    const ns = ((performance.now() - beganMs) * 1e6) / traffic;
    if (correlator.stats.orphans > 0) throw new Error('a packet found no connection');
    figures.push({ key: `scale.nsPerPacketWith${short(count)}Open`, value: ns, unit: 'ns/packet' });
    figures.push({
      key: `scale.nsPerPacketBeside${short(count)}Open`,
      value: costBeside(frames, feed),
      unit: 'ns/packet',
    });
    if (correlator.stats.openConnections < count) throw new Error('connections ended meanwhile');
    if (count !== counts[counts.length - 1]) continue;
    const { bytesPerConnection, bytesPerTmsi } = correlator.memory();
    figures.push({ key: 'scale.bytesPerConnection', value: bytesPerConnection, unit: 'bytes' });
    figures.push({ key: 'scale.bytesPerTmsi', value: bytesPerTmsi, unit: 'bytes' });
  }
  return figures;
}

export const scaleBench: Bench = {
  name: 'scale',
  meaning:
    'what a packet costs, decoded and correlated, after 10 thousand and after 10 million, and with a million connections open; what these take',
  async run(scale) {
    const full = scale === 'full';
    const frames = await cityPackets(full ? 250_000 : 1_000);
    const lengths = full ? [10_000, 100_000, 1_000_000, 10_000_000] : [1_000, 3_000];
    const counts = full ? [1_000, 10_000, 100_000, 1_000_000] : [100, 1_000];
    return [...costByLength(frames, lengths), ...costByConnections(frames, counts, full ? 500_000 : 2_000)];
  },
};
