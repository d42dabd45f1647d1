import * as w from '../wasm-code.ts';
import { sccp } from './message-types.ts';
import { tableState } from './reference-table.ts';

const { add, and, differs, equal, gotoWhen, isMore, isZero, Label, Local, load32, or, set } = w;
const { shiftLeft, shiftRight, store32, subtract, when, xor } = w;

/** Words by which JavaScript and the kernel talk; the time is a float64 in two of them. */
export const control = {
  given: 0,
  frame: 1,
  newestUs: 2,
  released: 4,
  hot: 5,
  cold: 6,
  procedures: 7,
  effects: 8,
  table: 9,
};
export const controlWords = 16;

// Places in the record of a message, octets (`message-record.ts`).
export const inMessage = { frame: 4, time: 8, link: 16, types: 28, source: 32, destination: 36, transaction: 44 };
// In the two lines of a connection (`connection-records.ts`) and in a procedure (`procedures.ts`).
export const inHot = { lastUs: 0, uplinkUs: 8, imsi: 16, link: 24, flags: 28, initiator: 32, responder: 36, cell: 40 };
export const inUplink = { cell: 44, procedure: 48, firstProcedure: 52, scope: 60 };
export const none = -1;

/** A value that is no negative number, of 32 bits or the upper half of a float64. */
export const isThere = (value: w.Value): w.Code => isMore(value, -1);

/** What the kernel works on: addresses of the tables, and where the table of references has what. */
export const base = {
  hot: new Local(),
  cold: new Local(),
  procedures: new Local(),
  effects: new Local(),
  table: new Local(),
  slots: new Local(),
  lastOctet: new Local(),
  shift: new Local(),
};
const slotBytesLog2 = 3;

export function setBases(controlAt: w.Value): w.Code[] {
  const from = (word: number): w.Code => load32(controlAt, word * 4);
  const ofTable = (word: number): w.Code => load32(base.table, word * 4);
  return [
    set(base.hot, from(control.hot)),
    set(base.cold, from(control.cold)),
    set(base.procedures, from(control.procedures)),
    set(base.effects, from(control.effects)),
    set(base.table, from(control.table)),
    set(base.slots, ofTable(tableState.address)),
    set(base.lastOctet, ofTable(tableState.lastOctet)),
    set(base.shift, ofTable(tableState.shift)),
  ];
}

/** The message that is looked at, and what was found out about it. */
export const m = {
  at: new Local(),
  head: new Local(),
  beyond: new Local(),
  types: new Local(),
  sccpType: new Local(),
  side: new Local(),
  link: new Local(),
  source: new Local(),
  destination: new Local(),
  time: new Local(w.f64),
  effect: new Local(),
  /** Address of its connection's first line, 0: none; the other line, and its procedure. */
  record: new Local(),
  cold: new Local(),
  procedure: new Local(),
};
const place = new Local();
const slot = new Local();

/** Number of the side that opened the connection. */
export const initiatorSide = (record: w.Value): w.Code => and(shiftRight(load32(record, inHot.flags), 1), 1);

/** As `ReferenceTable.hashOf`. */
const hashOf = (side: w.Value, reference: w.Value): w.Code =>
  w.multiply(add(w.multiply(or(shiftLeft(m.link, 1), side), 0x85eb_ca6b), reference), 0x9e37_79b1);
const homeOf = (hash: w.Value): w.Code => shiftLeft(shiftRight(hash, base.shift), slotBytesLog2);
const slotBehind = and(add(place, 1 << slotBytesLog2), base.lastOctet);

/** As `Connections.find`: makes `record` the address of the connection's first line, or 0. */
function find(record: w.Local, side: w.Value, reference: w.Local): w.Code {
  const [hash, handle, next, end] = [new Local(), new Local(), new Label(), new Label()];
  const own = load32(add(record, shiftLeft(xor(initiatorSide(record), side), 2)), inHot.initiator);
  return w.block(
    end,
    set(hash, hashOf(side, reference)),
    set(place, homeOf(hash)),
    w.loop(
      next,
      set(slot, add(base.slots, place)),
      set(handle, load32(slot, 4)),
      set(record, 0),
      gotoWhen(isZero(handle), end),
      set(place, slotBehind),
      gotoWhen(differs(load32(slot, 0), hash), next),
      set(record, add(base.hot, shiftLeft(subtract(handle, 1), 2))),
      gotoWhen(differs(load32(record, inHot.link), m.link), next),
      gotoWhen(differs(own, reference), next),
    ),
  );
}

/** As `Connections.bindResponder` for one that had none; goes to `other` where another connection has the reference. */
function bind(responder: w.Local, other: w.Label): w.Code[] {
  const [hash, side, before, next] = [new Local(), new Local(), new Local(), new Label()];
  const used = load32(base.table, tableState.used * 4);
  return [
    set(side, xor(initiatorSide(m.record), 1)),
    find(before, side, responder),
    gotoWhen(before, other),
    gotoWhen(w.isAbove(shiftLeft(used, 4), base.lastOctet), other),
    store32(base.table, tableState.used * 4, add(used, 1)),
    set(hash, hashOf(side, responder)),
    set(place, homeOf(hash)),
    w.loop(next, set(slot, add(base.slots, place)), set(place, slotBehind), gotoWhen(load32(slot, 4), next)),
    store32(slot, 0, hash),
    store32(slot, 4, add(shiftRight(subtract(m.record, base.hot), 2), 1)),
    store32(m.record, inHot.responder, responder),
  ];
}

/** As `OpenConnections.of`; goes to `other` where that needs more than looking and a responder's first reference. */
export function findConnection(other: w.Label): w.Code[] {
  const { record, source, destination, side } = m;
  const [otherSide, isInitiator, initiator, responder] = [new Local(), new Local(), new Local(), new Local()];
  return [
    set(record, 0),
    when(isThere(destination), set(otherSide, xor(side, 1)), find(record, otherSide, destination)),
    when(
      isThere(source),
      when(isZero(record), find(record, side, source)),
      when(
        record,
        set(isInitiator, equal(initiatorSide(record), side)),
        set(initiator, w.select(isInitiator, source, destination)),
        set(responder, w.select(isInitiator, destination, source)),
        // One reference matches, the other is of another time.
        when(and(isThere(initiator), differs(initiator, load32(record, inHot.initiator))), set(record, 0)),
        when(
          and(and(isThere(responder), differs(record, 0)), differs(responder, load32(record, inHot.responder))),
          gotoWhen(differs(m.sccpType, sccp.connectionConfirm), other),
          gotoWhen(isThere(load32(record, inHot.responder)), other),
          ...bind(responder, other),
        ),
      ),
    ),
  ];
}
