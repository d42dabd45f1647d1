import type { Layer } from './decode-error.ts';
import { layers } from './decode-error.ts';
import { type MakeWords, plainWords } from './ordinary-memory.ts';

/** Tables of what was heard, which let the least recent go (the links: all) when they are full. */
type HeardTable =
  | 'links'
  | 'networks of point codes'
  | 'SCTP directions'
  | 'SCTP paths'
  | 'SCTP tags'
  | 'SCCP users'
  | 'SCCP users of links'
  | 'SCCP sides';
/** What is bounded and so may have to give way: what is unfinished, by its layer, and entries of tables. */
export type Evictable = Layer | HeardTable;

/** Different names kept per counter; hostile input can make up unknown codes without end. */
const namesMax = 512;
const otherName = '(other)';

function count(counter: Map<string, number>, name: string): void {
  const known = counter.get(name);
  if (known !== undefined) counter.set(name, known + 1);
  else if (counter.size < namesMax) counter.set(name, 1);
  else counter.set(otherName, (counter.get(otherName) ?? 0) + 1);
}

const unsigned = ({ buffer, byteOffset, length }: Int32Array<ArrayBuffer>) =>
  new Uint32Array(buffer, byteOffset, length);

/** What a {@link Decoder} has seen; read it at any time. */
export class DecodeStats {
  frames = 0;
  /** Messages given to the sink. */
  messages = 0;
  /** Protocol data units begun by layer: frames, packets, chunks with data, messages. */
  readonly layers: Record<Layer, number> = Object.fromEntries(layers.map((layer) => [layer, 0])) as Record<
    Layer,
    number
  >;
  /** Malformed input by {@link DecodeError.code}. */
  readonly faults = new Map<string, number>();
  /** Well-formed input that this decoder has no use for, by the name its specification gives it. */
  readonly unhandled = new Map<string, number>();
  /** All of {@link unhandled}. */
  unhandledTotal = 0;
  /** SCTP DATA chunks seen before and left out. */
  duplicates = 0;
  /** What gave way for lack of room or after its time, by {@link Evictable}: every bound of a decoder counts here. */
  readonly evicted = new Map<string, number>();
  /** Messages by SCCP type. */
  readonly sccp: Uint32Array<ArrayBuffer>;
  /** Messages by BSSMAP type. */
  readonly bssmap: Uint32Array<ArrayBuffer>;
  /** Messages by protocol discriminator × 256 + DTAP type, nested ones included. */
  readonly dtap: Uint32Array<ArrayBuffer>;
  /** Messages by RANAP procedure code × 4 + which of its messages. */
  readonly ranap = new Uint32Array(4 * 256);
  /** Messages by TCAP type. */
  readonly tcap = new Uint32Array(32);

  constructor(words: MakeWords = plainWords) {
    this.sccp = unsigned(words(256));
    this.bssmap = unsigned(words(256));
    this.dtap = unsigned(words(16 * 256));
  }

  fault(code: string): void {
    count(this.faults, code);
  }

  unhandledAs(name: string): void {
    this.unhandledTotal++;
    count(this.unhandled, name);
  }

  evict(what: Evictable, n: number): void {
    this.evicted.set(what, (this.evicted.get(what) ?? 0) + n);
  }
}
