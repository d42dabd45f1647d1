import { scopeOf } from '../decode/links.ts';
import { type Upcoming, upcomingMax } from '../decode/upcoming.ts';
import { packImsi } from '../privacy/imsi.ts';
import type { Connections } from './connections.ts';
import { sccp } from './message-types.ts';
import type { SubscriberKeys } from './parts.ts';
import type { Procedures } from './procedures.ts';
import type { VlrDirectory } from './vlr-directory.ts';

/** With fewer open connections than this, what is known of them stays in the nearer caches anyway. */
export const lookAheadMin = 65_536;

/**
 * Fetches what the next messages will need. A line of memory that is in no cache costs more than all the rest of a
 * message, but many that are asked for together come in little more time than one. So this goes through the messages
 * in steps: the slots of the hash tables, then the records that those lead to, then what the records lead to.
 */
export class LookAhead {
  /** Made of all that was read, so that nothing of it may be left out. */
  sum = 0;
  readonly #connections: Connections;
  readonly #procedures: Procedures;
  readonly #directory: VlrDirectory;
  readonly #keys: SubscriberKeys;
  /** The reference that each message's connection is found by, and others that it will begin or end with. */
  readonly #hashes = new Int32Array(upcomingMax);
  readonly #others = new Int32Array(upcomingMax);
  readonly #handles = new Int32Array(upcomingMax);
  readonly #list = new Int32Array(upcomingMax);

  constructor(connections: Connections, procedures: Procedures, directory: VlrDirectory, keys: SubscriberKeys) {
    this.#connections = connections;
    this.#procedures = procedures;
    this.#directory = directory;
    this.#keys = keys;
  }

  fetch(u: Upcoming): void {
    const c = this.#connections;
    const handles = this.#handles;
    const list = this.#list;
    const sum = this.#slots(u);
    c.fetchRecords(this.#hashes, u.count, handles, list);
    const procedures = this.#procedures.fetch(list, u.count);
    let cold = 0;
    for (let k = 0; k < u.count; k++) {
      const all = u.sccpType[k] !== sccp.dataForm1 || u.imsi[k] >= 0 || u.tmsi[k] >= 0;
      if (all) list[cold++] = handles[k];
    }
    this.sum = sum ^ procedures ^ c.fetchCold(list, cold) ^ this.#subscribers(u);
  }

  #slots(u: Upcoming): number {
    const c = this.#connections;
    let others = 0;
    let sum = 0;
    for (let k = 0; k < u.count; k++) {
      const side = u.fromLower[k];
      const source = c.hashOf(u.link[k], side, u.source[k]);
      const named = u.destination[k] >= 0;
      this.#hashes[k] = named ? c.hashOf(u.link[k], side ^ 1, u.destination[k]) : source;
      if (named && u.source[k] >= 0) this.#others[others++] = source;
      if (u.tmsi[k] >= 0) sum ^= this.#directory.fetch(scope(u, k), u.tmsi[k]);
    }
    return sum ^ c.fetchSlots(this.#hashes, u.count) ^ c.fetchSlots(this.#others, others);
  }

  /** The pseudonyms of who is named, or found by a TMSI. */
  #subscribers(u: Upcoming): number {
    let sum = 0;
    for (let k = 0; k < u.count; k++) {
      let imsi = -1;
      if (u.imsi[k] >= 0) imsi = packImsi(u.imsi[k], u.imsiDigits[k]);
      else if (u.tmsi[k] >= 0) imsi = this.#directory.expected(scope(u, k), u.tmsi[k]);
      if (imsi >= 0) sum ^= this.#keys.fetchImsi?.(imsi) ?? 0;
    }
    return sum;
  }
}

/** Whose TMSI it is: the core's, which is sent to when a phone opens a connection. */
function scope(u: Upcoming, k: number): number {
  const opc = u.opc[k];
  const dpc = u.dpc[k];
  return u.sccpType[k] === sccp.connectionRequest ? scopeOf(dpc, opc, u.link[k]) : scopeOf(opc, dpc, u.link[k]);
}
