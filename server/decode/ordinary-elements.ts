import {
  add,
  add64,
  and,
  and64,
  type Callable,
  type Code,
  differs,
  divide64,
  equal,
  floatOfInteger64,
  floatOfUnsigned,
  giveBack,
  goto,
  i64,
  isAbove,
  isAtLeast,
  isLess,
  isZero,
  isZero64,
  Label,
  Local,
  load8,
  load32,
  load64,
  loop,
  type ModuleCode,
  multiply,
  multiply64,
  or,
  or64,
  remainder64,
  rotateLeft,
  select,
  set,
  shiftLeft,
  shiftRight,
  shiftRight64,
  store8,
  store32,
  storeFloat,
  subtract,
  type Value,
  when,
  wrap,
} from '../wasm-code.ts';
import { readPlmn } from './elements.ts';
import { part } from './message.ts';
import { type Groups, numberSlice } from './ordinary-groups.ts';
import { recipeBit } from './ordinary-recipes.ts';

/** Functions here give back 1, or 0 where something is out of the ordinary. */
export const failWhen = (condition: Value): Code => when(condition, giveBack(0));
export const failUnless = (condition: Value): Code => when(isZero(condition), giveBack(0));

/** 16 and 32 bits, the most significant octet first. */
export const load16Big = (at: Value, offset: number): Code =>
  or(shiftLeft(load8(at, offset), 8), load8(at, offset + 1));
export const load32Big = (at: Value, offset: number): Code =>
  or(and(rotateLeft(load32(at, offset), 8), 0x00ff00ff), and(rotateLeft(load32(at, offset), 24), 0xff00ff00));

/** Readers of elements, of `start..end` each. */
export interface Elements {
  readonly identity: Callable;
  readonly cause: Callable;
  /** PLMN of the three octets at `start`, as `packPlmn` packs it. */
  readonly plmn: (start: Value) => Code;
  /** Optional elements; see {@link optionalCode}. */
  readonly optional: Callable;
}

export function elementCode(module: ModuleCode, groups: Groups, plmnOf: Callable): Elements {
  const identity = identityCode(module, groups);
  const cause = causeCode(module, groups);
  // Nearly all PLMNs of a feed are one: the last one is at hand. The octets plus one, as 0 is a value, too.
  const lastOctets = module.global();
  const lastPlmn = module.global();
  const start = new Local();
  const octets = new Local();
  const plmn = module.defined(
    null,
    [start],
    set(octets, and(load32(start, 0), 0xff_ffff)),
    when(differs(lastOctets, add(octets, 1)), set(lastPlmn, plmnOf(octets)), set(lastOctets, add(octets, 1))),
    giveBack(lastPlmn),
    giveBack(0),
  );
  return { identity, cause, plmn, optional: optionalCode(module, groups, identity, cause) };
}

/** A PLMN of three octets, given as one number, the first octet the least significant one. */
export function plmnOfOctets(octets: number): number {
  return readPlmn(Uint8Array.of(octets, octets >> 8, octets >> 16), 0);
}

const nibbles = (x: bigint): bigint => x * 0x1111_1111_1111_1111n;

/**
 * Mobile Identity, 3GPP TS 24.008 §10.5.1.4: a TMSI, an IMSI or IMEI of 15 digits, an IMEISV. Digits are semi-octets
 * from bits 5 to 8 of the first octet on, so with the type blanked out eight octets are 0 and 15 digits; these come
 * together two by two, four by four, and so on.
 */
function identityCode(module: ModuleCode, groups: Groups): Callable {
  const start = new Local();
  const end = new Local();
  const first = new Local();
  const type = new Local();
  const digits = new Local(i64);
  const head = new Local(i64);
  const { identity } = groups;
  /** Each field of `bits` × 2 becomes its low half × `weight` + its high half. */
  const gather = (bits: bigint, weight: bigint, mask: bigint): Code =>
    set(digits, add64(multiply64(and64(digits, mask), weight), and64(shiftRight64(digits, bits), mask)));
  return module.defined(
    null,
    [start, end],
    failUnless(isLess(start, end)),
    set(first, load8(start, 0)),
    set(type, and(first, 7)),
    when(
      equal(type, 4),
      failUnless(equal(subtract(end, start), 5)),
      groups.touchIdentity(),
      storeFloat(identity, 8, floatOfUnsigned(load32Big(start, 1))),
      giveBack(1),
    ),
    // No identity, or a TMGI: neither names a subscriber.
    when(isAtLeast(subtract(type, 1), 3), giveBack(1)),
    // Odd: 15 digits; even: 16.
    failUnless(equal(subtract(end, start), select(and(first, 8), 8, 9))),
    failUnless(or(and(first, 8), differs(type, 1))),
    set(digits, and64(load64(start, 0), -16n)),
    // A semi-octet beyond 9 has bit 4 and one of bits 2 and 3.
    failUnless(
      isZero64(
        and64(and64(shiftRight64(digits, 3n), or64(shiftRight64(digits, 2n), shiftRight64(digits, 1n))), nibbles(1n)),
      ),
    ),
    gather(4n, 10n, 0x0f0f_0f0f_0f0f_0f0fn),
    gather(8n, 100n, 0x00ff_00ff_00ff_00ffn),
    gather(16n, 10_000n, 0x0000_ffff_0000_ffffn),
    gather(32n, 100_000_000n, 0xffff_ffffn),
    when(
      equal(type, 1),
      groups.touchIdentity(),
      storeFloat(identity, 0, floatOfInteger64(digits)),
      store8(identity, 28, 15),
      giveBack(1),
    ),
    // Of equipment the first 14 digits are one number, what is behind them another.
    set(head, divide64(digits, 10n)),
    set(type, wrap(remainder64(digits, 10n))),
    when(
      isZero(and(first, 8)),
      failWhen(isAbove(and(load8(start, 8), 15), 9)),
      set(type, add(multiply(type, 10), and(load8(start, 8), 15))),
    ),
    groups.touchIdentity(),
    storeFloat(identity, 16, floatOfInteger64(head)),
    store32(identity, 24, type),
    store8(identity, 29, select(and(first, 8), 15, 16)),
    giveBack(1),
    giveBack(0),
  );
}

/** Cause of a call, 3GPP TS 24.008 §10.5.4.11. */
function causeCode(module: ModuleCode, groups: Groups): Callable {
  const start = new Local();
  const end = new Local();
  const value = new Local();
  return module.defined(
    null,
    [start, end],
    failUnless(isLess(start, end)),
    set(value, add(start, select(and(load8(start, 0), 0x80), 1, 2))),
    failUnless(isLess(value, end)),
    groups.touchDetail(),
    store32(groups.detail, 12, and(load8(value, 0), 0x7f)),
    giveBack(1),
    giveBack(0),
  );
}

const identityElement = 0x17;
const causeElement = 0x08;
const callingNumber = 0x5c;
const calledNumber = 0x5e;
/** Other elements of calls that say more, or (Signal, in SETUP alone) have no length: 3GPP TS 24.008 §9.3. */
const tellingElements = [0x1c, 0x34, 0x4c];

/** Called party BCD number: type and plan, then digits. 3GPP TS 24.008 §10.5.4.7. */
export function calledCode(groups: Groups, start: Value, end: Value): Code[] {
  return [
    failUnless(isLess(start, end)),
    ...groups.setNumber(numberSlice.called, add(start, 1), subtract(subtract(end, start), 1), giveBack(0)),
    store32(groups.numbers, 32, and(shiftRight(load8(start, 0), 4), 7)),
  ];
}

/** Calling party BCD number: presentation and screening in front of the digits, or not. §10.5.4.9. */
function callingCode(groups: Groups, start: Value, end: Value): Code[] {
  const digits = new Local();
  return [
    failUnless(isLess(start, end)),
    set(digits, add(start, select(and(load8(start, 0), 0x80), 1, 2))),
    failWhen(isAbove(digits, end)),
    ...groups.setNumber(numberSlice.calling, digits, subtract(end, digits), giveBack(0)),
    store32(groups.numbers, 36, and(shiftRight(load8(start, 0), 4), 7)),
  ];
}

/**
 * Optional elements of a layer 3 message: walks over them, and reads the first identity or, of a call, the first cause.
 *
 * @returns a function of `start, end` and the recipe, which says what is looked for
 */
function optionalCode(module: ModuleCode, groups: Groups, identity: Callable, cause: Callable): Callable {
  const at = new Local();
  const end = new Local();
  const recipe = new Local();
  const id = new Local();
  const next = new Local();
  const walk = new Label();
  const hasNoCause = or(isZero(and(groups.parts, part.detail)), isLess(load32(groups.detail, 12), 0));
  return module.defined(
    null,
    [at, end, recipe],
    loop(
      walk,
      when(isAtLeast(at, end), giveBack(1)),
      set(id, load8(at, 0)),
      when(and(id, 0x80), set(at, add(at, 1)), goto(walk)),
      failWhen(isAbove(add(at, 2), end)),
      set(next, add(add(at, 2), load8(at, 1))),
      failWhen(isAbove(next, end)),
      when(
        and(recipe, recipeBit.callBehind),
        ...tellingElements.map((telling) => failWhen(equal(id, telling))),
        when(and(equal(id, causeElement), hasNoCause), failUnless(cause(add(at, 2), next))),
        when(equal(id, calledNumber), ...calledCode(groups, add(at, 2), next)),
        when(equal(id, callingNumber), ...callingCode(groups, add(at, 2), next)),
      ),
      when(
        and(recipe, recipeBit.identityBehind),
        when(
          equal(id, identityElement),
          failUnless(identity(add(at, 2), next)),
          // The first one counts.
          set(recipe, recipeBit.elementsBehind),
        ),
      ),
      set(at, next),
      goto(walk),
    ),
    giveBack(0),
  );
}
