import { type Connections, none } from './connections.ts';

/** Bits of {@link Procedures.state}. */
export const procedureState = {
  finished: 1,
  /** Call: CONNECT was seen. */
  answered: 2,
  /** Call: DISCONNECT, RELEASE or RELEASE COMPLETE was seen. */
  releasing: 4,
  /** Short message: the relay layer's last answer was seen. */
  relayed: 8,
  /** Begun by PAGING RESPONSE: the first downlink transaction tells the kind. */
  paged: 16,
  /** A finished handover or detach whose subscriber is not known yet. */
  held: 32,
} as const;

/** Transaction identifier of a procedure whose transaction has not begun. */
export const unbound = -1;

/**
 * The signalling procedures under way, as records in a struct of arrays; each connection links its own, oldest
 * first. Most connections carry one.
 */
export class Procedures {
  used = 0;
  readonly max: number;
  readonly kind: Uint8Array;
  readonly outcome: Uint8Array;
  readonly cause: Uint8Array;
  readonly state: Uint8Array;
  /** Protocol discriminator and transaction identifier (its flag as the phone sends it); {@link unbound}. */
  readonly discriminator: Uint8Array;
  readonly transaction: Int16Array;
  /** First message, and last uplink message, µs; cell at the latter. */
  readonly startUs: Float64Array;
  readonly lastUs: Float64Array;
  readonly cell: Uint32Array;
  readonly next: Int32Array;
  #high = 0;
  #free = none;

  constructor(max: number) {
    this.max = max;
    this.kind = new Uint8Array(max);
    this.outcome = new Uint8Array(max);
    this.cause = new Uint8Array(max);
    this.state = new Uint8Array(max);
    this.discriminator = new Uint8Array(max);
    this.transaction = new Int16Array(max);
    this.startUs = new Float64Array(max);
    this.lastUs = new Float64Array(max);
    this.cell = new Uint32Array(max);
    this.next = new Int32Array(max);
  }

  get recordBytes(): number {
    let bytes = 0;
    for (const column of Object.values(this)) {
      if (ArrayBuffer.isView(column)) bytes += (column as Uint8Array).BYTES_PER_ELEMENT;
    }
    return bytes;
  }

  /** Appends a procedure to a connection; {@link none} where the pool is used up. */
  append(connections: Connections, i: number, kind: number, timeUs: number, cell: number): number {
    if (this.used === this.max) return none;
    let p = this.#free;
    if (p === none) p = this.#high++;
    else this.#free = this.next[p];
    this.used++;
    this.kind[p] = kind;
    this.outcome[p] = 0;
    this.cause[p] = 0;
    this.state[p] = 0;
    this.discriminator[p] = 0;
    this.transaction[p] = unbound;
    this.startUs[p] = timeUs;
    this.lastUs[p] = timeUs;
    this.cell[p] = cell;
    this.next[p] = none;
    const last = connections.lastProcedure[i];
    if (last === none) connections.firstProcedure[i] = p;
    else this.next[last] = p;
    connections.lastProcedure[i] = p;
    return p;
  }

  /** Takes a procedure out of its connection's list and gives its record back. */
  remove(connections: Connections, i: number, p: number): void {
    let before = none;
    for (let at = connections.firstProcedure[i]; at !== p; at = this.next[at]) before = at;
    if (before === none) connections.firstProcedure[i] = this.next[p];
    else this.next[before] = this.next[p];
    if (connections.lastProcedure[i] === p) connections.lastProcedure[i] = before;
    if (connections.uplinkProcedure[i] === p) connections.uplinkProcedure[i] = none;
    this.next[p] = this.#free;
    this.#free = p;
    this.used--;
  }

  /** Hands all procedures of one connection to another, in front of those that it has. */
  move(connections: Connections, from: number, to: number): void {
    const first = connections.firstProcedure[from];
    if (first === none) return;
    this.next[connections.lastProcedure[from]] = connections.firstProcedure[to];
    if (connections.firstProcedure[to] === none) connections.lastProcedure[to] = connections.lastProcedure[from];
    connections.firstProcedure[to] = first;
    connections.firstProcedure[from] = none;
    connections.lastProcedure[from] = none;
    connections.uplinkProcedure[from] = none;
  }
}
