import { eventFlag, kindCode } from '../events/kinds.ts';
import { PairTable } from '../privacy/pair-table.ts';
import { none } from './connection-records.ts';
import { HeldCancels } from './held-cancels.ts';
import type { Learning } from './learning.ts';
import { type Nodes, unknownNode } from './nodes.ts';
import type { ForeignNetwork, Roamers } from './roamers.ts';
import type { RowWriter } from './row-writer.ts';
import { ServingEvidence } from './serving-evidence.ts';

const wordStep = 0x1_0000_0000;
const pendingShift = 16;
const nodeMask = 0xffff;
/**
 * So long after the first message an update that began before it has been answered: who is cancelled then, with no
 * update seen, is cancelled at the VLR that serves.
 */
const coldUs = 60_000_000;
/**
 * So long a cancel that seems to end a registration waits for the update elsewhere that it follows: less than the window
 * in which rows are put in order.
 */
const holdUs = 5_000_000;
/** An update on the radio side so long before a cancel is the one that the cancel follows. */
const followsUs = 10_000_000;

/**
 * Which VLR and SGSN serve each subscriber, and the rows that follow from a change: roam-out, roam-in, roam-back,
 * roam-end, and a detach where the core network takes a subscriber out of the VLR that serves it (DESIGN §2, *roam-…*,
 * *vanished*). 3GPP TS 29.002 §19.1.
 *
 * An ordinary Cancel Location follows the registration elsewhere, so an update that has begun counts as serving. Where
 * MAP's part of the update was not seen, the radio side's tells, whether it is seen before the cancel or a little later.
 */
export class Registrations {
  /** Cancels that were taken at their word before their time, for want of room to let them wait. */
  settledEarly = 0;
  /** Cancel Location and Purge MS of a VLR that no longer serves, and where it is not known which one does. */
  superseded = 0;
  unknown = 0;
  readonly #nodes: Nodes;
  readonly #roamers: Roamers;
  readonly #rows: RowWriter;
  readonly learning: Learning;
  readonly evidence = new ServingEvidence();
  readonly #held = new HeldCancels();
  /** Time of the first registration or end of one, µs; -1: none yet. */
  #firstUs = -1;
  /** Packed IMSI → serving VLR and one whose update has begun (16 bits each); SGSN. */
  readonly #serving: PairTable;

  constructor(max: number, nodes: Nodes, roamers: Roamers, rows: RowWriter, learning: Learning) {
    this.#nodes = nodes;
    this.#roamers = roamers;
    this.#rows = rows;
    this.learning = learning;
    this.#serving = new PairTable({ entriesMax: max, touched: true });
  }

  get known(): number {
    return this.#serving.size;
  }

  get evictions(): number {
    return this.#serving.evictions;
  }

  /** updateLocation has been asked for. */
  begun(imsi: number, vlr: number, timeUs: number): void {
    if (this.#firstUs < 0) this.#firstUs = timeUs;
    if (vlr === unknownNode) return;
    this.evidence.core(imsi, vlr, timeUs);
    this.#meetHeld(imsi, vlr);
    this.#read(imsi);
    this.#write(imsi, this.#vlr, vlr, this.#sgsn);
  }

  /** updateLocation was refused or never answered. */
  failed(imsi: number, vlr: number): void {
    this.#read(imsi);
    if (this.#pending === vlr) this.#write(imsi, this.#vlr, unknownNode, this.#sgsn);
  }

  /** updateLocation was accepted: from now on this VLR serves. */
  registered(imsi: number, vlr: number, timeUs: number): void {
    if (vlr === unknownNode) return;
    this.evidence.core(imsi, vlr, timeUs);
    this.#meetHeld(imsi, vlr);
    this.#read(imsi);
    this.#serves(imsi, vlr, timeUs);
    this.#write(imsi, vlr, this.#pending === vlr ? unknownNode : this.#pending, this.#sgsn);
    const roamers = this.#roamers;
    const isOurs = this.#nodes.isOurs(vlr);
    if (roamers.isHome(imsi)) {
      if (isOurs) this.#back(imsi, timeUs);
      else this.#out(imsi, vlr, timeUs);
    } else if (isOurs) {
      if (roamers.isGuest(imsi)) return;
      roamers.comes(imsi);
      this.#row(imsi, timeUs, kindCode['roam-in'], 0, roamers.networkOfGuest(imsi));
    } else if (roamers.isGuest(imsi)) {
      this.#guestLeaves(imsi, timeUs);
    }
  }

  /** The radio side (A, Iu-CS) shows that a location update was accepted. @param scope see `VlrDirectory` */
  updated(imsi: number, scope: number, timeUs: number): void {
    const evidence = this.evidence;
    evidence.radio(imsi, scope, timeUs);
    const vlr = evidence.vlrOf(scope);
    if (this.#held.vlrOf(imsi) !== none && this.#held.vlrOf(imsi) !== vlr) {
      this.#held.take(imsi);
      this.superseded++;
    }
    if (vlr !== unknownNode) {
      this.#read(imsi);
      // Nothing of MAP: it is of old.
      if (this.#vlr === unknownNode && this.#pending === unknownNode) this.#wasAt(imsi, vlr);
      if (this.#vlr !== vlr || this.#pending === vlr) {
        this.#serves(imsi, vlr, timeUs);
        this.#write(imsi, vlr, this.#pending === vlr ? unknownNode : this.#pending, this.#sgsn);
      }
    }
    this.#back(imsi, timeUs);
  }

  /** Some other dialogue shows that a VLR serves, where nothing was known: its registration is of old. */
  served(imsi: number, vlr: number, timeUs: number): void {
    this.#read(imsi);
    if (vlr === unknownNode || this.#vlr !== unknownNode || this.#pending !== unknownNode) return;
    this.#serves(imsi, vlr, timeUs);
    this.#write(imsi, vlr, unknownNode, this.#sgsn);
    this.#wasAt(imsi, vlr);
  }

  servedBySgsn(imsi: number, sgsn: number): void {
    this.#read(imsi);
    this.#write(imsi, this.#vlr, this.#pending, sgsn);
  }

  /** Cancel Location to, or Purge MS from a VLR. */
  cancelled(imsi: number, vlr: number, timeUs: number): void {
    this.#read(imsi);
    if (this.#firstUs < 0) this.#firstUs = timeUs;
    const serving = this.#pending || this.#vlr;
    if (vlr === unknownNode || (serving === unknownNode && timeUs - this.#firstUs < coldUs)) {
      this.unknown++;
      return;
    }
    if (serving !== unknownNode && serving !== vlr) {
      this.superseded++;
      // It tells where the subscriber comes from who was not seen to go there.
      if (this.#vlr === unknownNode) this.#wasAt(imsi, vlr);
      return;
    }
    if (this.#held.vlrOf(imsi) !== none || this.evidence.isElsewhere(imsi, vlr, timeUs - followsUs)) {
      this.superseded++;
      return;
    }
    if (this.#held.isFull) {
      this.settledEarly++;
      this.#settle(this.#held.oldest(Number.POSITIVE_INFINITY));
    }
    this.#held.add(imsi, vlr, timeUs);
  }

  /** Event time has come this far: nothing else can be behind cancels that have waited for long enough. */
  settle(nowUs: number): void {
    for (let imsi = this.#held.oldest(nowUs - holdUs); imsi >= 0; imsi = this.#held.oldest(nowUs - holdUs)) {
      this.#settle(imsi);
    }
  }

  /** MAP tells of an update behind a cancel: the one that it followed, or the next one at the same VLR. */
  #meetHeld(imsi: number, vlr: number): void {
    const cancelled = this.#held.vlrOf(imsi);
    if (cancelled === none) return;
    if (cancelled === vlr) {
      this.#settle(imsi);
      return;
    }
    this.#held.take(imsi);
    this.superseded++;
    this.#read(imsi);
    if (this.#vlr === unknownNode) this.#wasAt(imsi, cancelled);
  }

  /** A cancel was what it seemed: the subscriber is nowhere from then on. */
  #settle(imsi: number): void {
    if (imsi < 0) return;
    const vlr = this.#held.vlrOf(imsi);
    const timeUs = this.#held.take(imsi);
    this.#read(imsi);
    this.learning.serving(imsi, unknownNode, this.#nodes, timeUs);
    this.#write(imsi, unknownNode, unknownNode, this.#sgsn);
    const roamers = this.#roamers;
    const isOurs = this.#nodes.isOurs(vlr);
    if (!roamers.isHome(imsi)) {
      if (isOurs) this.#guestLeaves(imsi, timeUs);
    } else if (isOurs) {
      this.#row(imsi, timeUs, kindCode.detach, eventFlag.detach, null);
    } else {
      const network = roamers.abroad(imsi) ?? this.#networkOf(vlr);
      roamers.ends(imsi);
      this.#row(imsi, timeUs, kindCode['roam-end'], 0, network);
    }
  }

  /** The same of an SGSN: where the subscriber is goes by its VLR. */
  cancelledSgsn(imsi: number, sgsn: number): void {
    this.#read(imsi);
    if (this.#sgsn === sgsn) this.#write(imsi, this.#vlr, this.#pending, unknownNode);
  }

  /** Somebody of ours has registered abroad, and so is in none of our cells. */
  #out(imsi: number, vlr: number, timeUs: number): void {
    const network = this.#networkOf(vlr);
    const before = this.#roamers.abroad(imsi);
    // Between VLRs of one network nothing changes.
    if (before?.country === network.country && before.operator === network.operator) return;
    this.#roamers.goes(imsi, network);
    this.#row(imsi, timeUs, kindCode['roam-out'], eventFlag.detach, network);
  }

  /** One of our own is here again; of others nobody is abroad. */
  #back(imsi: number, timeUs: number): void {
    const network = this.#roamers.abroad(imsi);
    if (network === null) return;
    this.#roamers.ends(imsi);
    this.#row(imsi, timeUs, kindCode['roam-back'], 0, network);
  }

  #guestLeaves(imsi: number, timeUs: number): void {
    this.#roamers.ends(imsi);
    this.#row(imsi, timeUs, kindCode['roam-end'], eventFlag.detach, this.#roamers.networkOfGuest(imsi));
  }

  /** The subscriber has been at this VLR since before anything was seen: no row tells of that. */
  #wasAt(imsi: number, vlr: number): void {
    const roamers = this.#roamers;
    const isOurs = this.#nodes.isOurs(vlr);
    if (roamers.isHome(imsi)) {
      if (!isOurs && roamers.abroad(imsi) === null) roamers.goes(imsi, this.#networkOf(vlr));
    } else if (isOurs && !roamers.isGuest(imsi)) roamers.comes(imsi);
  }

  #networkOf(vlr: number): ForeignNetwork {
    return { country: this.#nodes.countryOf(vlr), operator: this.#nodes.operatorOf(vlr) };
  }

  #row(imsi: number, timeUs: number, kind: number, flags: number, network: ForeignNetwork | null): void {
    this.#rows.registration(imsi, timeUs, kind, flags, network?.country ?? 0, network?.operator ?? 0);
  }

  /** Of a subscriber that was just read: this VLR serves from now on. */
  #serves(imsi: number, vlr: number, timeUs: number): void {
    if (vlr !== this.#vlr) this.learning.serving(imsi, vlr, this.#nodes, timeUs);
  }

  /** What {@link #read} found. */
  #vlr = unknownNode;
  #pending = unknownNode;
  #sgsn = unknownNode;

  #read(imsi: number): void {
    const low = imsi >>> 0;
    const found = this.#serving.find(low, (imsi - low) / wordStep);
    const { value } = this.#serving;
    this.#vlr = found ? value[0] & nodeMask : unknownNode;
    this.#pending = found ? value[0] >>> pendingShift : unknownNode;
    this.#sgsn = found ? value[1] : unknownNode;
  }

  #write(imsi: number, vlr: number, pending: number, sgsn: number): void {
    const low = imsi >>> 0;
    const high = (imsi - low) / wordStep;
    const nodes = ((pending << pendingShift) | vlr) >>> 0;
    if (nodes === 0 && sgsn === unknownNode) this.#serving.delete(low, high);
    else this.#serving.set(low, high, nodes, sgsn);
  }
}
