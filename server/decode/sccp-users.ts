const connectionsMax = 65_536;

/**
 * Remembers which SCCP connections belong to another user than BSSAP (RANAP, BSSAP-LE), because only their CR names
 * the user. Connections of the A interface, the ordinary case, are not stored and cost nothing. Bounded: the oldest
 * connection is forgotten first and then taken for BSSAP.
 */
export class SccpUsers {
  /** Subsystem number by connection end. */
  readonly #users = new Map<number, number>();

  get empty(): boolean {
    return this.#users.size === 0;
  }

  /** Subsystem of the connection whose end `reference` belongs to the node on that side of the link; -1: BSSAP. */
  find(link: number, ownerIsLower: boolean, reference: number): number {
    return this.#users.get(key(link, ownerIsLower, reference)) ?? -1;
  }

  remember(link: number, ownerIsLower: boolean, reference: number, subsystem: number): void {
    const end = key(link, ownerIsLower, reference);
    this.#users.delete(end);
    if (this.#users.size === connectionsMax) this.#users.delete(this.#users.keys().next().value!);
    this.#users.set(end, subsystem);
  }

  forget(link: number, ownerIsLower: boolean, reference: number): void {
    this.#users.delete(key(link, ownerIsLower, reference));
  }
}

/** One number per end of a connection: link, side, local reference of 24 bits. */
export function key(link: number, ownerIsLower: boolean, reference: number): number {
  return (link * 2 + (ownerIsLower ? 1 : 0)) * 0x100_0000 + reference;
}
