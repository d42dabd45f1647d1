import { makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import type { MapMessage } from '../../server/decode/map-message.ts';
import type { SignalMessage } from '../../server/decode/message.ts';
import { type EventSink, noCause, type Peer } from '../../server/events/event-batch.ts';
import { eventFlag, eventKinds, kindCode, outcomes, peerClasses } from '../../server/events/kinds.ts';
import { packImsi } from '../../server/privacy/imsi.ts';
import { probe } from './probe.ts';
import { groupOfCell, groups, plmn } from './sequence-world.ts';

/** A row or a state of the correlator that none may be. */
export class SequenceError extends Error {
  override name = 'SequenceError';
}

/** Smaller than a configuration may ask for: every table overflows within one sequence. */
const limits = { connectionsMax: 16, tmsiMax: 64, cellsMax: 8, dialoguesMax: 8, msisdnMax: 64, registrationsMax: 64 };
const config = {
  ...makeConfig({ where: 'test', settings: { homePlmns: '001-01', nodeOperators: '8190=440-10' } }),
  ...limits,
  roamersMax: 8,
};
/** Where what must come out is known, nothing may be evicted; and each dialogue has a cell of its own. */
const roomyConfig = { ...config, cellsMax: 4096, tmsiMax: 4096 };

/** Rows that one message may bring: of every procedure, and two proofs of each connection that ends. */
const rowsMax = Math.ceil(limits.connectionsMax * 1.25) + 2 * limits.connectionsMax + 8;
/** Turns of loops and calls of functions that one message may cost, when it ends all there is. */
const stepsMax = 6_000;

export interface SequenceRow {
  timeUs: number;
  /** 0: unresolved. */
  imsi: number;
  cgi: string;
  kind: number;
  outcome: number;
  flags: number;
}

/** The pseudonym of an IMSI is the IMSI itself, so that rows tell whom they are about. */
const plainKeys = {
  lo: 0,
  hi: 0,
  packedImsi(packed: number): void {
    this.lo = packed >>> 0;
    this.hi = Math.floor(packed / 2 ** 32);
  },
  peerNumber(value: number): void {
    this.packedImsi(value);
  },
  peerText(text: string): void {
    this.packedImsi(text.length + 1);
  },
  ownNumber(value: number): void {
    this.packedImsi(value);
  },
  handset(imei: number): void {
    this.packedImsi(imei);
  },
};

/** A correlator that is given messages through its own interface, and looked at behind each. */
export class SequenceTarget {
  readonly rows: SequenceRow[] = [];
  messages = 0;
  /** Most steps of one message. */
  stepsMost = 0;
  /** Of all rows, in order: two runs must have the same. */
  digest = 0;
  readonly correlator: Correlator;
  readonly #cellsMax: number;
  readonly #tmsisMax: number;
  /** IMSIs that any message has named so far, by whose VLR; the last is anybody's. */
  readonly #named = Array.from({ length: groups + 1 }, () => new Set<number>());
  #earliestUs = Number.POSITIVE_INFINITY;
  #latestUs = -1;
  #rowsBefore = 0;

  /** @param isRoomy every dialogue has a cell of its own */
  constructor(sorted: boolean, isRoomy = false) {
    const settings = isRoomy ? roomyConfig : config;
    this.#cellsMax = settings.cellsMax;
    this.#tmsisMax = settings.tmsiMax;
    const sink: EventSink = { event: (...row) => this.#row(...row) };
    const pseudonymiser = plainKeys;
    this.correlator = new Correlator({ config: settings, sorted, defaultPlmn: plmn, pseudonymiser, sink });
  }

  /** @param group whose subscribers the message may name */
  message(m: SignalMessage, group: number): void {
    this.#begin(m.timeUs);
    this.#name(group, m.imsi, m.imsiDigits);
    this.correlator.message(m);
    this.#end();
  }

  map(m: SignalMessage, c: MapMessage, group: number): void {
    this.#begin(m.timeUs);
    this.#name(group, c.imsi, c.imsiDigits);
    this.#name(group, c.referenceImsi, c.referenceImsiDigits);
    this.correlator.map(m, c);
    this.#end();
  }

  tick(timeUs: number): void {
    this.#begin(timeUs);
    this.correlator.tick(timeUs);
    this.#end();
  }

  /** The end of the feed: nothing may be left of any connection. */
  finish(): void {
    this.#checkTables();
    this.#begin(this.#latestUs);
    probe.stepsMax = limits.connectionsMax * stepsMax;
    this.correlator.flush();
    probe.stepsMax = Number.POSITIVE_INFINITY;
    const { connections, procedures, joiner } = this.#inside();
    const left = {
      connections: connections.open,
      references: connections.__byReference.used,
      procedures: procedures.used,
      handovers: joiner.__lists.size,
    };
    for (const [what, count] of Object.entries(left)) {
      if (count !== 0) throw new SequenceError(`${count} ${what} are left behind the end`);
    }
  }

  #begin(timeUs: number): void {
    this.messages++;
    this.#earliestUs = Math.min(this.#earliestUs, timeUs);
    this.#latestUs = Math.max(this.#latestUs, timeUs);
    this.#rowsBefore = this.rows.length;
    probe.steps = 0;
    probe.stepsMax = stepsMax;
  }

  #end(): void {
    this.stepsMost = Math.max(this.stepsMost, probe.steps);
    probe.stepsMax = Number.POSITIVE_INFINITY;
    const rows = this.rows.length - this.#rowsBefore;
    if (rows > rowsMax) throw new SequenceError(`${rows} rows of one message`);
  }

  #name(group: number, imsi: number, digits: number): void {
    const packed = packImsi(imsi, digits);
    if (packed < 0) return;
    this.#named[groups].add(packed);
    if (group >= 0) this.#named[group].add(packed);
  }

  #checkTables(): void {
    const stats = this.correlator.stats;
    const known: [what: string, count: number, max: number][] = [
      ['open connections', stats.openConnections, limits.connectionsMax],
      ['TMSIs', stats.knownTmsis, this.#tmsisMax],
      ['cells', stats.knownCells, this.#cellsMax],
      ['open dialogues', stats.openDialogues, limits.dialoguesMax],
      ['telephone numbers', stats.knownNumbers, limits.msisdnMax],
      ['registrations', stats.registrations, limits.registrationsMax],
    ];
    for (const [what, count, max] of known) if (count > max) throw new SequenceError(`too many ${what}: ${count}`);
    const { connections, transactions } = this.#inside();
    if (connections.__byReference.used > 2 * connections.open) throw new SequenceError('references of nobody are left');
    if (transactions.__table.used > 4 * transactions.open) throw new SequenceError('identities of nobody are left');
    if (stats.events !== this.rows.length) throw new SequenceError('rows are counted wrongly');
  }

  /** The correlator's parts, private ones included: `instrument.ts` has made them ordinary. */
  #inside() {
    const all = this.correlator as unknown as {
      __connections: { open: number; __byReference: { used: number } };
      __procedures: { used: number };
      __joiner: { __lists: { size: number } };
      __core: { transactions: { open: number; __table: { used: number } } };
    };
    return {
      connections: all.__connections,
      procedures: all.__procedures,
      joiner: all.__joiner,
      transactions: all.__core.transactions,
    };
  }

  #row(
    timeUs: number,
    subLo: number,
    subHi: number,
    cgi: string,
    home: number,
    kind: number,
    outcome: number,
    cause: number,
    flags: number,
    durationMs: number,
    typeAllocationCode: number,
    bytes: number,
    cell = 0,
    peer?: Readonly<Peer>,
  ): void {
    const imsi = subHi * 2 ** 32 + subLo;
    const say = (what: string): never => {
      throw new SequenceError(`${what}: ${eventKinds[kind]} ${outcomes[outcome]} ${cgi} flags ${flags}`);
    };
    const spanMs = (this.#latestUs - this.#earliestUs) / 1000;
    if (!(timeUs >= this.#earliestUs && timeUs <= this.#latestUs)) say('a row at a time of no message');
    if (!(durationMs >= 0 && durationMs <= spanMs + 1)) say('a row that lasts longer than the messages');
    if (eventKinds[kind] === undefined || outcomes[outcome] === undefined) say('a row of no kind or outcome');
    if (!(cause >= 0 && cause <= noCause)) say('a row with no legal cause');
    if (!(flags >= 0 && flags <= 7)) say('a row with unknown flags');
    if (!(typeAllocationCode >= 0 && typeAllocationCode < 1e8) || bytes !== 0) say('a row with a wrong column');
    if ((flags & eventFlag.sighting) !== 0 && (imsi === 0 || cgi === '')) say('a proof of place of nobody or nowhere');
    if ((kind === kindCode.sighting) !== (flags === eventFlag.sighting)) say('a sighting that is more or less');
    if (cell < 0 || cell > this.#cellsMax || (cell === 0) !== (cgi === '')) say('a row of no valid cell');
    if ((imsi === 0) !== (home === 0)) say('a home network without a subscriber, or the reverse');
    if (peer !== undefined && (peerClasses[peer.peerClass] === undefined || !(peer.area >= 0))) say('a wrong peer');
    const group = cgi === '' ? groups : groupOfCell(cgi);
    if (group < 0) say('a cell that nobody has named');
    if (imsi !== 0 && !this.#named[group].has(imsi)) {
      say(!this.#named[groups].has(imsi) ? 'a subscriber that nobody has named' : 'a subscriber of another VLR');
    }
    this.rows.push({ timeUs, imsi, cgi, kind, outcome, flags });
    for (const value of [timeUs, imsi, cell, kind, outcome, cause, flags, durationMs, peer?.peerLo ?? 0]) {
      this.digest = Math.imul(this.digest ^ (value % 2 ** 31), 0x9e37_79b1) ^ (this.digest >>> 15);
    }
  }
}
