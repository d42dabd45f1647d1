import {
  add,
  and,
  type Callable,
  type Code,
  equal,
  type Global,
  giveBack,
  isAbove,
  isLess,
  Local,
  load8,
  load32,
  type ModuleCode,
  or,
  set,
  shiftLeft,
  shiftRight,
  store32,
  subtract,
  when,
} from '../wasm-code.ts';
import { type Elements, failUnless, failWhen, load16Big } from './ordinary-elements.ts';
import type { Groups } from './ordinary-groups.ts';
import type { OrdinaryMemory } from './ordinary-memory.ts';
import { ordinaryRecipes, recipeBit, skipMask, skipShift, typeShift } from './ordinary-recipes.ts';
import { shortMessageCode } from './ordinary-short-message.ts';

/** A layer 3 message by its recipe, 3GPP TS 24.007 §11.2.3. */
export function dtapCode(
  module: ModuleCode,
  memory: OrdinaryMemory,
  groups: Groups,
  elements: Elements,
  { types, transaction }: { types: Global; transaction: Global },
): Callable {
  const start = new Local();
  const end = new Local();
  const first = new Local();
  const recipe = new Local();
  const at = new Local();
  const next = new Local();
  const shortMessage = shortMessageCode(module, groups);
  const recipes = memory.words(16 * 256);
  recipes.set(ordinaryRecipes());
  const { detail, place } = groups;
  /** The recipe wants it, and so many octets of it must be there. */
  const wanted = (bit: number, octets: number, ...code: Code[]): Code =>
    when(and(recipe, bit), failWhen(isAbove(add(at, octets), end)), ...code);
  /** The same of format L V, which is read in `at + 1 .. next`. */
  const wantedValue = (bit: number, ...code: Code[]): Code =>
    wanted(bit, 1, set(next, add(add(at, 1), load8(at, 0))), failWhen(isAbove(next, end)), ...code, set(at, next));
  const octet = (bit: number, offset: number, mask: number): Code =>
    wanted(bit, 1, groups.touchDetail(), store32(detail, offset, and(load8(at, 0), mask)), set(at, add(at, 1)));
  return module.defined(
    null,
    [start, end],
    failWhen(isLess(subtract(end, start), 2)),
    set(first, load8(start, 0)),
    set(recipe, load32(shiftLeft(or(shiftLeft(and(first, 0x0f), 8), load8(start, 1)), 2), recipes.byteOffset)),
    failUnless(recipe),
    when(
      and(recipe, recipeBit.transaction),
      // A value of 111 says that the identifier goes on. §11.2.3.1.3.
      failWhen(equal(and(first, 0x70), 0x70)),
      set(transaction, shiftRight(first, 4)),
    ),
    set(
      types,
      or(types, or(shiftLeft(add(shiftRight(recipe, typeShift), 1), 18), shiftLeft(add(and(first, 0x0f), 1), 27))),
    ),
    set(at, add(start, 2)),
    octet(recipeBit.locationUpdatingType, 4, 0x03),
    octet(recipeBit.cmServiceType, 8, 0x0f),
    octet(recipeBit.octetCause, 12, 0xff),
    wanted(
      recipeBit.lai,
      5,
      groups.touchPlace(),
      store32(place, 16, elements.plmn(at)),
      store32(place, 20, load16Big(at, 3)),
      set(at, add(at, 5)),
    ),
    set(at, add(at, and(shiftRight(recipe, skipShift), skipMask))),
    failWhen(isAbove(at, end)),
    wantedValue(recipeBit.value),
    wantedValue(recipeBit.identity, failUnless(elements.identity(add(at, 1), next))),
    wantedValue(recipeBit.cause, failUnless(elements.cause(add(at, 1), next))),
    when(
      and(recipe, recipeBit.elementsBehind | recipeBit.identityBehind | recipeBit.callBehind),
      giveBack(elements.optional(at, end, recipe)),
    ),
    when(and(recipe, recipeBit.shortMessageBehind), giveBack(shortMessage(at, end))),
    giveBack(1),
    giveBack(0),
  );
}
