import {
  add,
  and,
  type Code,
  float,
  type Global,
  isAbove,
  isZero,
  Local,
  load32,
  load64,
  type ModuleCode,
  or,
  set,
  store32,
  store64,
  storeFloat,
  type Value,
  when,
} from '../wasm-code.ts';
import { part } from './message.ts';
import { addressesWords, cellsWords, detailWords, identityWords, numbersWords, placeWords } from './message-record.ts';
import type { OrdinaryMemory } from './ordinary-memory.ts';

/** Which number a slice of the group is. */
export const numberSlice = { called: 0, calling: 1, tpDestination: 2, tpOriginator: 3 } as const;
type NumberSlice = (typeof numberSlice)[keyof typeof numberSlice];

/** Octets of a number that is nothing unusual, and of all numbers of a message. */
const numberOctetsMax = 16;
export const allNumberOctetsMax = 4 * numberOctetsMax;

/**
 * Groups of a message's record (`message-record.ts`) while WebAssembly collects them: each in a place of its own, which
 * is filled with its absent values when the group is first touched. The parts that a message has are bits of
 * {@link part}, as everywhere.
 */
export class Groups {
  readonly parts: Global;
  readonly place: number;
  readonly cells: number;
  readonly identity: number;
  readonly detail: number;
  readonly addresses: number;
  /** Of called and calling number, TP-DA and TP-OA: address of their octets (0: not there) and length. Then the types of the first two. */
  readonly numbers: number;
  /** What is added to an address in the output to make it the octet's place in the batch. */
  readonly shift: Global;

  constructor(module: ModuleCode, { words }: OrdinaryMemory) {
    this.parts = module.global();
    this.shift = module.global();
    const group = () => words(numbersWords).byteOffset;
    this.place = group();
    this.cells = group();
    this.identity = group();
    this.detail = group();
    this.addresses = group();
    this.numbers = group();
  }

  /** Cell and location area: words 0 … 5. */
  touchPlace(): Code {
    return this.#touch(part.place, this.place, [0, -1, -1, -1, 0, -1]);
  }

  touchCells(): Code {
    return this.#touch(part.cells, this.cells, [0, -1, -1, -1, -1, 0]);
  }

  /** IMSI, TMSI and IMEI as float64s, the IMEI's last digits, the counts of digits. */
  touchIdentity(): Code {
    const absent = float(-1);
    const at = this.identity;
    return when(
      isZero(and(this.parts, part.identity)),
      set(this.parts, or(this.parts, part.identity)),
      storeFloat(at, 0, absent),
      storeFloat(at, 8, absent),
      storeFloat(at, 16, absent),
      store64(at, 24, 0n),
    );
  }

  touchDetail(): Code {
    return this.#touch(part.detail, this.detail, [-1, -1, -1, -1, -1, -1]);
  }

  touchAddresses(): Code {
    return this.#touch(part.addresses, this.addresses, [-1, -1, 0, -1, -1, 0]);
  }

  touchNumbers(): Code {
    return this.#touch(part.numbers, this.numbers, [0, 0, 0, 0, 0, 0, 0, 0, -1, -1]);
  }

  /** Fills the slice `slice` with the octets at `start`; `fail` where they are unusually many. */
  setNumber(slice: NumberSlice, start: Value, length: Value, fail: Code): Code[] {
    return [
      this.touchNumbers(),
      when(isAbove(length, numberOctetsMax), fail),
      store32(this.numbers, slice * 8, start),
      store32(this.numbers, slice * 8 + 4, length),
    ];
  }

  #touch(bit: number, at: number, absent: readonly number[]): Code {
    return when(
      isZero(and(this.parts, bit)),
      set(this.parts, or(this.parts, bit)),
      ...pairs(absent).map((pair, i) => store64(at, i * 8, pair)),
    );
  }

  /** Puts the groups that were touched behind each other, in the record's order; moves `end` behind them. */
  append(end: Local): Code {
    const groups: [number, number, number][] = [
      [part.place, this.place, placeWords],
      [part.cells, this.cells, cellsWords],
      [part.identity, this.identity, identityWords],
      [part.detail, this.detail, detailWords],
      [part.addresses, this.addresses, addressesWords],
    ];
    const copies = groups.map(([bit, at, words]) =>
      when(
        and(this.parts, bit),
        ...Array.from({ length: words / 2 }, (_, i) => store64(end, i * 8, load64(at, i * 8))),
        set(end, add(end, words * 4)),
      ),
    );
    return when(this.parts, ...copies, when(and(this.parts, part.numbers), ...this.#appendNumbers(end)));
  }

  /** The octets stand behind all words of the record, which have to be these: no message here has addresses, too. */
  #appendNumbers(end: Local): Code[] {
    const octets = new Local();
    const from = new Local();
    const at = this.numbers;
    const slices = Object.values(numberSlice).flatMap((slice) => [
      set(from, load32(at, slice * 8)),
      store32(end, slice * 8 + 4, load32(at, slice * 8 + 4)),
      store32(end, slice * 8, -1),
      when(
        from,
        store32(end, slice * 8, add(octets, this.shift)),
        // All that there may be; what is too much is written over.
        store64(octets, 0, load64(from, 0)),
        store64(octets, 8, load64(from, 8)),
        set(octets, add(octets, load32(at, slice * 8 + 4))),
      ),
    ]);
    return [
      set(octets, add(end, numbersWords * 4)),
      ...slices,
      store64(end, 32, load64(at, 32)),
      set(end, and(add(octets, 7), -8)),
    ];
  }
}

/** Words two by two, as they stand in memory. */
function pairs(words: readonly number[]): bigint[] {
  return words.flatMap((low, i) =>
    i % 2 === 0 ? [BigInt.asUintN(32, BigInt(low)) | (BigInt.asUintN(32, BigInt(words[i + 1])) << 32n)] : [],
  );
}
