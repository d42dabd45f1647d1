import { scopeOf } from '../decode/links.ts';
import type { MapMessage } from '../decode/map-message.ts';
import type { MessageSink, SignalMessage } from '../decode/message.ts';
import type { Upcoming } from '../decode/upcoming.ts';
import { causeList, packCause, packRefusal } from '../events/cause.ts';
import { packImsi } from '../privacy/imsi.ts';
import { Machines } from '../reference/machines.ts';
import { NumberPlan } from '../reference/number-plan.ts';
import { CellNames } from './cell-names.ts';
import { none } from './connection-records.ts';
import { Connections } from './connections.ts';
import { CoreNetwork } from './core-network.ts';
import { Dialogues } from './dialogues.ts';
import { HandoverJoiner } from './handover-joiner.ts';
import { Homes } from './homes.ts';
import { LateBeginnings } from './late-beginnings.ts';
import { LookAhead, lookAheadMin } from './look-ahead.ts';
import { bssmap, ranap, sccp } from './message-types.ts';
import { OpenConnections } from './open-connections.ts';
import type { CorrelatorOptions } from './parts.ts';
import { correlateMemory, PlainMessages } from './plain-messages.ts';
import { hasUserData } from './procedure-rules.ts';
import { Procedures } from './procedures.ts';
import { RowWriter } from './row-writer.ts';
import { VlrDirectory } from './vlr-directory.ts';

const proceduresPerConnection = 1.25;

export interface CorrelatorStats {
  messages: number;
  /** Rows written; of these with and without a subscriber. */
  events: number;
  resolved: number;
  unresolved: number;
  openConnections: number;
  openDialogues: number;
  knownTmsis: number;
  /** MSISDN ↔ IMSI pairs, and subscribers whose serving VLR is known. */
  knownNumbers: number;
  registrations: number;
  /** Cancel Location and Purge MS of a VLR that no longer served: most follow a registration elsewhere. */
  supersededCancels: number;
  knownCells: number;
  /** Messages of connections whose beginning was not seen. */
  orphans: number;
  /** Connections whose beginning was not seen and that made no event. */
  eventless: number;
  handovers: number;
  /** Handovers between two connections that were joined. */
  handoverJoins: number;
  evictedConnections: number;
  evictedTmsis: number;
  /** Our own subscribers abroad by country (ISO 3166-1), and others' here by their PLMN, as far as MAP told. */
  roamedOut: ReadonlyMap<string, number>;
  roamedIn: ReadonlyMap<string, number>;
  /** What went wrong or had to be guessed, by reason. */
  faults: Map<string, number>;
}

/**
 * Follows SCCP connections and who is behind a TMSI, and turns messages into located events: DESIGN §2 says which
 * message proves a place. One correlator per feed; all its memory is bounded by the configuration.
 *
 * This class says what a message is to its connection ({@link OpenConnections} keeps them); what goes on inside is the
 * matter of {@link Dialogues}.
 */
export class Correlator implements MessageSink {
  #messages = 0;
  #orphans = 0;
  #badImsi = 0;
  #nowUs = 0;
  readonly #connections: Connections;
  readonly #late: LateBeginnings;
  readonly #procedures: Procedures;
  readonly #cells: CellNames;
  readonly #directory: VlrDirectory;
  readonly #joiner: HandoverJoiner;
  readonly #rows: RowWriter;
  readonly #dialogues: Dialogues;
  readonly #core: CoreNetwork;
  readonly #lookAhead: LookAhead;
  readonly #open: OpenConnections;
  /** Takes ordinary messages from their records; what it takes needs no {@link tick}. */
  readonly plain: PlainMessages;

  constructor({ config, sorted, defaultPlmn, areas, pseudonymiser, sink }: CorrelatorOptions) {
    const memory = correlateMemory(config.connectionsMax);
    this.#connections = new Connections(config.connectionsMax, memory.words);
    this.#late = new LateBeginnings(this.#connections);
    this.#procedures = new Procedures(Math.ceil(config.connectionsMax * proceduresPerConnection), memory.words);
    this.#cells = new CellNames(config.cellsMax);
    this.#directory = new VlrDirectory(config.tmsiMax, config.tmsiIdleMs);
    this.#joiner = new HandoverJoiner(this.#connections, config.handoverJoinMs * 1000);
    const { eventless } = this.#late;
    const homes = new Homes(config.msisdnMax, areas ?? null, new Machines(config));
    this.#rows = new RowWriter(sink, this.#cells, this.#connections, this.#procedures, eventless, pseudonymiser, homes);
    this.#core = new CoreNetwork(config, this.#directory, this.#rows);
    this.#lookAhead = new LookAhead(this.#connections, this.#procedures, this.#directory, pseudonymiser);
    this.#dialogues = new Dialogues({
      connections: this.#connections,
      procedures: this.#procedures,
      cells: this.#cells,
      directory: this.#directory,
      joiner: this.#joiner,
      registrations: this.#core.registrations,
      rows: this.#rows,
      numbers: new NumberPlan(config.onNetPrefixes, config.homePlmns),
      pseudonymiser,
      sorted,
      defaultPlmn,
    });
    this.#open = new OpenConnections(this.#connections, this.#late, this.#dialogues, config.connectionIdleMs * 1000);
    this.plain = new PlainMessages(memory, this.#connections, this.#procedures, this.#open, this.#dialogues);
  }

  get looksAhead(): boolean {
    return this.#connections.open >= lookAheadMin;
  }

  expect(upcoming: Upcoming): void {
    this.#lookAhead.fetch(upcoming);
  }

  message(m: SignalMessage): void {
    this.#messages++;
    if (m.timeUs > this.#nowUs) this.tick(m.timeUs);
    switch (m.sccpType) {
      case sccp.dataForm1:
      case sccp.dataForm2:
        this.#tell(this.#known(m), m);
        return;
      case sccp.connectionRequest:
        this.#late.sides.hear(m);
        this.#dialogues.message(this.#open.start(m), m);
        return;
      case sccp.connectionConfirm: {
        const known = this.#known(m);
        if (known === none) this.#orphans++;
        const i = known === none ? this.#open.adopt(m) : known;
        if (i !== none && hasUserData(m)) this.#tell(i, m);
        return;
      }
      case sccp.connectionRefused: {
        const i = this.#known(m);
        if (i === none) this.#orphans++;
        else this.#open.end(i, packRefusal(m.sccpCause));
        return;
      }
      case sccp.released: {
        const i = this.#known(m);
        if (i === none) {
          this.#orphans++;
          this.#late.eventless.released(m.link, m.fromLower, m.sourceLocalReference, m.destinationLocalReference);
          return;
        }
        if (hasUserData(m)) this.#tell(i, m);
        this.#dialogues.cleared(i, m.timeUs, packCause(causeList.sccp, m.sccpCause));
        this.#open.end(i, -1);
        return;
      }
      case sccp.releaseComplete: {
        // Answers a RELEASED that ended the connection; if it is still here, that one was not seen. One that comes late
        // or twice must not end the next connection of the same reference: both must be known and its own.
        const i = this.#known(m);
        if (i !== none) this.#open.end(i, -1);
        return;
      }
      case sccp.dataAcknowledgement:
      case sccp.expeditedData:
      case sccp.expeditedDataAcknowledgement:
      case sccp.resetRequest:
      case sccp.resetConfirm:
      case sccp.protocolDataUnitError:
        this.#known(m);
        return;
      case sccp.inactivityTest:
        if (this.#known(m) === none) this.#open.adopt(m);
        return;
      default:
        this.#late.sides.hear(m);
        if (m.bssmapType === bssmap.paging) this.#paging(m);
        else if (m.ranapProcedure === ranap.paging && this.#dialogues.ranap.pages(m)) this.#paging(m);
    }
  }

  map(m: SignalMessage, component: MapMessage): void {
    this.#messages++;
    if (m.timeUs > this.#nowUs) this.tick(m.timeUs);
    this.#core.component(m, component);
  }

  /** Event time has come this far without a message: connections that were silent for too long end. */
  tick(timeUs: number): void {
    if (timeUs <= this.#nowUs) return;
    this.#nowUs = timeUs;
    if (this.#open.isDue(timeUs)) this.#sweep();
  }

  /** Ends every open connection and writes its rows: at the end of a finite feed. */
  flush(): void {
    this.#core.settle();
    this.#open.endAll();
    this.#core.registrations.settle(Number.POSITIVE_INFINITY);
  }

  get stats(): CorrelatorStats {
    const rows = this.#rows;
    const core = this.#core;
    const { sightings, tracker, handovers } = this.#dialogues;
    const faults = new Map<string, number>();
    const count = (reason: string, value: number) => {
      if (value > 0) faults.set(reason, value);
    };
    count('CONNECTION_UNKNOWN', this.#orphans);
    count('CONNECTION_WITHOUT_REQUEST', this.#late.begun);
    count('CONNECTION_REFERENCE_REUSED', this.#open.reused);
    count('CONNECTION_IDLE', this.#open.idle);
    count('CONNECTION_EVICTED', this.#open.evicted);
    count('TMSI_EVICTED', this.#directory.evictions);
    count('TMSI_EXPIRED', this.#directory.expired);
    count('TMSI_FOREIGN_AREA', sightings.tmsiForeign);
    count('IMSI_INVALID', this.#badImsi + sightings.imsiInvalid + core.imsiInvalid);
    count('SUBSCRIBER_CHANGED', sightings.subscriberChanged);
    count('CELL_UNKNOWN', rows.cellUnknown);
    count('CELLS_FULL', this.#cells.refused);
    count('HANDOVER_AMBIGUOUS', this.#joiner.ambiguous);
    count('HANDOVER_NOT_JOINED', handovers.orphans);
    count('HANDOVER_UNFINISHED', handovers.unfinished);
    count('HANDOVERS_FULL', this.#joiner.refused);
    count('PROCEDURES_FULL', tracker.refused);
    count('IU_PACKET_DOMAIN', this.#dialogues.ranap.packetDomain);
    count('DIALOGUE_UNKNOWN', core.orphans);
    count('DIALOGUE_IDENTITY_REUSED', core.reused);
    count('DIALOGUE_IDLE', core.idle);
    count('DIALOGUE_EVICTED', core.evicted);
    count('MSISDN_EVICTED', core.numbers.evictions);
    count('HANDSET_EVICTED', core.learning.handsetEvictions);
    count('REGISTRATION_EVICTED', core.registrations.evictions);
    count('REGISTRATION_UNKNOWN', core.registrations.unknown);
    count('CANCEL_SETTLED_EARLY', core.registrations.settledEarly);
    count('UPDATE_EVICTED', core.registrations.evidence.updateEvictions);
    count('SERVING_VLR_EVICTED', core.registrations.evidence.vlrEvictions);
    count('AREA_EVICTED', this.#directory.areaEvictions);
    count('LINK_SIDE_EVICTED', this.#late.sides.evictions);
    count('RNC_EVICTED', handovers.rncEvictions);
    count('ROAMER_EVICTED', core.roamers.evicted);
    count('NODES_FULL', core.nodes.refused);
    return {
      messages: this.#messages + this.plain.taken,
      events: rows.events,
      resolved: rows.resolved,
      unresolved: rows.events - rows.resolved,
      openConnections: this.#connections.open,
      openDialogues: core.transactions.open,
      knownTmsis: this.#directory.tmsis,
      knownNumbers: core.numbers.known,
      registrations: core.registrations.known,
      supersededCancels: core.registrations.superseded,
      knownCells: this.#cells.count,
      orphans: this.#orphans,
      eventless: this.#late.eventless.count,
      handovers: handovers.done,
      handoverJoins: handovers.joined,
      evictedConnections: this.#open.evicted,
      evictedTmsis: this.#directory.evictions,
      roamedOut: core.roamers.outByCountry,
      roamedIn: core.roamers.inByPlmn,
      faults,
    };
  }

  /** Bytes in use: of each open connection (with one procedure and its references) and of each known TMSI. */
  memory(): { bytesPerConnection: number; bytesPerTmsi: number; bytesPerDialogue: number } {
    const { recordBytes, referenceBytes, open } = this.#connections;
    return {
      bytesPerConnection: recordBytes + this.#procedures.recordBytes + referenceBytes / Math.max(1, open),
      bytesPerDialogue: this.#core.transactions.bytesPerDialogue,
      bytesPerTmsi: this.#directory.byteLength / Math.max(1, this.#directory.tmsis),
    };
  }

  /** The connection of a message, or {@link none}. */
  #known(m: SignalMessage): number {
    const { link, destinationLocalReference: destination, sourceLocalReference: source } = m;
    return this.#open.of(link, m.fromLower ? 1 : 0, destination, source, m.sccpType, m.timeUs);
  }

  #tell(i: number, m: SignalMessage): void {
    if (i === none || (this.#late.isUndecided(i) && !this.#late.decide(i, m))) this.#orphans++;
    else this.#dialogues.message(i, m);
  }

  #sweep(): void {
    this.#core.sweep(this.#nowUs);
    this.#directory.advance(this.#nowUs);
    this.#open.sweep(this.#nowUs);
  }

  /** PAGING proves no place, but names a subscriber by IMSI and TMSI. 3GPP TS 48.008 §3.2.1.19, 25.413 §9.1.23. */
  #paging(m: SignalMessage): void {
    if (m.imsi < 0 || m.tmsi < 0) return;
    const imsi = packImsi(m.imsi, m.imsiDigits);
    if (imsi < 0) this.#badImsi++;
    else this.#directory.learn(scopeOf(m.opc, m.dpc, m.link), m.tmsi, imsi);
  }
}
