import { PairTable } from '../privacy/pair-table.ts';
import { unknownCell } from './cell-names.ts';
import { none } from './connection-records.ts';
import type { Connections } from './connections.ts';

/** HANDOVER REQUIRED messages that wait for their HANDOVER REQUEST at once. */
const pendingMax = 1 << 16;

/**
 * Finds, for the new connection of a handover between base station controllers, the connection that it continues.
 *
 * The old BSC names the target cell in HANDOVER REQUIRED; the MSC opens a connection to the BSC of that cell and
 * sends HANDOVER REQUEST with the same target (3GPP TS 48.008 §3.1.5). Nothing on the wire joins the two but that. So the
 * old one is a connection of the same core side that asked for the same target within `windowUs` before; its subscriber
 * must not differ where both are known (many networks send the IMSI), nor its cell from the serving cell that HANDOVER
 * REQUEST names. Where several are left the oldest is taken, because an MSC works in order, and the case is counted:
 * they stand in the same cell and go to the same cell, so that a swap puts nobody in a wrong place.
 */
export class HandoverJoiner {
  ambiguous = 0;
  /** HANDOVER REQUIRED that found no room. */
  refused = 0;
  readonly #connections: Connections;
  readonly #windowUs: number;
  /** (scope, form of target; target) → first + 1, last + 1 of a list in order of arrival. */
  readonly #lists = new PairTable({ entriesMax: Number.POSITIVE_INFINITY });
  readonly #connection: Int32Array;
  readonly #next: Int32Array;
  readonly #before: Int32Array;
  /** Where each stands in {@link #lists}: what its connection says of itself may change while it waits. */
  readonly #keys: Uint32Array;
  readonly #targets: Uint32Array;
  /** RNC that the phone is to go to, where that is what the target is; -1: not told. */
  readonly #rncs: Int32Array;
  #high = 0;
  #free = none;

  constructor(connections: Connections, windowUs: number) {
    this.#connections = connections;
    this.#windowUs = windowUs;
    const max = Math.min(pendingMax, connections.max);
    this.#connection = new Int32Array(max);
    this.#next = new Int32Array(max);
    this.#before = new Int32Array(max);
    this.#keys = new Uint32Array(max);
    this.#targets = new Uint32Array(max);
    this.#rncs = new Int32Array(max);
  }

  /** Notes that connection `i` asked for a handover to a target (-1 for what the message leaves out). */
  require(i: number, timeUs: number, lac: number, ci: number): void {
    this.forget(i);
    this.#connections.setTarget(i, timeUs, lac, ci);
    if (lac >= 0 || ci >= 0) this.#wait(i, lac, ci, none);
  }

  /**
   * The same where the answer names no target: it is found by core, time, subscriber and the RNC that is asked.
   *
   * @param rnc RNC-ID of the target; -1: not told
   */
  requireSomewhere(i: number, timeUs: number, rnc: number): void {
    this.forget(i);
    this.#connections.setTarget(i, timeUs, -1, -1);
    this.#wait(i, -1, -1, rnc);
  }

  #wait(i: number, lac: number, ci: number, rnc: number): void {
    const c = this.#connections;
    let at = this.#free;
    if (at !== none) this.#free = this.#next[at];
    else if (this.#high < this.#connection.length) at = this.#high++;
    else {
      this.refused++;
      return;
    }
    const form = formOf(lac, ci);
    const key = scopeKey(c.scope(i), form);
    const target = targetKey(form, lac, ci);
    const found = this.#lists.find(key, target);
    const first = found ? this.#lists.value[0] - 1 : at;
    const last = found ? this.#lists.value[1] - 1 : none;
    this.#connection[at] = i;
    this.#keys[at] = key;
    this.#targets[at] = target;
    this.#rncs[at] = rnc;
    this.#next[at] = none;
    this.#before[at] = last;
    if (last !== none) this.#next[last] = at;
    this.#lists.set(key, target, first + 1, at + 1);
    c.setPending(i, at);
  }

  /** Takes back what {@link require} noted: answered, refused, or the connection has ended. */
  forget(i: number): void {
    const c = this.#connections;
    const at = c.pending(i);
    if (at === none) return;
    c.setPending(i, none);
    const key = this.#keys[at];
    const target = this.#targets[at];
    const before = this.#before[at];
    const next = this.#next[at];
    if (before !== none) this.#next[before] = next;
    if (next !== none) this.#before[next] = before;
    if (before === none && next === none) this.#lists.delete(key, target);
    else if ((before === none || next === none) && this.#lists.find(key, target)) {
      const [first, last] = this.#lists.value;
      this.#lists.set(key, target, before === none ? next + 1 : first, next === none ? before + 1 : last);
    }
    this.#next[at] = this.#free;
    this.#free = at;
  }

  /**
   * The connection that incoming connection `i` continues, no longer pending; {@link none} where none fits.
   *
   * @param rnc RNC-ID of the node that `i` goes to; -1: not known, or no RNC
   */
  claim(i: number, rnc: number): number {
    const c = this.#connections;
    const lac = c.targetLac(i);
    const ci = c.targetCi(i);
    let old = this.#oldest(i, lac, ci, rnc);
    // The MSC may name the target more fully than the BSC did.
    if (old === none && lac >= 0 && ci >= 0) {
      old = this.#oldest(i, -1, ci, rnc);
      if (old === none) old = this.#oldest(i, lac, -1, rnc);
    }
    if (old !== none) this.forget(old);
    return old;
  }

  #oldest(i: number, lac: number, ci: number, rnc: number): number {
    const c = this.#connections;
    const form = formOf(lac, ci);
    const found = this.#lists.find(scopeKey(c.scope(i), form), targetKey(form, lac, ci));
    if (!found) return none;
    let oldest = none;
    let fitting = 0;
    for (let at = this.#lists.value[0] - 1; at !== none; at = this.#next[at]) {
      const old = this.#connection[at];
      if (!this.#fits(old, i)) continue;
      if (rnc >= 0 && this.#rncs[at] >= 0 && this.#rncs[at] !== rnc) continue;
      if (c.imsi(old) >= 0 && c.imsi(old) === c.imsi(i)) return old;
      if (fitting++ === 0) oldest = old;
    }
    if (fitting > 1) {
      this.ambiguous++;
      // Without a target they may go anywhere, and a swap would put them in wrong places.
      if (lac < 0 && ci < 0) return none;
    }
    return oldest;
  }

  #fits(old: number, i: number): boolean {
    // On one connection both messages make no sense: it goes on nowhere.
    if (old === i) return false;
    const c = this.#connections;
    const ageUs = c.handoverUs(i) - c.handoverUs(old);
    if (ageUs < 0 || ageUs > this.#windowUs) return false;
    if (c.imsi(old) >= 0 && c.imsi(i) >= 0 && c.imsi(old) !== c.imsi(i)) return false;
    return c.servingCell(i) === unknownCell || c.cell(old) === unknownCell || c.servingCell(i) === c.cell(old);
  }
}

/** How a target is named: 0 by LAC and CI, 1 by LAC, 2 by CI, 3 not at all. */
function formOf(lac: number, ci: number): number {
  return (lac < 0 ? 2 : 0) | (ci < 0 ? 1 : 0);
}

function scopeKey(scope: number, form: number): number {
  return (scope | (form << 30)) >>> 0;
}

function targetKey(form: number, lac: number, ci: number): number {
  return (((form & 2 ? 0 : lac) << 16) | (form & 1 ? 0 : ci)) >>> 0;
}
