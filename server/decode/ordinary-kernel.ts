import { ModuleCode } from '../wasm-code.ts';
import type { LinkTable } from './links.ts';
import { bssapCode } from './ordinary-bssap.ts';
import { plmnOfOctets } from './ordinary-elements.ts';
import { Groups } from './ordinary-groups.ts';
import type { OrdinaryMemory } from './ordinary-memory.ts';
import { fingerprintCode, LinksAtHand } from './ordinary-packet.ts';
import { defineRun, inputBytes, newestOffset, type Run, runMemory, told } from './ordinary-run.ts';
import type { DecodeState } from './state.ts';

/**
 * WebAssembly that reads ordinary packets from record header to message and writes their messages as records of a batch:
 * what `ordinary.ts` and all that it calls do for packets that have nothing unusual, without JavaScript's checks at every
 * octet. It ends at the first record that is not of that kind, with nothing of it taken. What it has to know of the past
 * (TSNs, links) stands in the decoder's own tables, so that both may take turns packet by packet.
 */
export class OrdinaryKernel {
  /** Where records of a capture are put to be read. */
  readonly input: Uint8Array;
  /** What the last run took: frames; messages, all and by layer; newest time, µs. */
  frames = 0;
  messages = 0;
  bssap = 0;
  bssmap = 0;
  dtap = 0;
  newestUs = -1;
  /** Whether it ended where the input did, or for lack of room, and not at a packet that is not ordinary. */
  isSpent = false;
  /** Records of messages, words `outputStart..outputEnd`. */
  readonly words: Int32Array<ArrayBuffer>;
  readonly outputStart: number;
  outputEnd = 0;
  readonly inputAt: number;
  /** All that the last run told, by `told` of `ordinary-run.ts`. */
  readonly results: Int32Array<ArrayBuffer>;
  readonly #newest: Float64Array;
  readonly #run: Run;
  readonly #links: LinkTable;
  readonly #atHand: LinksAtHand;
  #restarts = 0;

  constructor(state: DecodeState, memory: OrdinaryMemory) {
    const { links, directions } = state;
    const { buffer } = memory.memory;
    const own = runMemory(memory);
    this.words = new Int32Array(buffer);
    this.input = new Uint8Array(buffer, own.input.byteOffset, inputBytes);
    this.outputStart = own.output.byteOffset / 4;
    this.inputAt = own.input.byteOffset;
    this.results = own.results;
    this.#newest = new Float64Array(buffer, own.results.byteOffset + newestOffset, 1);

    const module = new ModuleCode();
    const linkOf = module.imported('linkOf', 3);
    const directionOf = module.imported('directionOf', 2);
    const plmnOf = module.imported('plmnOf', 1);
    const groups = new Groups(module, memory);
    const atHand = new LinksAtHand(memory, linkOf);
    defineRun(module, memory, own, state, {
      directions,
      directionOf,
      links: atHand,
      fingerprint: fingerprintCode(module),
      bssap: bssapCode(module, memory, groups, plmnOf),
      groups,
    });
    this.#links = links;
    this.#atHand = atHand;
    const owner = {
      memory: memory.memory,
      plmnOf: plmnOfOctets,
      linkOf: (opc: number, dpc: number, network: number): number => {
        const link = opc >>> 0 < dpc >>> 0 ? links.symbolOf(opc, dpc, network) : links.symbolOf(dpc, opc, network);
        this.#forgetOldLinks();
        return link;
      },
      directionOf: (tag: number, ports: number): number => directions.find(tag, ports).address,
    };
    this.#run = new WebAssembly.Instance(module.compile(), { owner }).exports.run as Run;
  }

  /**
   * Takes records from octet `at` of the input on, up to `end`, at most `left` frames, the first of them number `frame`
   * plus one, none later than `untilUs` or longer than `recordBytesMax`. The output is to go to the word `batchWord` of a batch.
   *
   * @returns where the first one begins that was not taken
   */
  run(
    at: number,
    end: number,
    left: number,
    frame: number,
    untilUs: number,
    recordBytesMax: number,
    places: { type: number; ip: number },
    nanoseconds: boolean,
    batchWord: number,
  ): number {
    this.#forgetOldLinks();
    const base = this.inputAt;
    const most = Math.min(left, 0x7fff_ffff);
    const longest = Math.min(recordBytesMax, inputBytes);
    const { type, ip } = places;
    const shift = (batchWord - this.outputStart) * 4;
    const behind = this.#run(
      base + at,
      base + end,
      most,
      frame,
      untilUs,
      longest,
      type,
      ip,
      nanoseconds ? 1 : 0,
      shift,
    );
    const { results } = this;
    this.frames = results[told.frames];
    this.messages = results[told.messages];
    this.bssap = results[told.bssap];
    this.bssmap = results[told.bssmap];
    this.dtap = results[told.dtap];
    this.outputEnd = results[told.outputEnd] >> 2;
    this.isSpent = results[told.isSpent] === 1;
    this.newestUs = this.#newest[0];
    return behind - base;
  }

  /** When the table of links has begun anew, those at hand have other numbers. */
  #forgetOldLinks(): void {
    if (this.#links.restarts === this.#restarts) return;
    this.#restarts = this.#links.restarts;
    this.#atHand.words.fill(0);
  }
}
