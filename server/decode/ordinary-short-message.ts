import {
  add,
  and,
  type Callable,
  type Code,
  differs,
  equal,
  giveBack,
  isAbove,
  isLess,
  isZero,
  Local,
  load8,
  type ModuleCode,
  or,
  select,
  set,
  shiftRight,
  store32,
  subtract,
  when,
} from '../wasm-code.ts';
import { rp } from './dtap-tables.ts';
import { calledCode, failUnless, failWhen } from './ordinary-elements.ts';
import { type Groups, numberSlice } from './ordinary-groups.ts';

const tpDeliver = 0;
const tpSubmit = 1;
const tpCommand = 2;
/** Digits of a TP address. 3GPP TS 23.040 §9.1.2.5. */
const digitsMax = 20;

/**
 * CP-DATA from behind its type, in `start..end`: what `short-message.ts` reads of it, but for RP-ERROR. 3GPP TS 24.011
 * §7.2, §7.3.
 */
export function shortMessageCode(module: ModuleCode, groups: Groups): Callable {
  const start = new Local();
  const end = new Local();
  const type = new Local();
  const at = new Local();
  const originatorEnd = new Local();
  const destinationEnd = new Local();
  const length = new Local();
  const isOneOf = (value: Local, a: number, b: number): Code => or(equal(value, a), equal(value, b));
  /** Where an element of format L V at `from` ends, which must be there. */
  const valueEnd = (variable: Local, from: Local): Code[] => [
    failUnless(isLess(from, end)),
    set(variable, add(add(from, 1), load8(from, 0))),
    failWhen(isAbove(variable, end)),
  ];
  return module.defined(
    null,
    [start, end],
    ...valueEnd(at, start),
    set(end, at),
    set(start, add(start, 1)),
    failWhen(isAbove(add(start, 2), end)),
    set(type, and(load8(start, 0), 7)),
    groups.touchDetail(),
    store32(groups.detail, 16, type),
    when(
      isAbove(type, rp['RP-DATA (network to MS)']),
      giveBack(
        or(isOneOf(type, rp['RP-ACK (MS to network)'], rp['RP-ACK (network to MS)']), equal(type, rp['RP-SMMA'])),
      ),
    ),
    set(start, add(start, 2)),
    ...valueEnd(originatorEnd, start),
    ...valueEnd(destinationEnd, originatorEnd),
    ...valueEnd(at, destinationEnd),
    when(
      isAbove(originatorEnd, add(start, 1)),
      ...groups.setNumber(numberSlice.calling, add(start, 2), subtract(subtract(originatorEnd, start), 2), giveBack(0)),
    ),
    when(isAbove(destinationEnd, add(originatorEnd, 1)), ...calledCode(groups, add(originatorEnd, 1), destinationEnd)),
    set(end, at),
    set(start, add(destinationEnd, 1)),

    // The TPDU: in SMS-DELIVER an originating address, in others a destination. 3GPP TS 23.040 §9.2.2.
    failUnless(isLess(start, end)),
    set(length, and(load8(start, 0), 3)),
    when(
      equal(type, rp['RP-DATA (network to MS)']),
      when(differs(length, tpDeliver), giveBack(1)),
      set(at, add(start, 1)),
    ),
    when(
      differs(type, rp['RP-DATA (network to MS)']),
      when(isZero(isOneOf(length, tpSubmit, tpCommand)), giveBack(1)),
      set(at, add(start, select(equal(length, tpSubmit), 2, 5))),
    ),
    failWhen(isAbove(add(at, 2), end)),
    failWhen(isAbove(load8(at, 0), digitsMax)),
    set(length, add(shiftRight(add(load8(at, 0), 1), 1), 2)),
    failWhen(isAbove(add(at, length), end)),
    when(
      equal(type, rp['RP-DATA (network to MS)']),
      ...groups.setNumber(numberSlice.tpOriginator, at, length, giveBack(0)),
      giveBack(1),
    ),
    ...groups.setNumber(numberSlice.tpDestination, at, length, giveBack(0)),
    giveBack(1),
    giveBack(0),
  );
}
