import type { ByteSource } from '../../server/capture/byte-source.ts';
import { openCaptureSource } from '../../server/capture/open-capture.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { UserError } from '../../server/errors.ts';
import {
  block,
  enhancedPacket,
  interfaceBlock,
  pack,
  pcapFile,
  sectionHeader,
  simplePacket,
} from '../capture/pcap-write.ts';
import { frameOfVector, vectors } from '../decode/vectors.ts';
import { RecordError } from './digest.ts';
import type { Report } from './jobs.ts';
import { probe } from './probe.ts';
import { Random } from './random.ts';
import { decodeLimits } from './target.ts';

/** Steps of reading and decoding a file: those of its frames, and of blocks of twelve octets and more. */
const fileStepsAnyway = 4000;
const fileStepsPerOctet = 30;
const recordBytesMax = 4096;
const changesMax = 5;
/** Octets that a read gives at most: records lie over the ends of reads. */
const pieceBytes = 97;

/** Files of all formats, of our own vectors alone: what breaks them may be printed. */
function wholeFiles(): [name: string, octets: Buffer][] {
  const frames = vectors.slice(0, 6).map((vector, i) => frameOfVector(vector, i));
  const records = frames.map((bytes, i) => ({ seconds: 1_700_000_000 + i, fraction: i, bytes }));
  const pcapng = (order: 'LE' | 'BE') =>
    Buffer.concat([
      sectionHeader(order),
      interfaceBlock(order, 1, 0, [[9, Uint8Array.of(9)]]),
      interfaceBlock(order, 142, 96, [[9, Uint8Array.of(0x8a)]]),
      ...frames.map((bytes, i) => enhancedPacket(order, i & 1, 1_700_000_000_000_000_000n + BigInt(i), bytes)),
      simplePacket(order, frames[0]),
      // A block that nobody reads: name resolution.
      block(order, 4, pack(order, [2, 1], [2, 4], [4, 0x0100007f], [4, 0])),
      sectionHeader(order),
      interfaceBlock(order, 1),
      enhancedPacket(order, 0, 1_700_000_000_000_000n, frames[1]),
    ]);
  return [
    ['pcap', pcapFile(records)],
    ['pcap, big-endian, nanoseconds', pcapFile(records, { bigEndian: true, nanoseconds: true })],
    ['pcap of MTP3', pcapFile(records, { linkType: 141 })],
    ['pcapng', pcapng('LE')],
    ['pcapng, big-endian', pcapng('BE')],
  ];
}

/** Octets in memory, in small pieces. */
class PieceSource implements ByteSource {
  readonly progress = -1;
  readonly fault = null;
  readonly sizeBytes: number;
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
    this.sizeBytes = octets.length;
  }

  async read(into: Uint8Array, at: number, max: number): Promise<number> {
    const n = Math.min(max, pieceBytes, this.#octets.length - this.#at);
    into.set(this.#octets.subarray(this.#at, this.#at + n), at);
    this.#at += n;
    return n;
  }

  async close(): Promise<void> {
    this.#at = this.#octets.length;
  }
}

/** Changes a few octets, mostly in the headers, or cuts the file. */
function damage(octets: Buffer, random: Random): Buffer {
  const out = Buffer.from(octets);
  for (let left = 1 + random.below(changesMax); left > 0; left--) {
    const at = random.below(random.below(2) === 0 ? Math.min(160, out.length) : out.length);
    const kind = random.below(4);
    if (kind === 0) out[at] ^= 1 << random.below(8);
    else if (kind === 1) out[at] = random.below(256);
    else if (kind === 2) out.fill(random.below(2) === 0 ? 0 : 0xff, at, Math.min(at + 4, out.length));
    else out.copyWithin(at, random.below(out.length), random.below(out.length));
  }
  return random.below(4) === 0 ? out.subarray(0, random.below(out.length)) : out;
}

/** Reads one file to its end; what it throws beside a UserError is a finding. */
async function readFile(octets: Buffer, report: Report): Promise<void> {
  probe.steps = 0;
  probe.stepsMax = fileStepsAnyway + fileStepsPerOctet * octets.length;
  const decoder = new Decoder({ message: () => report.messages++ }, decodeLimits);
  let frameBytes = 0;
  const sink = {
    frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number) {
      if (!Number.isInteger(timeUs) || !(start >= 0 && start <= end && end <= bytes.length)) {
        throw new RecordError('a frame without octets or time');
      }
      frameBytes += end - start;
      decoder.frame(timeUs, linkType, bytes, start, end);
    },
  };
  const reader = await openCaptureSource(new PieceSource(octets), 'fuzz', recordBytesMax);
  while ((await reader.read(sink, Number.POSITIVE_INFINITY, 3)) !== 'end') {
    if (reader.nextTimeUs < 0) throw new RecordError('a reader that has more, but no next time');
  }
  const faults = [...reader.faults];
  for (const [code, n] of faults) report.faults.push([code, n]);
  await reader.close();
  if (frameBytes > octets.length) throw new RecordError('more octets in frames than in their file');
  if (faults.length > 0 !== (reader.endedEarly !== null))
    throw new RecordError('a fault without a word, or a word without');
}

/** Mutated capture files through the readers and the decoder: a file ends, or it ends early and says so. */
export async function runFiles(report: Report, seed: number, inputs: number): Promise<void> {
  const files = wholeFiles();
  const random = new Random();
  for (let index = 0; index < inputs; index++) {
    random.begin(seed, index);
    const [name, whole] = files[random.below(files.length)];
    const octets = damage(whole, random);
    report.inputs++;
    try {
      await readFile(octets, report);
      const { slowest } = report;
      if (probe.steps * slowest.octets > slowest.steps * octets.length && octets.length > 40) {
        report.slowest = { steps: probe.steps, octets: octets.length, input: `${name}, input ${index}` };
      }
    } catch (error) {
      if (error instanceof UserError) {
        report.faults.push([error.code, 1]);
        continue;
      }
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      report.failure = `${what}: ${name}, input ${index} of seed ${seed}: ${octets.toString('hex')}`;
      return;
    } finally {
      probe.stepsMax = Number.POSITIVE_INFINITY;
    }
  }
}
