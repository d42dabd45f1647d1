import {
  add,
  and,
  block,
  type Code,
  differs,
  equal,
  goto,
  gotoWhen,
  isAbove,
  isAtLeast,
  isLess,
  isZero,
  Label,
  Local,
  load8,
  load32,
  loop,
  set,
  shiftLeft,
  shiftRight,
  store32,
  subtract,
  type Value,
  when,
} from '../wasm-code.ts';
import type { Bssap } from './ordinary-bssap.ts';
import type { Groups } from './ordinary-groups.ts';
import { bssapSubsystem, sccp, sccpParameter } from './sccp-tables.ts';

/** What an ordinary SCCP message says, in variables of the function that reads it. */
export class SccpVariables {
  /** −1: not there. */
  readonly source = new Local();
  readonly destination = new Local();
  readonly cause = new Local();
  /** 1 where it has user data of BSSAP. */
  readonly hasUser = new Local();
  /** 1 where it names BSSAP. */
  readonly names = new Local();
}

/**
 * An SCCP message of an ordinary kind in `user..userEnd`, ITU-T Q.713 §4, with BSSAP in it: DT1, CR, CC, RLSD, RLC, UDT.
 * Goes to `other` wherever it differs from one without anything unusual.
 */
export function sccpCode(
  user: Local,
  end: Local,
  v: SccpVariables,
  { bssap, groups }: { bssap: Bssap; groups: Groups },
  other: Label,
): Code[] {
  const type = new Local();
  const data = new Local();
  const dataEnd = new Local();
  const messageEnd = new Local();
  const done = new Label();
  const isElse = (condition: Value): Code => gotoWhen(condition, other);
  const isNot = (a: Value, b: Value): Code => isElse(differs(a, b));
  const reference = (offset: number): Code => shiftRight(load32(user, offset), 8);
  const of = (wanted: number, ...code: Code[]): Code => when(equal(type, wanted), ...code, goto(done));
  /** BSSMAP of `data..dataEnd`, behind its discrimination and length. 3GPP TS 48.006 §9.3. */
  const management = [
    isElse(isLess(subtract(dataEnd, data), 3)),
    isElse(load8(data, 0)),
    set(messageEnd, add(add(data, 2), load8(data, 1))),
    isElse(isAbove(messageEnd, dataEnd)),
    isElse(isZero(bssap.bssmap(add(data, 2), messageEnd))),
    set(v.hasUser, 1),
  ];
  return [
    isElse(isLess(subtract(end, user), 7)),
    set(type, load8(user, 0)),
    set(v.source, -1),
    set(v.destination, reference(0)),
    set(v.cause, -1),
    set(v.hasUser, 0),
    set(v.names, 0),
    set(groups.parts, 0),
    set(bssap.transaction, -1),
    set(bssap.types, add(type, 1)),
    block(
      done,
      of(sccp.DT1, ...dataFormCode()),
      of(sccp.CC, isElse(isLess(subtract(end, user), 9)), isElse(load8(user, 8)), set(v.source, reference(3))),
      of(
        sccp.RLSD,
        isElse(isLess(subtract(end, user), 9)),
        isElse(load8(user, 8)),
        set(v.source, reference(3)),
        set(v.cause, load8(user, 7)),
      ),
      of(sccp.RLC, set(v.source, reference(3))),
      of(sccp.CR, ...requestCode()),
      of(sccp.UDT, ...unitdataCode()),
      goto(other),
    ),
  ];

  /** No segment follows, and the data stands right behind the pointer. §4.7. */
  function dataFormCode(): Code[] {
    const word = new Local();
    return [
      isElse(isLess(subtract(end, user), 10)),
      set(word, load32(user, 4)),
      isNot(and(word, 0xff01), 0x0100),
      set(data, add(user, 7)),
      set(dataEnd, add(data, and(shiftRight(word, 16), 0xff))),
      isElse(isAbove(dataEnd, end)),
      set(v.hasUser, 1),
      when(
        equal(shiftRight(word, 24), 1),
        // DTAP: discrimination, data link connection identifier, length.
        set(messageEnd, add(add(data, 3), load8(data, 2))),
        isElse(isAbove(messageEnd, dataEnd)),
        isElse(isZero(bssap.dtap(add(data, 3), messageEnd))),
        goto(done),
      ),
      isElse(shiftRight(word, 24)),
      set(messageEnd, add(add(data, 2), load8(data, 1))),
      isNot(messageEnd, dataEnd),
      // Of types that can stand in no connection somebody else may be meant: see `maybeBssap`.
      isElse(isZero(and(load8(data, 2), 0x3f))),
      isElse(isZero(bssap.bssmap(add(data, 2), messageEnd))),
    ];
  }

  /**
   * The variable part that the pointer at `user + at` shows, an address that is a subsystem number (with a point code
   * or not): the number into the addresses' word at `offset`. ITU-T Q.713 §3.4.
   */
  function addressCode(start: Local, length: Local, offset: number): Code[] {
    const indicator = new Local();
    return [
      set(indicator, and(load8(start, 0), 0x3f)),
      isNot(and(indicator, 0x3e), 2),
      // Two octets, or four with the point code between.
      isNot(length, subtract(shiftLeft(indicator, 1), 2)),
      groups.touchAddresses(),
      store32(groups.addresses, offset, load8(subtract(add(start, length), 1), 0)),
    ];
  }

  /** Follows the pointer at `user + at`: value and length of what it shows. §2.3. */
  function variableCode(at: number, start: Local, length: Local): Code[] {
    return [
      isElse(isZero(load8(user, at))),
      set(start, add(add(user, at), load8(user, at))),
      isElse(isAtLeast(start, end)),
      set(length, load8(start, 0)),
      set(start, add(start, 1)),
      isElse(isAbove(add(start, length), end)),
    ];
  }

  /** Called address, and in the optional part the data and a calling address. §4.2. */
  function requestCode(): Code[] {
    const at = new Local();
    const name = new Local();
    const length = new Local();
    const calling = new Local();
    const walk = new Label();
    const walked = new Label();
    const start = new Local();
    return [
      set(v.source, v.destination),
      set(v.destination, -1),
      ...variableCode(5, start, length),
      ...addressCode(start, length, 0),
      isNot(load32(groups.addresses, 0), bssapSubsystem),
      set(v.names, 1),
      set(data, 0),
      set(calling, 0),
      gotoWhen(isZero(load8(user, 6)), done),
      set(at, add(add(user, 6), load8(user, 6))),
      isElse(isAtLeast(at, end)),
      block(
        walked,
        loop(
          walk,
          gotoWhen(isAtLeast(at, end), walked),
          set(name, load8(at, 0)),
          gotoWhen(equal(name, sccpParameter.endOfOptionalParameters), walked),
          isElse(isAbove(add(at, 2), end)),
          set(length, load8(at, 1)),
          set(start, add(at, 2)),
          set(at, add(start, length)),
          isElse(isAbove(at, end)),
          when(equal(name, sccpParameter.data), isElse(data), set(data, start), set(dataEnd, at)),
          when(
            equal(name, sccpParameter.callingPartyAddress),
            isElse(calling),
            set(calling, 1),
            ...addressCode(start, length, 12),
          ),
          isElse(equal(name, sccpParameter.calledPartyAddress)),
          goto(walk),
        ),
      ),
      when(data, ...management),
    ];
  }

  /** Class and three pointers. §4.10. */
  function unitdataCode(): Code[] {
    const start = new Local();
    const length = new Local();
    return [
      set(v.destination, -1),
      ...variableCode(2, start, length),
      ...addressCode(start, length, 0),
      isNot(load32(groups.addresses, 0), bssapSubsystem),
      set(v.names, 1),
      ...variableCode(3, start, length),
      ...addressCode(start, length, 12),
      ...variableCode(4, data, length),
      set(dataEnd, add(data, length)),
      ...management,
    ];
  }
}
