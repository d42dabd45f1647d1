import { type EventSink, noCause, type Peer } from '../events/event-batch.ts';
import { eventFlag, kindCode, outcomeCode } from '../events/kinds.ts';
import { type CellNames, unknownCell } from './cell-names.ts';
import type { Connections } from './connections.ts';
import type { Eventless } from './eventless.ts';
import type { Homes } from './homes.ts';
import { Learning } from './learning.ts';
import type { SubscriberKeys } from './parts.ts';
import { type Procedures, procedureState } from './procedures.ts';

/** Writes rows of the sink and counts them. A row that has no subscriber or no cell is never a sighting. */
export class RowWriter {
  events = 0;
  resolved = 0;
  /** Sightings that were lost because their cell is not known. */
  cellUnknown = 0;
  readonly #sink: EventSink;
  readonly #cells: CellNames;
  readonly #connections: Connections;
  readonly #procedures: Procedures;
  readonly #eventless: Eventless;
  readonly #keys: SubscriberKeys;
  readonly homes: Homes;
  readonly #peer: Peer = { peerLo: 0, peerHi: 0, peerClass: 0, country: 0, area: 0 };

  constructor(
    sink: EventSink,
    cells: CellNames,
    connections: Connections,
    procedures: Procedures,
    eventless: Eventless,
    keys: SubscriberKeys,
    homes: Homes,
  ) {
    this.#sink = sink;
    this.#cells = cells;
    this.#connections = connections;
    this.#procedures = procedures;
    this.#eventless = eventless;
    this.#keys = keys;
    this.homes = homes;
  }

  /** Who tells the same sink what becomes known of subscribers. @param handsetsMax subscribers whose handset it remembers */
  learning(handsetsMax: number): Learning {
    return new Learning(this.#sink, this.#keys, this.homes, handsetsMax);
  }

  /** A row that only proves a place. */
  sighting(i: number, timeUs: number, cell: number): void {
    if (cell === unknownCell) this.cellUnknown++;
    else this.#write(i, timeUs, cell, kindCode.sighting, 0, noCause, eventFlag.sighting, 0);
  }

  /** The row of a procedure. @param proof `sighting` and `detach` bits that it would carry with subscriber and cell */
  procedure(i: number, p: number, timeUs: number, proof: number): void {
    const procedures = this.#procedures;
    const connections = this.#connections;
    const cell = procedures.cell(p);
    this.#eventless.acquit(i);
    let flags: number = eventFlag.traffic;
    if (proof !== 0 && connections.imsi(i) >= 0) {
      if (cell === unknownCell) this.cellUnknown++;
      else flags |= proof;
    }
    const durationMs = Math.max(0, Math.round((procedures.lastUs(p) - procedures.startUs(p)) / 1000));
    const hasPeer = procedures.is(p, procedureState.peer);
    if (hasPeer) procedures.readPeer(p, this.#peer);
    this.#write(
      i,
      timeUs,
      cell,
      procedures.kind(p),
      procedures.outcome(p),
      procedures.cause(p),
      flags,
      durationMs,
      hasPeer ? this.#peer : undefined,
    );
  }

  /**
   * A row of the core network: no cell, no traffic.
   *
   * @param imsi from `packImsi`
   * @param country foreign network: `packIso`, 0 where there is none
   * @param operator the same: `packPlmn`
   */
  registration(imsi: number, timeUs: number, kind: number, flags: number, country: number, operator: number): void {
    const keys = this.#keys;
    keys.packedImsi(imsi);
    const peer = this.#peer;
    peer.peerLo = 0;
    peer.peerHi = 0;
    peer.peerClass = 0;
    peer.country = country;
    peer.area = operator;
    this.events++;
    this.resolved++;
    const { success } = outcomeCode;
    const home = this.homes.of(imsi);
    this.#sink.event(timeUs, keys.lo, keys.hi, '', home, kind, success, noCause, flags, 0, 0, 0, unknownCell, peer);
  }

  #write(
    i: number,
    timeUs: number,
    cell: number,
    kind: number,
    outcome: number,
    cause: number,
    flags: number,
    durationMs: number,
    peer?: Readonly<Peer>,
  ): void {
    const connections = this.#connections;
    const model = connections.typeAllocationCode(i);
    this.events++;
    if (connections.imsi(i) >= 0) this.resolved++;
    this.#sink.event(
      timeUs,
      connections.subLo(i),
      connections.subHi(i),
      this.#cells.nameOf(cell),
      this.homes.heardWith(connections.plmn(i), model),
      kind,
      outcome,
      cause,
      flags,
      durationMs,
      model,
      0,
      cell,
      peer,
    );
  }
}
