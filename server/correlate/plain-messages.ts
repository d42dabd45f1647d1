import type { PlainTaker } from '../decode/message.ts';
import { lengthShift } from '../decode/message-record.ts';
import { OrdinaryMemory } from '../decode/ordinary-memory.ts';
import { causeList, packCause } from '../events/cause.ts';
import type { Connections } from './connections.ts';
import type { Dialogues } from './dialogues.ts';
import type { OpenConnections } from './open-connections.ts';
import { effectBytes, fillEffects } from './plain-effects.ts';
import { type PlainKernel, plainKernel } from './plain-kernel.ts';
import { control, controlWords } from './plain-lookup.ts';
import type { Procedures } from './procedures.ts';
import { tableState } from './reference-table.ts';

/** Octets of a connection with its procedures and its references, whose table doubles, so that the smaller ones count too. */
const connectionBytes = 2 * 64 + 40 + 128;
/** Octets beside: a batch of messages, the first tables. */
const fixedBytes = 1 << 20;
const memoryBytesMax = 2 ** 32 - 65_536;

/** Memory for so many connections, that WebAssembly looks into. Beyond 14 million it looks into none, and JavaScript does all. */
export function correlateMemory(connectionsMax: number): OrdinaryMemory {
  return new OrdinaryMemory(Math.min(memoryBytesMax, connectionsMax * connectionBytes + fixedBytes));
}

/** Records are copied in parts that stay in the nearest cache. */
const windowWords = 2048;
/** Messages of one go at most: what WebAssembly counts fits. */
const goMax = 1 << 20;

/**
 * Ordinary messages, three of four on the A interface, are taken straight from their records by WebAssembly
 * (`plain-kernel.ts`), whole runs of them, without {@link SignalMessage}, whose filling costs more than what they do. What
 * does more than that goes the whole way, and both do the same (a test holds them to it).
 */
export class PlainMessages implements PlainTaker {
  /** Messages since the start. */
  taken = 0;
  given = 0;
  frame = 0;
  newestUs = -1;
  readonly words: Int32Array<ArrayBuffer>;
  /** Address of {@link words}, and of the control words. */
  readonly #begin: number;
  readonly #controlAt: number;
  readonly #control: Int32Array<ArrayBuffer>;
  readonly #newest: Float64Array;
  readonly #kernel: PlainKernel;
  readonly #connections: Connections;
  readonly #open: OpenConnections;
  readonly #dialogues: Dialogues;

  constructor(
    memory: OrdinaryMemory,
    connections: Connections,
    procedures: Procedures,
    open: OpenConnections,
    dialogues: Dialogues,
  ) {
    this.#connections = connections;
    this.#open = open;
    this.#dialogues = dialogues;
    this.words = memory.words(windowWords);
    const words = memory.words(controlWords);
    const effects = memory.words(effectBytes / 4);
    fillEffects(new Uint8Array(effects.buffer, effects.byteOffset, effectBytes));
    words[control.hot] = connections.hot.byteOffset;
    words[control.cold] = connections.cold.byteOffset;
    words[control.procedures] = procedures.words.byteOffset;
    words[control.effects] = effects.byteOffset;
    words[control.table] = connections.tableState.byteOffset;
    this.#begin = this.words.byteOffset;
    this.#controlAt = words.byteOffset;
    this.#control = words;
    this.#newest = new Float64Array(words.buffer, words.byteOffset + control.newestUs * 4, 1);
    this.#kernel = plainKernel(memory.memory);
  }

  take(at: number, end: number, max: number, untilUs: number): number {
    const words = this.#control;
    const begin = this.#begin;
    const newest = this.#newest;
    let next = at;
    this.given = 0;
    this.newestUs = -1;
    if (!this.#isInReach()) return at;
    const dueUs = this.#open.dueUs;
    for (;;) {
      const left = Math.min(max - this.given, goMax);
      next =
        (this.#kernel(this.#controlAt, begin + next * 4, begin + end * 4, left, Math.min(untilUs, dueUs)) - begin) >> 2;
      const given = words[control.given];
      if (given > 0) {
        this.given += given;
        this.frame = words[control.frame];
        if (newest[0] > this.newestUs) this.newestUs = newest[0];
      }
      const record = words[control.released];
      if (record === 0) {
        this.taken += this.given;
        return next;
      }
      next = this.#released(next, (record - words[control.hot]) >> 2);
    }
  }

  /** Whether all that the kernel looks at is in its memory; the table of references may outgrow it. */
  #isInReach(): boolean {
    const words = this.#control;
    const table = this.#connections.tableState;
    return words[control.cold] !== 0 && words[control.procedures] !== 0 && table[tableState.address] !== 0;
  }

  /** RELEASED of connection `i`. @returns where the next message begins */
  #released(at: number, i: number): number {
    const { words } = this;
    const timeUs = this.#connections.lastUs(i);
    this.#dialogues.cleared(i, timeUs, packCause(causeList.sccp, words[at + 10]));
    this.#open.end(i, -1);
    this.given++;
    this.frame = words[at + 1];
    if (timeUs > this.newestUs) this.newestUs = timeUs;
    return at + (words[at] >>> lengthShift);
  }
}
