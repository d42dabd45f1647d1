import {
  add,
  and,
  and64,
  block,
  type Callable,
  type Code,
  differs,
  equal,
  equal64,
  giveBack,
  goto,
  gotoWhen,
  isAbove,
  isAtLeast,
  isBelow,
  isZero,
  Label,
  Local,
  load8,
  load16,
  load32,
  load64,
  loop,
  type ModuleCode,
  multiply,
  or,
  rotateLeft,
  select,
  set,
  shiftLeft,
  shiftRight,
  store32,
  store64,
  subtract,
  type Value,
  when,
  xor,
} from '../wasm-code.ts';
import { load16Big, load32Big } from './ordinary-elements.ts';
import type { OrdinaryMemory } from './ordinary-memory.ts';
import { bytesPerWay, type SctpDirections, tsnsRemembered, waysLog2 } from './sctp-directions.ts';

/** Octets of IPv4 and SCTP header, and of DATA, M3UA header and Protocol Data in front of its user's octets. */
const packetHeader = 20 + 12;
const chunkHeaders = 16 + 8 + 16;
/** The first octet of an IPv4 header without options. RFC 791 §3.1. */
const versionAndLength = 0x45;
/** Fragment offset and more fragments, time to live, protocol, as they stand in octets 4 to 11. RFC 791 §3.1. */
const fragmentAndProtocol = 0x0000_ff00_ff3f_0000n;
const wholeSctp = 132n << 40n;
const sack = 3;
/** Type DATA; beginning and end of a message. RFC 9260 §3.3.1. The first octet is the least significant one. */
const typeAndFragmentation = 0x03ff;
const wholeMessage = 0x0300;
const m3ua = 0x0300_0000;
/** Version 1, DATA. RFC 4666 §3.1. */
const m3uaData = 0x0101_0001;
const protocolData = 0x1002;
const networkAppearance = 0x0800_0002;
const eightOctets = 0x0800;
const sccpUser = 3;

/** Links that are at hand by their point codes: a power of two. */
const linksAtHand = 2048;
const linkBytesLog2 = 5;

/** What is asked for a packet: tables that JavaScript has, too, and ways to it. */
export interface PacketTools {
  directions: SctpDirections;
  directionOf: Callable;
  links: LinksAtHand;
  fingerprint: Callable;
}

/** The length in a chunk's first word. */
const lengthOf = (header: Local): Code => or(and(shiftRight(header, 24), 0xff), and(shiftRight(header, 8), 0xff00));
/** Where a chunk of this length ends with its padding. */
export const padded = (length: Value): Code => and(add(length, 3), -4);

/** What an ordinary packet says up to SCCP, in variables of the function that reads it. */
export class PacketVariables {
  /** User octets of M3UA. */
  readonly user = new Local();
  readonly userEnd = new Local();
  readonly packetEnd = new Local();
  readonly tag = new Local();
  readonly ports = new Local();
  readonly chunk = new Local();
  readonly chunkEnd = new Local();
  readonly length = new Local();
  readonly tsn = new Local();
  /** Entry of {@link LinksAtHand}. */
  readonly link = new Local();
  /** Memory of the packet's direction (0: to be asked for), where it remembers the chunk, and what marks the chunk. */
  readonly direction = new Local();
  readonly remembered = new Local();
  readonly mark = new Local();
}

/**
 * Links by the octets of their point codes as M3UA has them, so that those of a feed are found without JavaScript; each
 * entry 32 octets: both codes as they stand, network, link, OPC, DPC, 1 where the sender is the lower side.
 */
export class LinksAtHand {
  readonly words: Int32Array<ArrayBuffer>;
  readonly #ask: Callable;

  constructor({ words }: OrdinaryMemory, linkOf: Callable) {
    this.words = words(linksAtHand << (linkBytesLog2 - 2));
    this.#ask = linkOf;
  }

  /** Makes `entry` that of the codes at `codes`, which differ, of a network. */
  find(entry: Local, codes: Local, network: Local): Code {
    const hash = add(multiply(load32(codes, 0), 0x9e3779b1), multiply(load32(codes, 4), 0x85ebca6b));
    const opc = load32(entry, 16);
    const dpc = load32(entry, 20);
    return block(
      new Label(),
      set(entry, shiftLeft(shiftRight(hash, 32 - Math.log2(linksAtHand)), linkBytesLog2)),
      set(entry, add(entry, this.words.byteOffset)),
      when(
        or(isZero(equal64(load64(entry, 0), load64(codes, 0))), differs(load32(entry, 8), network)),
        store32(entry, 16, load32Big(codes, 0)),
        store32(entry, 20, load32Big(codes, 4)),
        // JavaScript may let go of all entries, this one too: so it is filled behind the call.
        store32(entry, 12, this.#ask(opc, dpc, network)),
        store64(entry, 0, load64(codes, 0)),
        store32(entry, 8, network),
        store32(entry, 16, load32Big(codes, 0)),
        store32(entry, 20, load32Big(codes, 4)),
        store32(entry, 24, isBelow(opc, dpc)),
      ),
    );
  }

  linkOf = (entry: Local): Code => load32(entry, 12);
  opc = (entry: Local): Code => load32(entry, 16);
  dpc = (entry: Local): Code => load32(entry, 20);
  isFromLower = (entry: Local): Code => load32(entry, 24);
}

/**
 * The headers of an IPv4 packet at `ip`, in a frame up to `end`: no options, no fragment, SCTP, a SACK or none in front of
 * its first DATA chunk. Goes to `other` wherever it differs, with nothing changed.
 */
export function packetCode(
  ip: Local,
  end: Local,
  v: PacketVariables,
  { directions }: PacketTools,
  other: Label,
): Code[] {
  const header = new Local();
  const { tag, ports } = v;
  const slot = new Local();
  const isElse = (condition: Value): Code => gotoWhen(condition, other);
  return [
    isElse(isAbove(add(ip, packetHeader + chunkHeaders), end)),
    isElse(differs(load8(ip, 0), versionAndLength)),
    set(v.packetEnd, add(ip, load16Big(ip, 2))),
    isElse(isAbove(v.packetEnd, end)),
    isElse(isZero(equal64(and64(load64(ip, 4), fragmentAndProtocol), wholeSctp))),
    set(v.chunk, add(ip, packetHeader)),
    set(header, load32(v.chunk, 0)),
    when(
      equal(and(header, 0xff), sack),
      isElse(isBelow(lengthOf(header), 4)),
      set(v.chunk, add(v.chunk, padded(lengthOf(header)))),
    ),

    // The same place in the same table as `SctpDirections.find`, which is asked where another direction is in front.
    set(ports, load32Big(ip, 20)),
    set(tag, load32Big(ip, 24)),
    set(slot, xor(multiply(tag, 0x9e3779b1), multiply(ports, 0x85ebca6b))),
    set(slot, and(xor(slot, shiftRight(slot, 16)), directions.mask)),
    set(slot, add(shiftLeft(slot, waysLog2 + Math.log2(bytesPerWay)), directions.keys.byteOffset)),
    set(v.direction, select(and(equal(load32(slot, 0), tag), equal(load32(slot, 4), ports)), load32(slot, 8), 0)),
  ];
}

/**
 * `decodeOrdinary` from its DATA chunk on: the chunk at `v.chunk`, a whole message of M3UA for SCCP between two point
 * codes, which was not seen before. Goes to `other` wherever it differs, with nothing changed.
 */
export function chunkCode(v: PacketVariables, { directionOf, links, fingerprint }: PacketTools, other: Label): Code[] {
  const { chunk, chunkEnd, length } = v;
  const header = new Local();
  const parameter = new Local();
  const network = new Local();
  const parameters = new Label();
  const found = new Label();
  const isElse = (condition: Value): Code => gotoWhen(condition, other);
  const isNot = (a: Value, b: Value): Code => isElse(differs(a, b));
  return [
    isElse(isAbove(add(chunk, chunkHeaders), v.packetEnd)),
    set(header, load32(chunk, 0)),
    isNot(and(header, typeAndFragmentation), wholeMessage),
    set(length, lengthOf(header)),
    set(chunkEnd, add(chunk, length)),
    isElse(isBelow(length, chunkHeaders)),
    isElse(isAbove(chunkEnd, v.packetEnd)),
    isNot(load32(chunk, 12), m3ua),

    isNot(load32(chunk, 16), m3uaData),
    isNot(load32Big(chunk, 20), subtract(length, 16)),
    set(parameter, add(chunk, 24)),
    set(network, 0),
    block(
      found,
      loop(
        parameters,
        gotoWhen(equal(load16(parameter, 0), protocolData), found),
        when(equal(load32(parameter, 0), networkAppearance), set(network, xor(load32Big(parameter, 4), -1))),
        isNot(load16(parameter, 2), eightOctets),
        set(parameter, add(parameter, 8)),
        isElse(isAbove(add(parameter, 16), chunkEnd)),
        goto(parameters),
      ),
    ),
    set(v.user, add(parameter, 16)),
    set(v.userEnd, add(parameter, load16Big(parameter, 2))),
    isElse(isAbove(v.user, v.userEnd)),
    // It ends the chunk but for padding: below 0 is above 3, too.
    isElse(isAbove(subtract(chunkEnd, v.userEnd), 3)),
    isNot(load8(parameter, 12), sccpUser),
    set(parameter, add(parameter, 4)),
    isElse(equal(load32(parameter, 0), load32(parameter, 4))),

    when(isZero(v.direction), set(v.direction, directionOf(v.tag, v.ports)), isElse(isZero(v.direction))),
    set(v.tsn, load32Big(chunk, 4)),
    set(v.mark, xor(fingerprint(chunk, length), multiply(v.tsn, 0x9e3779b1))),
    set(v.mark, select(v.mark, v.mark, 1)),
    set(v.remembered, add(v.direction, shiftLeft(and(v.tsn, tsnsRemembered - 1), 3))),
    isElse(equal(load32(v.remembered, 0), v.mark)),
    // A copy teaches no link, as it does not in the strict way: the table's numbers are to be the same in both.
    links.find(v.link, parameter, network),
  ];
}

/** Remembers a chunk of a direction, as `SctpDirection.isDuplicate` does with one that is none. */
export function rememberCode(direction: Local, remembered: Value, mark: Value, timeS: Local): Code[] {
  return [store32(remembered, 0, mark), store32(remembered, 4, timeS), store32(direction, tsnsRemembered * 8, 0)];
}

/** `fingerprint` of `sctp.ts`: the hash of the chunk at `at`, of `length` octets. */
export function fingerprintCode(module: ModuleCode): Callable {
  const at = new Local();
  const length = new Local();
  const last = new Local();
  const even = new Local();
  const odd = new Local();
  const hash = new Local();
  const walk = new Label();
  const done = new Label();
  const mixEven = multiply(xor(even, load32(at, 0)), 0x85ebca6b);
  const mixOdd = multiply(xor(odd, load32(at, 4)), 0xc2b2ae35);
  return module.defined(
    null,
    [at, length],
    set(last, subtract(add(at, length), 8)),
    set(at, add(at, 8)),
    set(even, length),
    block(
      done,
      loop(
        walk,
        gotoWhen(isAtLeast(at, last), done),
        set(even, rotateLeft(mixEven, 15)),
        set(odd, rotateLeft(mixOdd, 13)),
        set(at, add(at, 8)),
        goto(walk),
      ),
    ),
    set(at, last),
    set(even, mixEven),
    set(odd, mixOdd),
    set(hash, xor(multiply(xor(even, shiftRight(even, 15)), 0x9e3779b1), odd)),
    giveBack(xor(hash, shiftRight(hash, 16))),
    giveBack(0),
  );
}
