import type { SignalMessage } from '../decode/message.ts';
import { causeList, packCause } from '../events/cause.ts';
import { noCause } from '../events/event-batch.ts';
import { kindCode, outcomeCode } from '../events/kinds.ts';
import { cc, cmService, cp, discriminator, locationUpdating, mm, rp, rr, ss } from './message-types.ts';
import { type Procedures, procedureState, unbound } from './procedures.ts';

function callCauses(values: readonly number[]): ReadonlySet<number> {
  return new Set(values.map((value) => packCause(causeList.cc, value)));
}

/** Cause values of a call that nobody took, 3GPP TS 24.008 §10.5.4.11. */
const unansweredCauses = callCauses([
  16, // normal call clearing: the caller gave up
  17, // user busy
  18, // no user responding
  19, // user alerting, no answer
  21, // call rejected
  31, // normal, unspecified
]);

/** Ends of a supplementary service that are none of its failures: normal clearing, normal and unspecified. */
const normalCauses = new Set([16, 31]);

/** Kind of the procedure that an initial layer 3 message begins. */
export function initialKind(m: SignalMessage): number {
  if (m.protocolDiscriminator !== discriminator.mobilityManagement) return kindCode.other;
  switch (m.dtapType) {
    case mm.locationUpdatingRequest:
      if (m.locationUpdatingType === locationUpdating.periodic) return kindCode['periodic update'];
      return m.locationUpdatingType === locationUpdating.imsiAttach
        ? kindCode['imsi attach']
        : kindCode['location update'];
    case mm.imsiDetachIndication:
      return kindCode.detach;
    case mm.cmServiceRequest:
      switch (m.cmServiceType) {
        case cmService.call:
          return kindCode['mo call'];
        case cmService.emergencyCall:
          return kindCode['emergency call'];
        case cmService.sms:
          return kindCode['mo sms'];
        case cmService.ss:
          return kindCode['supplementary service'];
      }
  }
  return kindCode.other;
}

/** CM RE-ESTABLISHMENT REQUEST, 3GPP TS 24.008 §4.5.1.6. */
export function isReestablishment(m: SignalMessage): boolean {
  return m.protocolDiscriminator === discriminator.mobilityManagement && m.dtapType === mm.cmReestablishmentRequest;
}

export function isPagingResponse(m: SignalMessage): boolean {
  return m.protocolDiscriminator === discriminator.radioResource && m.dtapType === rr.pagingResponse;
}

/** Sets of kinds, a bit for each code. */
export const locationUpdates =
  (1 << kindCode['location update']) | (1 << kindCode['imsi attach']) | (1 << kindCode['periodic update']);
export const services = ~locationUpdates;
export const anyKind = -1;

export function isLocationUpdate(kind: number): boolean {
  return ((locationUpdates >>> kind) & 1) !== 0;
}

/** Kind of the procedure that a transaction's first message begins by itself; -1 where it begins none. */
export function transactionKind(m: SignalMessage, uplink: boolean): number {
  switch (m.protocolDiscriminator) {
    case discriminator.callControl:
      if (m.dtapType === cc.setup) return uplink ? kindCode['mo call'] : kindCode['mt call'];
      return m.dtapType === cc.emergencySetup ? kindCode['emergency call'] : -1;
    case discriminator.sms:
      // What answers a short message begins none: its beginning was not seen, or is another connection's.
      if (m.dtapType !== cp.data || (m.rpType >= rp.ackUp && m.rpType <= rp.errorDown)) return -1;
      if (m.rpType === rp.memoryAvailable) return kindCode.other;
      return uplink ? kindCode['mo sms'] : kindCode['mt sms'];
    case discriminator.ss:
      return m.dtapType === ss.register ? kindCode['supplementary service'] : -1;
    default:
      return -1;
  }
}

/** Whether a service that was asked for (CM SERVICE REQUEST, PAGING RESPONSE) is the one this transaction carries. */
export function serves(procedures: Procedures, p: number, m: SignalMessage, uplink: boolean): boolean {
  if (procedures.transaction(p) !== unbound) return false;
  // A transaction that the network begins answers a page, one that the phone begins answers its own request.
  const begins = transactionKind(m, uplink) >= 0;
  if (procedures.is(p, procedureState.paged)) return !begins || !uplink;
  if (begins && !uplink) return false;
  if (procedures.is(p, procedureState.reestablished)) return m.protocolDiscriminator === discriminator.callControl;
  switch (procedures.kind(p)) {
    case kindCode['mo call']:
    case kindCode['emergency call']:
      return m.protocolDiscriminator === discriminator.callControl;
    case kindCode['mo sms']:
      return m.protocolDiscriminator === discriminator.sms;
    case kindCode['supplementary service']:
      return m.protocolDiscriminator === discriminator.ss;
    default:
      return false;
  }
}

/** Binds a service that was asked for to the transaction that carries it. */
export function bind(procedures: Procedures, p: number, m: SignalMessage, uplink: boolean): void {
  procedures.bind(p, m.protocolDiscriminator, transactionOf(m, uplink));
  if (procedures.is(p, procedureState.paged)) {
    const kind = transactionKind(m, uplink);
    if (kind >= 0) procedures.setKind(p, kind);
    else if (m.protocolDiscriminator === discriminator.callControl) procedures.setKind(p, kindCode['mt call']);
    else if (m.protocolDiscriminator === discriminator.sms) procedures.setKind(p, kindCode['mt sms']);
  } else if (m.rpType === rp.memoryAvailable) {
    // The phone asked for a short message's connection and only says that it has room again (3GPP TS 24.011 §7.3.2).
    procedures.setKind(p, kindCode.other);
  }
}

/**
 * Transaction identifier with its flag as the phone sends it: the flag says whether the sender is the side that was
 * asked, so it differs by direction. 3GPP TS 24.007 §11.2.3.1.3.
 */
export function transactionOf(m: SignalMessage, uplink: boolean): number {
  return uplink || m.transactionId < 0 ? m.transactionId : m.transactionId ^ 0x8;
}

/** Whether an SCCP message brings a message of its user. */
export function hasUserData(m: SignalMessage): boolean {
  return m.bssmapType >= 0 || m.protocolDiscriminator >= 0 || m.ranapProcedure >= 0;
}

export function isTransaction(m: SignalMessage): boolean {
  const { protocolDiscriminator: pd } = m;
  return pd === discriminator.callControl || pd === discriminator.sms || pd === discriminator.ss;
}

/** Takes a transaction's message in. @returns whether the transaction has ended with it */
export function follow(procedures: Procedures, p: number, m: SignalMessage, uplink: boolean): boolean {
  switch (procedures.discriminator(p)) {
    case discriminator.callControl:
      return followCall(procedures, p, m, uplink);
    case discriminator.sms:
      return followShortMessage(procedures, p, m);
    default:
      if (m.dtapType !== ss.releaseComplete) return false;
      procedures.setOutcome(p, m.cause > 0 && !normalCauses.has(m.cause) ? outcomeCode.failed : outcomeCode.success);
      if (m.cause >= 0) procedures.setCause(p, packCause(causeList.cc, m.cause));
      return true;
  }
}

function followCall(procedures: Procedures, p: number, m: SignalMessage, uplink: boolean): boolean {
  switch (m.dtapType) {
    case cc.setup:
      // CM SERVICE PROMPT: the network pages for a call that the phone then sets up itself (3GPP TS 24.008 §5.2.3).
      if (uplink && procedures.kind(p) === kindCode['mt call']) procedures.setKind(p, kindCode['mo call']);
      return false;
    case cc.emergencySetup:
      procedures.setKind(p, kindCode['emergency call']);
      return false;
    case cc.connect:
      procedures.mark(p, procedureState.answered);
      return false;
    case cc.disconnect:
    case cc.release:
    case cc.releaseComplete:
      procedures.mark(p, procedureState.releasing);
      // The first one tells why; the others answer it.
      if (procedures.cause(p) === noCause) procedures.setCause(p, packCause(causeList.cc, m.cause));
      return m.dtapType === cc.releaseComplete;
    default:
      return false;
  }
}

/** 3GPP TS 24.011 §5.3, §6.3: the relay answer travels in CP-DATA, and the CP-ACK of that ends the transaction. */
function followShortMessage(procedures: Procedures, p: number, m: SignalMessage): boolean {
  switch (m.dtapType) {
    case cp.data:
      if (m.rpType === rp.ackUp || m.rpType === rp.ackDown) {
        procedures.setOutcome(p, outcomeCode.success);
        procedures.mark(p, procedureState.relayed);
      } else if (m.rpType === rp.errorUp || m.rpType === rp.errorDown) {
        procedures.setOutcome(p, outcomeCode.failed);
        procedures.mark(p, procedureState.relayed);
        procedures.setCause(p, packCause(causeList.rp, m.cause));
      }
      return false;
    case cp.ack:
      return procedures.is(p, procedureState.relayed);
    case cp.error:
      if (!procedures.is(p, procedureState.relayed)) {
        procedures.setOutcome(p, outcomeCode.failed);
        procedures.setCause(p, packCause(causeList.cp, m.cause));
      }
      return true;
    default:
      return false;
  }
}

/** The radio side has gone: an answered call that nobody hung up lasted until now. @param cause from `packCause` */
export function drop(procedures: Procedures, p: number, timeUs: number, cause: number): void {
  const { answered, finished, releasing } = procedureState;
  const going = (procedures.state(p) & (answered | finished | releasing)) === answered;
  if (!going || procedures.outcome(p) !== outcomeCode.unknown) return;
  procedures.setOutcome(p, outcomeCode.dropped);
  procedures.setCause(p, cause);
  procedures.setLastUs(p, timeUs);
}

/** The call was not dropped after all: it goes on elsewhere. */
export function goesOn(procedures: Procedures, p: number): void {
  if (!isDropped(procedures, p)) return;
  procedures.setOutcome(p, outcomeCode.unknown);
  procedures.setCause(p, noCause);
}

export function isDropped(procedures: Procedures, p: number): boolean {
  return procedures.outcome(p) === outcomeCode.dropped;
}

/**
 * Settles the outcome of a procedure whose row is about to be written.
 *
 * @param brokenCause why the radio side or the SCCP gave the connection up, `noCause` where they did not say; -1 where
 *   it ended in order
 */
export function settle(procedures: Procedures, p: number, brokenCause: number): void {
  if (procedures.outcome(p) !== outcomeCode.unknown) return;
  const state = procedures.state(p);
  const broken = brokenCause >= 0 && (state & (procedureState.releasing | procedureState.finished)) === 0;
  if (broken) {
    procedures.setOutcome(p, outcomeCode.failed);
    procedures.setCause(p, brokenCause);
  } else if (state & procedureState.answered) {
    procedures.setOutcome(p, outcomeCode.success);
  } else if (state & procedureState.releasing) {
    procedures.setOutcome(p, unansweredCauses.has(procedures.cause(p)) ? outcomeCode.unanswered : outcomeCode.failed);
  }
}
