import {
  add,
  and,
  block,
  type Code,
  differs,
  divideUnsigned,
  equal,
  f64,
  float,
  floatAdd,
  floatIsMore,
  floatMaximum,
  floatMultiply,
  floatOfUnsigned,
  giveBack,
  goto,
  gotoWhen,
  isAbove,
  isAtLeast,
  isMore,
  isZero,
  Label,
  Local,
  load8,
  load16,
  load32,
  loop,
  type ModuleCode,
  multiply,
  or,
  select,
  set,
  shiftLeft,
  shiftRight,
  store8,
  store32,
  storeFloat,
  subtract,
  type Value,
  when,
} from '../wasm-code.ts';
import { linksToldApart } from './link-marks.ts';
import { part } from './message.ts';
import { fromLowerBit, headWords, lengthShift, pointCodesBit, recordWordsMax } from './message-record.ts';
import type { Bssap } from './ordinary-bssap.ts';
import { allNumberOctetsMax, type Groups } from './ordinary-groups.ts';
import type { OrdinaryMemory } from './ordinary-memory.ts';
import { chunkCode, type PacketTools, PacketVariables, packetCode, padded, rememberCode } from './ordinary-packet.ts';
import { SccpVariables, sccpCode } from './ordinary-sccp.ts';
import type { DecodeState } from './state.ts';

/** Octets of a capture that a run may see. */
export const inputBytes = 1 << 16;
/** Fields of a packet are looked at before it is known whether it is long enough, but never further behind its end. */
const inputSlackBytes = 128;
const outputBytes = 1 << 15;
export const outputWords = outputBytes / 4;
/** Longest record. */
const recordBytesMax = recordWordsMax * 4 + allNumberOctetsMax;
/** Header of a record in a pcap file: seconds, fraction, octets, octets on the wire. draft-ietf-opsawg-pcap §5. */
export const recordHeaderBytes = 16;
/** EtherTypes of IPv4 and of VLAN tags, as in `link.ts`, their first octet the least significant one. */
const ipv4 = 0x0008;
const vlan = 0x0081;
const serviceVlan = 0xa888;
const oldServiceVlan = 0x0091;

/** DATA chunks of one packet, and what is kept of each until all of them are known to be ordinary. */
const chunksMax = 32;
const chunkBytes = 32;

/**
 * Words in which a run tells what it did, and where the newest time stands behind them. `user` is not 0 where it ended at
 * a packet whose SCCP message alone is not ordinary: then the words from there on say what was read of it.
 */
export const told = {
  frames: 0,
  messages: 1,
  bssap: 2,
  bssmap: 3,
  dtap: 4,
  outputEnd: 5,
  isSpent: 6,
  user: 10,
  userEnd: 11,
  link: 12,
  opc: 13,
  dpc: 14,
  isFromLower: 15,
  direction: 16,
  remembered: 17,
  mark: 18,
} as const;
export const newestOffset = 32;

/**
 * `run(at, end, left, frame, untilUs, lengthMax, typeOffset, ipOffset, nanoseconds, shift)`: takes records at the addresses
 * `at..end`, at most `left` frames, the first of them number `frame` plus one, none later than `untilUs` or longer than
 * `lengthMax`. Its result is the address of
 * the first one that it did not take; `shift` is added to addresses in the output where they are told.
 */
export type Run = (
  at: number,
  end: number,
  left: number,
  frame: number,
  untilUs: number,
  lengthMax: number,
  typeOffset: number,
  ipOffset: number,
  nanoseconds: number,
  shift: number,
) => number;

/** Memory that a run works on. */
export interface RunMemory {
  readonly input: Int32Array<ArrayBuffer>;
  readonly output: Int32Array<ArrayBuffer>;
  readonly results: Int32Array<ArrayBuffer>;
}

export function runMemory({ words }: OrdinaryMemory): RunMemory {
  return { input: words((inputBytes + inputSlackBytes) / 4), output: words(outputBytes / 4), results: words(32) };
}

/** The loop over records: each is taken whole, with all that follows from it, or ends the run with nothing changed. */
export function defineRun(
  module: ModuleCode,
  memory: OrdinaryMemory,
  { output, results }: RunMemory,
  { stats, sccpUsers, linkMarks }: DecodeState,
  tools: PacketTools & { bssap: Bssap; groups: Groups },
): void {
  const { bssap, groups, links } = tools;
  const chunksAt = memory.words((chunksMax * chunkBytes) / 4).byteOffset;
  const resultsAt = results.byteOffset;
  const outputAt = output.byteOffset;
  const at = new Local();
  const end = new Local();
  const left = new Local();
  const frame = new Local();
  const untilUs = new Local(f64);
  const lengthMax = new Local();
  const typeOffset = new Local();
  const ipOffset = new Local();
  const nanoseconds = new Local();
  const shift = new Local();
  const start = new Local();
  const frameEnd = new Local();
  const type = new Local();
  const timeS = new Local();
  const fraction = new Local();
  const timeUs = new Local(f64);
  const newestUs = new Local(f64);
  const first = new Local();
  const messages = new Local();
  const isSpent = new Local();
  /** Where the next record goes: behind those of packets that were taken, and behind those of this one. */
  const written = new Local();
  const to = new Local();
  const kept = new Local();
  const tsn = new Local();
  const v = new PacketVariables();
  const sccp = new SccpVariables();
  const stop = new Label();
  const stopAtSccp = new Label();
  const next = new Label();
  const nextChunk = new Label();
  const nextTaken = new Label();

  module.defined(
    'run',
    [at, end, left, frame, untilUs, lengthMax, typeOffset, ipOffset, nanoseconds, shift],
    set(groups.shift, shift),
    set(first, frame),
    set(written, outputAt),
    set(newestUs, float(-1)),
    ...[told.bssap, told.bssmap, told.dtap, told.user].map((word) => store32(resultsAt, word * 4, 0)),
    block(
      stop,
      block(
        stopAtSccp,
        loop(
          next,
          gotoWhen(isZero(left), stop),
          set(isSpent, 1),
          ...frameCode(),
          ...packetCode(start, frameEnd, v, tools, stop),
          set(to, written),
          set(kept, chunksAt),
          loop(
            nextChunk,
            ...chunkCode(v, tools, stop),
            gotoWhen(load8(and(links.linkOf(v.link), linksToldApart - 1), linkMarks.octets.byteOffset), stopAtSccp),
            ...sccpCode(v.user, v.userEnd, sccp, { bssap, groups }, stopAtSccp),
            ...keepCode(),
            ...recordCode(),
            set(v.chunk, add(v.chunk, padded(v.length))),
            gotoWhen(isAtLeast(v.packetEnd, add(v.chunk, 4)), nextChunk),
          ),

          // From here on the packet is taken.
          set(written, to),
          set(frame, add(frame, 1)),
          set(left, subtract(left, 1)),
          set(at, frameEnd),
          set(newestUs, floatMaximum(newestUs, timeUs)),
          loop(
            nextTaken,
            set(kept, subtract(kept, chunkBytes)),
            ...takeCode(),
            gotoWhen(isAbove(kept, chunksAt), nextTaken),
          ),
          goto(next),
        ),
      ),
      ...readCode(),
    ),
    store32(resultsAt, told.frames * 4, subtract(frame, first)),
    store32(resultsAt, told.messages * 4, messages),
    store32(resultsAt, told.outputEnd * 4, written),
    store32(resultsAt, told.isSpent * 4, isSpent),
    storeFloat(resultsAt, newestOffset, newestUs),
    giveBack(at),
    giveBack(0),
  );

  /** The record's header, up to IPv4 at `start`. */
  function frameCode(): Code[] {
    return [
      gotoWhen(isAbove(written, outputAt + outputBytes - chunksMax * recordBytesMax), stop),
      set(start, add(at, recordHeaderBytes)),
      gotoWhen(isAbove(start, end), stop),
      set(frameEnd, add(start, load32(at, 8))),
      // One that claims more than all there is, wraps or may not be that long: that it is corrupt is not for this to say.
      gotoWhen(isAbove(load32(at, 8), lengthMax), stop),
      gotoWhen(isAbove(frameEnd, end), stop),
      set(isSpent, 0),
      set(timeS, load32(at, 0)),
      set(fraction, load32(at, 4)),
      when(nanoseconds, set(fraction, divideUnsigned(fraction, 1000))),
      gotoWhen(isAtLeast(fraction, 1_000_000), stop),
      set(timeUs, floatAdd(floatMultiply(floatOfUnsigned(timeS), float(1_000_000)), floatOfUnsigned(fraction))),
      gotoWhen(floatIsMore(timeUs, untilUs), stop),
      set(type, load16(add(start, typeOffset), 0)),
      set(start, add(start, ipOffset)),
      when(differs(type, ipv4), ...tagsCode()),
    ];
  }

  /** VLAN tags in front of IPv4: what is asked of its header holds them to the frame. IEEE 802.1Q §9.6. */
  function tagsCode(): Code[] {
    const nextTag = new Label();
    const isTag = (tag: number): Code => equal(type, tag);
    return [
      loop(
        nextTag,
        gotoWhen(isZero(or(or(isTag(vlan), isTag(serviceVlan)), isTag(oldServiceVlan))), stop),
        gotoWhen(isAbove(start, frameEnd), stop),
        set(type, load16(start, 2)),
        set(start, add(start, 4)),
        gotoWhen(differs(type, ipv4), nextTag),
      ),
    ];
  }

  /** Of a packet with one chunk: what was read of it. */
  function readCode(): Code[] {
    const values: [number, Value][] = [
      [told.user, v.user],
      [told.userEnd, v.userEnd],
      [told.link, links.linkOf(v.link)],
      [told.opc, links.opc(v.link)],
      [told.dpc, links.dpc(v.link)],
      [told.isFromLower, links.isFromLower(v.link)],
      [told.direction, v.direction],
      [told.remembered, v.remembered],
      [told.mark, v.mark],
    ];
    return [
      gotoWhen(differs(kept, chunksAt), stop),
      gotoWhen(isAtLeast(v.packetEnd, add(add(v.chunk, padded(v.length)), 4)), stop),
      ...values.map(([word, value]) => store32(resultsAt, word * 4, value)),
    ];
  }

  /** What has to be changed if the whole packet is taken. */
  function keepCode(): Code[] {
    return [
      // Copies within a packet are for the strict way to find: here TSNs follow each other.
      when(isAbove(kept, chunksAt), gotoWhen(differs(v.tsn, add(tsn, 1)), stop)),
      gotoWhen(isAtLeast(kept, chunksAt + chunksMax * chunkBytes), stop),
      set(tsn, v.tsn),
      store32(kept, 0, v.remembered),
      store32(kept, 4, v.mark),
      store32(kept, 8, select(sccp.names, links.linkOf(v.link), -1)),
      store32(kept, 12, bssap.types),
      store32(kept, 16, sccp.hasUser),
      set(kept, add(kept, chunkBytes)),
    ];
  }

  function takeCode(): Code[] {
    const type = new Local();
    const types = new Local();
    const tell = (word: number): Code => increase(resultsAt, word * 4);
    const count = (table: Uint32Array, index: Value): Code => increase(shiftLeft(index, 2), table.byteOffset);
    return [
      ...rememberCode(v.direction, load32(kept, 0), load32(kept, 4), timeS),
      when(
        isMore(load32(kept, 8), -1),
        store8(and(load32(kept, 8), linksToldApart - 1), sccpUsers.bssap.byteOffset, 1),
      ),
      set(messages, add(messages, 1)),
      when(load32(kept, 16), tell(told.bssap)),
      set(types, load32(kept, 12)),
      count(stats.sccp, subtract(and(types, 0x1ff), 1)),
      set(type, and(shiftRight(types, 9), 0x1ff)),
      when(type, tell(told.bssmap), count(stats.bssmap, subtract(type, 1))),
      set(type, and(shiftRight(types, 18), 0x1ff)),
      when(
        type,
        tell(told.dtap),
        count(stats.dtap, or(shiftLeft(subtract(shiftRight(types, 27), 1), 8), subtract(type, 1))),
      ),
    ];
  }

  /** The record at `to`, as `MessageBatchWriter.message` writes it. */
  function recordCode(): Code[] {
    const from = new Local();
    const numbersAndAddresses = part.numbers | part.addresses;
    return [
      gotoWhen(equal(and(groups.parts, numbersAndAddresses), numbersAndAddresses), stop),
      set(from, to),
      store32(from, 4, add(frame, 1)),
      storeFloat(from, 8, timeUs),
      store32(from, 16, links.linkOf(v.link)),
      store32(from, 20, links.opc(v.link)),
      store32(from, 24, links.dpc(v.link)),
      store32(from, 28, bssap.types),
      store32(from, 32, sccp.source),
      store32(from, 36, sccp.destination),
      store32(from, 40, sccp.cause),
      store32(from, 44, bssap.transaction),
      set(to, add(from, headWords * 4)),
      groups.append(to),
      store32(
        from,
        0,
        or(
          or(groups.parts, pointCodesBit),
          or(
            multiply(links.isFromLower(v.link), fromLowerBit),
            shiftLeft(shiftRight(subtract(to, from), 2), lengthShift),
          ),
        ),
      ),
    ];
  }
}

/** Adds one to a word. */
function increase(address: Value, offset: number): Code {
  return store32(address, offset, add(load32(address, offset), 1));
}
