import { part } from '../decode/message.ts';
import { beyondHead, fromLowerShift, lengthShift } from '../decode/message-record.ts';
import { causeList, packCause } from '../events/cause.ts';
import { noCause } from '../events/event-batch.ts';
import { outcomeCode } from '../events/kinds.ts';
import * as w from '../wasm-code.ts';
import { connectionFlag as flag } from './connection-flags.ts';
import { handoverSuccessful, sccp } from './message-types.ts';
import { areaNumbers, areaShift, effect } from './plain-effects.ts';
import {
  base,
  control,
  findConnection,
  inHot,
  initiatorSide,
  inMessage,
  inUplink,
  isThere,
  m,
  none,
  setBases,
} from './plain-lookup.ts';
import { procedureState as state } from './procedures.ts';

const { add, and, differs, equal, goto, gotoWhen, isZero, Label, Local, load32, load64, load8, or, set } = w;
const { shiftLeft, shiftRight, store32, store64, store8, subtract, when, xor } = w;

/** Takes records from `at` on up to `end` (addresses), at most `max`, none later than `untilUs`. @returns where it stopped */
export type PlainKernel = (control: number, at: number, end: number, max: number, untilUs: number) => number;

// Further places, see `plain-lookup.ts`.
const inIdentity = { imsi: 48, imsiHigh: 52, imeiHigh: 68, imsiDigits: 76 };
const inDetail = { bssmapCause: 48, cause: 60 };
const inCold = { heldHigh: 4, pending: 56, partner: 60 };
const inProcedure = { lastUs: 8, outcome: 17, state: 19, transaction: 20, cause: 22, cell: 24, next: 28 };
/** An IMSI of so many digits is packed as it is (`packImsi`). */
const plainDigits = 15;

const flags = load32(m.record, inHot.flags);
const setFlags = (value: w.Value): w.Code => store32(m.record, inHot.flags, value);
const procedureOf = (handle: w.Value): w.Code => add(base.procedures, shiftLeft(handle, 2));
const stateOf = (procedure: w.Value): w.Code => load8(procedure, inProcedure.state);

/** Goes through the connection's procedures, oldest first; `each` finds one in `procedure`, whose handle is in `handle`. */
function procedures(handle: w.Local, procedure: w.Local, ...each: w.Code[]): w.Code {
  const [next, end] = [new Label(), new Label()];
  return w.block(
    end,
    set(handle, load32(m.record, inUplink.firstProcedure)),
    w.loop(
      next,
      gotoWhen(equal(handle, none), end),
      set(procedure, procedureOf(handle)),
      ...each,
      set(handle, load32(procedure, inProcedure.next)),
      goto(next),
    ),
  );
}

/** Whether the message comes from the radio side, as `ConnectionRecords.isUplink`. */
const isUplink = equal(equal(initiatorSide(m.record), differs(and(flags, flag.bssInitiated), 0)), m.side);

/** The phone was heard; by a message of procedure `handle`, at `procedure`. */
function heard(handle: w.Local, procedure: w.Local): w.Code[] {
  const { record, at } = m;
  return [
    store64(record, inHot.uplinkUs, load64(at, inMessage.time)),
    store32(record, inUplink.cell, load32(record, inHot.cell)),
    setFlags(and(flags, ~flag.uplinkSighted)),
    store32(record, inUplink.procedure, handle),
    when(
      differs(handle, none),
      when(
        differs(load8(procedure, inProcedure.outcome), outcomeCode.dropped),
        store64(procedure, inProcedure.lastUs, load64(at, inMessage.time)),
      ),
      store32(procedure, inProcedure.cell, load32(record, inHot.cell)),
    ),
  ];
}

/** Mobility management: the newest procedure that is no handover. */
function heardOnly(taken: w.Label, other: w.Label): w.Code[] {
  const [handle, procedure, current, found] = [new Local(), new Local(), new Local(), new Local()];
  return [
    gotoWhen(m.beyond, other),
    gotoWhen(isZero(isUplink), taken),
    set(current, none),
    procedures(
      handle,
      procedure,
      when(isZero(and(stateOf(procedure), state.held)), set(current, handle), set(found, procedure)),
    ),
    ...heard(current, found),
    goto(taken),
  ];
}

/** A message of a transaction that is under way: as `Dialogues.directTransfer`. */
function transaction(taken: w.Label, other: w.Label): w.Code[] {
  const { at, beyond, types } = m;
  const [handle, procedure, key, uplink, done] = [new Local(), new Local(), new Local(), new Local(), new Local()];
  const [identifier, cause, found] = [new Local(), new Local(), new Label()];
  const does = (what: number): w.Code => and(m.effect, what);
  return [
    gotoWhen(and(beyond, ~part.detail), other),
    set(uplink, isUplink),
    set(identifier, load32(at, inMessage.transaction)),
    when(and(isZero(uplink), isThere(identifier)), set(identifier, xor(identifier, 8))),
    set(key, or(shiftLeft(subtract(shiftRight(types, 27), 1), 12), and(identifier, 0xfff))),
    w.block(
      found,
      procedures(
        handle,
        procedure,
        gotoWhen(
          and(
            equal(w.load16(procedure, inProcedure.transaction), key),
            isZero(and(stateOf(procedure), state.finished)),
          ),
          found,
        ),
      ),
      goto(other),
    ),
    set(done, does(effect.finishes)),
    when(and(stateOf(procedure), state.relayed), set(done, or(done, does(effect.finishesRelayed)))),
    // Where another procedure goes on, one that is through gets its row.
    when(
      done,
      gotoWhen(differs(load32(m.record, inUplink.firstProcedure), handle), other),
      gotoWhen(differs(load32(procedure, inProcedure.next), none), other),
    ),
    when(uplink, ...heard(handle, procedure)),
    when(does(effect.answers), store8(procedure, inProcedure.state, or(stateOf(procedure), state.answered))),
    when(
      does(effect.releases),
      store8(procedure, inProcedure.state, or(stateOf(procedure), state.releasing)),
      set(cause, none),
      when(beyond, set(cause, load32(at, inDetail.cause))),
      when(
        and(isThere(cause), equal(w.load16(procedure, inProcedure.cause), noCause)),
        store8(procedure, inProcedure.cause, cause),
        store8(procedure, inProcedure.cause + 1, or(packCause(causeList.cc, 0) >> 8, and(shiftRight(cause, 8), 0xf))),
      ),
    ),
    when(done, store8(procedure, inProcedure.state, or(stateOf(procedure), state.finished))),
    goto(taken),
  ];
}

/** CLEAR COMMAND that ends neither a handover nor a call: as `Dialogues.cleared`. */
function clears(taken: w.Label, other: w.Label): w.Code[] {
  const { at, cold } = m;
  const [handle, procedure] = [new Local(), new Local()];
  const stages = state.answered | state.finished | state.releasing;
  return [
    gotoWhen(differs(m.beyond, part.detail), other),
    gotoWhen(and(flags, flag.cleared), taken),
    gotoWhen(and(flags, flag.clearRequested | flag.handoverOpen), other),
    gotoWhen(equal(load32(at, inDetail.bssmapCause), handoverSuccessful), other),
    gotoWhen(differs(and(load32(cold, inCold.pending), load32(cold, inCold.partner)), none), other),
    procedures(handle, procedure, gotoWhen(equal(and(stateOf(procedure), stages), state.answered), other)),
    setFlags(or(flags, flag.cleared)),
    goto(taken),
  ];
}

/** A message that may tell an IMSI, which is known already: as `Sightings.learn`. */
function identifies(taken: w.Label, other: w.Label): w.Code[] {
  const { at, beyond } = m;
  return [
    gotoWhen(isZero(beyond), taken),
    gotoWhen(differs(beyond, part.identity), other),
    gotoWhen(isThere(load32(at, inIdentity.imeiHigh)), other),
    gotoWhen(isZero(isThere(load32(at, inIdentity.imsiHigh))), taken),
    gotoWhen(differs(load8(at, inIdentity.imsiDigits), plainDigits), other),
    gotoWhen(isZero(w.equal64(load64(at, inIdentity.imsi), load64(m.record, inHot.imsi))), other),
    goto(taken),
  ];
}

/** DATA FORM 1. */
function data(taken: w.Label, other: w.Label): w.Code[] {
  const { record, types } = m;
  const place = new Local();
  const area = load8(add(base.effects, shiftRight(types, 27)), areaNumbers);
  const dtapType = and(shiftRight(types, 18), 0x1ff);
  return [
    set(place, and(shiftRight(types, 9), 0x1ff)),
    when(isZero(place), gotoWhen(isZero(area), other), set(place, add(shiftLeft(area, areaShift), dtapType))),
    set(m.effect, load8(add(base.effects, place), 0)),
    gotoWhen(isZero(m.effect), other),
    ...findConnection(other),
    gotoWhen(isZero(record), other),
    // On which side its core is may still have to be found out.
    gotoWhen(equal(load32(record, inUplink.scope), none), other),
    set(m.cold, add(base.cold, subtract(record, base.hot))),
    when(equal(m.effect, effect.identifies), ...identifies(taken, other)),
    when(equal(m.effect, effect.heard), ...heardOnly(taken, other)),
    when(and(m.effect, effect.transaction), ...transaction(taken, other)),
    when(equal(m.effect, effect.clears), ...clears(taken, other)),
    gotoWhen(m.beyond, other),
    gotoWhen(and(flags, flag.updatePending), other),
    gotoWhen(isThere(load32(m.cold, inCold.heldHigh)), other),
    goto(taken),
  ];
}

/** CONNECTION CONFIRM, RELEASED and RELEASE COMPLETE without user data. */
function connectionControl(released: w.Local, taken: w.Label, counted: w.Label, other: w.Label): w.Code[] {
  const { record, sccpType, types } = m;
  const isReleased = equal(sccpType, sccp.released);
  const isComplete = equal(sccpType, sccp.releaseComplete);
  return [
    gotoWhen(or(shiftRight(types, 9), m.beyond), other),
    gotoWhen(isZero(or(or(isReleased, isComplete), equal(sccpType, sccp.connectionConfirm))), other),
    ...findConnection(other),
    when(isComplete, gotoWhen(record, other), goto(counted)),
    gotoWhen(isZero(record), other),
    gotoWhen(isZero(isReleased), taken),
    // Rows are written by JavaScript.
    store64(record, inHot.lastUs, load64(m.at, inMessage.time)),
    store32(released, 0, record),
    goto(other),
  ];
}

let compiled: WebAssembly.Module | null = null;

/**
 * The ordinary messages of ordinary connections as WebAssembly, one after the other: what they do stands in the classes
 * that do the same for all the others, and a test holds both to it. Nothing is changed by a message that is left over.
 */
export function plainKernel(memory: WebAssembly.Memory): PlainKernel {
  compiled ??= compile();
  return new WebAssembly.Instance(compiled, { owner: { memory } }).exports.run as PlainKernel;
}

function compile(): WebAssembly.Module {
  const { at, head, types, time } = m;
  const [where, end, max, until] = [new Local(), new Local(), new Local(), new Local(w.f64)];
  const [released, given, frame, newest] = [new Local(), new Local(), new Local(), new Local(w.f64)];
  const behind = new Local();
  const [next, out, counted, taken] = [new Label(), new Label(), new Label(), new Label()];
  const module = new w.ModuleCode();
  module.defined(
    'run',
    [where, at, end, max, until],
    ...setBases(where),
    set(released, add(where, control.released * 4)),
    store32(released, 0, 0),
    w.block(
      out,
      w.loop(
        next,
        gotoWhen(w.isAtLeast(at, end), out),
        gotoWhen(equal(given, max), out),
        set(head, load32(at, 0)),
        set(behind, add(at, shiftLeft(shiftRight(head, lengthShift), 2))),
        gotoWhen(w.isAbove(behind, end), out),
        set(time, w.loadFloat(at, inMessage.time)),
        gotoWhen(w.floatIsMore(time, until), out),
        set(m.beyond, and(head, beyondHead)),
        set(types, load32(at, inMessage.types)),
        set(m.sccpType, subtract(and(types, 0x1ff), 1)),
        set(m.side, and(shiftRight(head, fromLowerShift), 1)),
        set(m.link, load32(at, inMessage.link)),
        set(m.source, load32(at, inMessage.source)),
        set(m.destination, load32(at, inMessage.destination)),
        w.block(
          counted,
          w.block(
            taken,
            when(equal(m.sccpType, sccp.dataForm1), ...data(taken, out)),
            ...connectionControl(released, taken, counted, out),
          ),
          store64(m.record, inHot.lastUs, load64(at, inMessage.time)),
        ),
        set(given, add(given, 1)),
        set(frame, load32(at, inMessage.frame)),
        set(newest, w.floatMaximum(newest, time)),
        set(at, behind),
        goto(next),
      ),
    ),
    store32(where, control.given * 4, given),
    store32(where, control.frame * 4, frame),
    w.storeFloat(where, control.newestUs * 4, newest),
    w.giveBack(at),
  );
  return module.compile();
}
