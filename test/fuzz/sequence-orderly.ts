import { part, type SignalMessage } from '../../server/decode/message.ts';
import { eventFlag } from '../../server/events/kinds.ts';
import type { Random } from './random.ts';
import { SequenceError, type SequenceTarget } from './sequence-target.ts';
import * as world from './sequence-world.ts';

/** One more than subscribers: who moves on gets what somebody else has just had. */
const tmsis = world.subscribersPerGroup + 1;
/** On each side, of which at most three are in use: what is free is given anew. */
const references = 4;
const second = 1_000_000;

/** What an observer may know of who has which TMSI, by the rules of DESIGN §2 and 3GPP TS 23.003 §2.4, 24.008 §4.3.1. */
class Knowledge {
  readonly #imsis = new Map<string, number>();

  get(group: number, tmsi: number): number {
    return this.#imsis.get(`${group} ${tmsi}`) ?? -1;
  }
  set(group: number, tmsi: number, imsi: number): void {
    const key = `${group} ${tmsi}`;
    if (imsi < 0) {
      this.#imsis.delete(key);
      return;
    }
    // At most one TMSI each at a VLR.
    for (const [other, owner] of this.#imsis) {
      if (owner === imsi && other !== key && other.startsWith(`${group} `)) this.#imsis.delete(other);
    }
    this.#imsis.set(key, imsi);
  }
}

/** One phone's dialogue, from CONNECTION REQUEST to RELEASE COMPLETE, in a cell that it has alone. */
interface Dialogue {
  at: world.RadioLink;
  imsi: number;
  cell: number;
  lac: number;
  /** Of the radio node and of the core. */
  references: [radio: number, core: number];
  /** What is still to be said, last first: who says it and how. */
  steps: (() => void)[];
  /** Whether an observer knows by now who it is, and under which TMSIs. */
  isKnown: boolean;
  used: number;
  allotted: number;
  openedUs: number;
  uplinkUs: number;
  /** The registration was refused, or it was a detach: no proof of place. */
  isSilent: boolean;
}

type Fields = Partial<SignalMessage>;

/**
 * A network that keeps to its rules, messages of several dialogues between each other, with few subscribers, TMSIs and
 * references that are given anew as soon as they are free. So it is known who is behind every row, and what of it an
 * observer can know: a small model that says of every dialogue what must come out, no more and no less.
 */
export class Orderly {
  readonly #random: Random;
  readonly #message: SignalMessage;
  readonly #target: SequenceTarget;
  readonly #knowledge = new Knowledge();
  /** Which VLR a subscriber is registered at, and the TMSI that it has there; of the VLRs: who has which. */
  readonly #registered = new Map<number, { group: number; tmsi: number }>();
  readonly #owners = new Map<string, number>();
  readonly #open: Dialogue[] = [];
  /** Releases as they were sent: one may come a second time. */
  readonly #released: { at: world.RadioLink; references: [number, number] }[] = [];
  #cells = 0;
  #timeUs = 1_790_000_000 * second;

  constructor(random: Random, message: SignalMessage, target: SequenceTarget) {
    this.#random = random;
    this.#message = message;
    this.#target = target;
    // The network was there before anybody looked: nobody knows yet whose these TMSIs are.
    for (let group = 0; group < world.groups; group++) {
      for (let n = 0; n < world.subscribersPerGroup; n++) {
        if (random.below(2) === 0) continue;
        this.#registered.set(world.imsiOf(group, n), { group, tmsi: n });
        this.#owners.set(`${group} ${n}`, world.imsiOf(group, n));
      }
    }
  }

  step(): void {
    const random = this.#random;
    this.#timeUs += 1 + random.below(second);
    const kind = random.below(10);
    if (kind === 0) this.#page();
    else if (kind === 1) this.#releaseAgain();
    else if (this.#open.length < 3 && kind < 4) this.#begin();
    else if (this.#open.length > 0) this.#go(random.below(this.#open.length));
  }

  /** Lets all dialogues come to their end. */
  finish(): void {
    while (this.#open.length > 0) {
      this.#timeUs += second;
      this.#go(0);
    }
  }

  #go(n: number): void {
    const dialogue = this.#open[n];
    dialogue.steps.pop()!();
    if (dialogue.steps.length > 0) return;
    this.#open.splice(n, 1);
    this.#check(dialogue);
  }

  #begin(): void {
    const random = this.#random;
    const at = world.radioLinks[random.below(world.radioLinks.length)];
    const imsi = world.imsiOf(at.group, random.below(world.subscribersPerGroup));
    if (this.#open.some((other) => other.imsi === imsi)) return;
    const taken = this.#open.filter((other) => other.at === at);
    const free = (side: 0 | 1) => {
      const all = Array.from({ length: references }, (_, n) => n + 1);
      const left = all.filter((n) => taken.every((other) => other.references[side] !== n));
      return left[random.below(left.length)];
    };
    const dialogue: Dialogue = {
      at,
      imsi,
      cell: ++this.#cells,
      lac: world.lacOf(at.group, random.below(2)),
      references: [free(0), free(1)],
      steps: [],
      isKnown: false,
      used: -1,
      allotted: -1,
      openedUs: -1,
      uplinkUs: -1,
      isSilent: false,
    };
    this.#plan(dialogue);
    this.#open.push(dialogue);
  }

  #plan(d: Dialogue): void {
    const random = this.#random;
    const mm = (dtapType: number, more: Fields = {}): Fields => ({ protocolDiscriminator: 5, dtapType, ...more });
    const plan: (() => void)[] = [];
    const kind = random.below(8);
    const registered = this.#registered.get(d.imsi);
    // Nobody is served who is not registered.
    const isUpdate = kind < 3 || registered === undefined;
    const own = isUpdate
      ? mm(0x08, { locationUpdatingType: 0 })
      : kind === 7
        ? mm(0x01)
        : mm(0x24, { cmServiceType: 1 });
    plan.push(() => this.#first(d, own));
    plan.push(() => this.#say(d, false, { sccpType: 2, sourceLocalReference: d.references[1] }));
    if (!isUpdate && kind === 7) {
      d.isSilent = true;
      plan.push(() => this.#free(d));
    } else {
      if (random.below(6) === 0) plan.push(() => this.#name(d, true, mm(0x19)));
      if (random.below(6) === 0) plan.push(() => this.#name(d, false, { bssmapType: 0x2f }));
      if (isUpdate && random.below(6) === 0) {
        d.isSilent = true;
        plan.push(() => this.#say(d, false, mm(0x04, { cause: 11 })));
      } else if (isUpdate || random.below(3) === 0) {
        const lai = { laiPlmn: world.plmn, laiLac: d.lac };
        plan.push(() => this.#allot(d, isUpdate ? mm(0x02, lai) : mm(0x1a, lai)));
        plan.push(() => this.#confirm(d, mm(0x1b)));
      } else {
        plan.push(() => this.#say(d, true, { protocolDiscriminator: 3, dtapType: 0x05, transactionId: 0 }));
        plan.push(() => this.#say(d, false, { protocolDiscriminator: 3, dtapType: 0x07, transactionId: 8 }));
        plan.push(() => this.#say(d, true, { protocolDiscriminator: 3, dtapType: 0x2a, transactionId: 0, cause: 16 }));
      }
    }
    plan.push(() => this.#say(d, false, { bssmapType: 0x20, bssmapCause: 9 }));
    plan.push(() => this.#say(d, true, { bssmapType: 0x21 }));
    plan.push(() => this.#say(d, false, { sccpType: 4, sourceLocalReference: d.references[1], sccpCause: 3 }));
    plan.push(() => {
      this.#say(d, true, { sccpType: 5, sourceLocalReference: d.references[0] });
      this.#released.push({ at: d.at, references: d.references });
    });
    d.steps = plan.reverse();
  }

  /** The phone names itself by its TMSI where it has one, else by its IMSI. */
  #first(d: Dialogue, layer3: Fields): void {
    const registered = this.#registered.get(d.imsi);
    const cell = { cellPlmn: world.plmn, cellLac: d.lac, cellCi: d.cell };
    const fields: Fields = { sccpType: 1, bssmapType: 0x57, ...cell, ...layer3 };
    d.openedUs = this.#timeUs;
    if (registered === undefined || this.#random.below(8) === 0) {
      d.isKnown = true;
      this.#say(d, true, { ...fields, imsi: d.imsi, imsiDigits: 15 });
      return;
    }
    d.used = registered.tmsi;
    const imsi = this.#knowledge.get(d.at.group, d.used);
    if (imsi >= 0 && imsi !== d.imsi) throw new SequenceError('the model itself takes a subscriber for another');
    d.isKnown = imsi >= 0;
    this.#say(d, true, { ...fields, tmsi: d.used });
  }

  /** A message with the IMSI: from now on the dialogue's TMSIs are known too. */
  #name(d: Dialogue, up: boolean, fields: Fields): void {
    d.isKnown = true;
    for (const tmsi of [d.used, d.allotted]) if (tmsi >= 0) this.#knowledge.set(d.at.group, tmsi, d.imsi);
    this.#say(d, up, { ...fields, imsi: d.imsi, imsiDigits: 15 });
  }

  /** The VLR gives a TMSI that nobody has; whose it was before no longer counts. */
  #allot(d: Dialogue, fields: Fields): void {
    const { group } = d.at;
    const tmsi = Array.from({ length: tmsis }, (_, n) => n).find((n) => !this.#owners.has(`${group} ${n}`));
    if (tmsi === undefined) {
      this.#say(d, false, fields);
      return;
    }
    this.#owners.set(`${group} ${tmsi}`, d.imsi);
    d.allotted = tmsi;
    this.#knowledge.set(group, tmsi, d.isKnown ? d.imsi : -1);
    this.#say(d, false, { ...fields, tmsi });
  }

  #confirm(d: Dialogue, fields: Fields): void {
    const { group } = d.at;
    if (d.allotted >= 0) {
      const before = this.#registered.get(d.imsi);
      if (before !== undefined) this.#owners.delete(`${group} ${before.tmsi}`);
      this.#registered.set(d.imsi, { group, tmsi: d.allotted });
      if (d.used >= 0) {
        this.#knowledge.set(group, d.used, -1);
        d.used = d.allotted;
      }
    }
    this.#say(d, true, fields);
  }

  /** The VLR forgets who has detached: nobody sees it give the TMSI back. */
  #free(d: Dialogue): void {
    const registered = this.#registered.get(d.imsi);
    if (registered !== undefined) this.#owners.delete(`${registered.group} ${registered.tmsi}`);
    this.#registered.delete(d.imsi);
  }

  #page(): void {
    const all = [...this.#registered];
    if (all.length === 0) return;
    const [imsi, { group, tmsi }] = all[this.#random.below(all.length)];
    // Who is being served is not paged for.
    if (this.#open.some((other) => other.imsi === imsi)) return;
    const at = world.radioLinks.find((link) => link.group === group)!;
    this.#knowledge.set(group, tmsi, imsi);
    world.blankMessage(this.#message, at, false, this.#timeUs);
    this.#give(at, { sccpType: 9, bssmapType: 0x52, imsi, imsiDigits: 15, tmsi });
  }

  /** RELEASE COMPLETE a second time, where one of its references belongs to somebody else by now, or to nobody. */
  #releaseAgain(): void {
    if (this.#released.length === 0) return;
    const { at, references: old } = this.#released[this.#random.below(this.#released.length)];
    const both = this.#open.some((d) => d.at === at && d.references[0] === old[0] && d.references[1] === old[1]);
    // With both references it cannot be told from the right one.
    if (both) return;
    world.blankMessage(this.#message, at, true, this.#timeUs);
    this.#give(at, { sccpType: 5, sourceLocalReference: old[0], destinationLocalReference: old[1] });
  }

  #say(d: Dialogue, up: boolean, fields: Fields): void {
    world.blankMessage(this.#message, d.at, up, this.#timeUs);
    if (up && fields.protocolDiscriminator !== undefined) d.uplinkUs = this.#timeUs;
    const type = fields.sccpType ?? 6;
    const ends: Fields =
      type === 1 ? { sourceLocalReference: d.references[0] } : { destinationLocalReference: d.references[up ? 1 : 0] };
    this.#give(d.at, { sccpType: type, ...ends, ...fields });
  }

  #give(at: world.RadioLink, fields: Fields): void {
    const m = this.#message;
    m.parts = part.place | part.identity | part.detail;
    Object.assign(m, fields);
    this.#target.message(m, at.group);
  }

  /** What came out of a dialogue that is over. */
  #check(d: Dialogue): void {
    const cgi = `460-00-${d.lac}-${d.cell}`;
    const rows = this.#target.rows.filter((row) => row.cgi === cgi);
    if (rows.length === 0) throw new SequenceError('a dialogue that nothing came out of');
    for (const { imsi } of rows) {
      if (imsi !== 0 && imsi !== d.imsi) throw new SequenceError('a dialogue that is taken for somebody else’s');
      if (imsi !== 0 && !d.isKnown) throw new SequenceError('a subscriber whom nobody can know');
    }
    const placed = rows.filter(({ flags }) => (flags & (eventFlag.sighting | eventFlag.detach)) === eventFlag.sighting);
    const expected = d.isSilent || !d.isKnown ? [] : [...new Set([d.openedUs, d.uplinkUs])];
    const found = placed.map(({ timeUs }) => timeUs).sort((a, b) => a - b);
    if (found.join() === expected.join()) return;
    throw new SequenceError(`proofs of place at ${found.map((us) => us - d.openedUs)} µs of a dialogue, not at
${expected.map((us) => us - d.openedUs)}`);
  }
}
