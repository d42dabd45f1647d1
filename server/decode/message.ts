import type { DecodeError } from './decode-error.ts';
import type { MapMessage } from './map-message.ts';
import type { Upcoming } from './upcoming.ts';

const noBytes = new Uint8Array(0);

/**
 * Which groups of {@link SignalMessage} a message has filled. Whoever writes a field of a group sets its bit in
 * `parts`; a group whose bit is not set holds nothing but its absent values.
 */
export const part = {
  /** Cell, location area. */
  place: 1,
  /** IMSI, TMSI, IMEI. */
  identity: 2,
  /** Location updating type, CM service type, causes, RP type. */
  detail: 4,
  /** Called and calling number, TP addresses. */
  numbers: 8,
  /** Called and calling party address of SCCP. */
  addresses: 16,
  /** RANAP. */
  ranap: 32,
  /** Circuit, chosen channel, speech version. */
  channel: 64,
  /** Target cell, and the cells of a list. */
  cells: 128,
  /** What few messages tell: RR, LCS and reroute causes, component of a supplementary service. */
  rare: 256,
} as const;

/**
 * One signalling message in one reusable record: decode fills it, correlate reads it during the call, nobody keeps
 * it. Numbers instead of objects and strings, because one object per message costs more than half of the speed.
 * -1 (or 0 for {@link plmn fields}) means: not in the message.
 *
 * Codes are the specifications' own: SCCP types of ITU-T Q.713 §2.1, BSSMAP types of 3GPP TS 48.008 §3.2.2.1, DTAP
 * types of 3GPP TS 24.008 §10.4 with N(SD) masked, protocol discriminators of 3GPP TS 24.007 §11.2.3.1.1.
 */
export class SignalMessage {
  /** 1-based number of the frame that completes the message, and its time in integer microseconds. */
  frame = 0;
  timeUs = 0;
  /** Bits of {@link part}. */
  parts = 0;

  /** Symbol of the link the message came over: the same for both directions (transport association and point-code pair). */
  link = 0;
  /** True where the sender is the side with the smaller point code (of equal ones: the smaller transport address); tells the two directions of a link apart. */
  fromLower = false;
  opc = -1;
  dpc = -1;

  sccpType = -1;
  sourceLocalReference = -1;
  destinationLocalReference = -1;
  /** Release cause (RLSD), refusal cause (CREF) or return cause (UDTS). */
  sccpCause = -1;

  /** BSSMAP message type; -1 where the user data is something else or absent. */
  bssmapType = -1;
  /** Protocol discriminator and message type of the DTAP message, or of the layer 3 message inside COMPLETE LAYER 3 INFORMATION or a NAS-PDU. */
  protocolDiscriminator = -1;
  dtapType = -1;
  /** Transaction identifier of CC, SMS and SS messages, flag included. */
  transactionId = -1;

  // part.place
  /** Cell of the message: Cell Identifier, the serving one where there are two. Parts that its discriminator omits stay absent. */
  cellPlmn = 0;
  cellLac = -1;
  cellCi = -1;
  /** Service area code, in place of the CI: SAI on Iu, and Cell Identifier discriminators that name a UTRAN area. */
  cellSac = -1;
  /** Location area identification (LOCATION UPDATING REQUEST, ACCEPT, TMSI REALLOCATION COMMAND, RANAP). */
  laiPlmn = 0;
  laiLac = -1;

  // part.identity
  /** IMSI as an integer with its count of digits (leading zeros!): 001010000000001 is 1010000000001 with 15 digits. */
  imsi = -1;
  imsiDigits = 0;
  tmsi = -1;
  /** The first 14 digits of IMEI or IMEISV (type allocation code, serial number) as an integer, the rest of them (check digit, software version) as another, and the count of all digits (14, 15 or 16). */
  imei = -1;
  imeiTail = 0;
  imeiDigits = 0;

  // part.detail
  /** BSSMAP Cause, 3GPP TS 48.008 §3.2.2.5. */
  bssmapCause = -1;
  /** LOCATION UPDATING REQUEST: location updating type (0 normal, 1 periodic, 2 IMSI attach), 3GPP TS 24.008 §10.5.3.5. */
  locationUpdatingType = -1;
  /** CM SERVICE REQUEST: CM service type (1 MO call, 2 emergency call, 4 SMS, 8 SS), 3GPP TS 24.008 §10.5.3.3. */
  cmServiceType = -1;
  /** Reject cause (MM) or cause value (CC) or CP/RP cause. */
  cause = -1;
  /** RP message type inside CP-DATA, 3GPP TS 24.011 §8.2.2. */
  rpType = -1;

  // part.cells
  /** Target cell: Cell Identifier (Target) of HANDOVER REQUEST, first of the list of HANDOVER REQUIRED. */
  targetCellPlmn = 0;
  targetCellLac = -1;
  targetCellCi = -1;
  targetCellSac = -1;
  /** Cell Identifier List: its discriminator, and the slice of {@link bytes} that its cells fill (`cellListCount`, `readListedCell`). 3GPP TS 48.008 §3.2.2.27. */
  cellListDiscriminator = -1;
  cellListOffset = -1;
  cellListLength = 0;

  // part.channel
  /** Circuit Identity Code: 11 bits of PCM multiplex, 5 of time slot. 3GPP TS 48.008 §3.2.2.2. */
  circuitIdentityCode = -1;
  /** Chosen Channel: mode (bits 8 to 5) and channel (bits 4 to 1). 3GPP TS 48.008 §3.2.2.33. */
  chosenChannel = -1;
  /** Speech Version, chosen or used. 3GPP TS 48.008 §3.2.2.51. */
  speechVersion = -1;

  // part.rare
  /** RR Cause, 3GPP TS 44.018 §10.5.2.31. */
  rrCause = -1;
  /** LCS Cause, 3GPP TS 49.031 §10.13. */
  lcsCause = -1;
  /** Reroute Reject Cause, 3GPP TS 48.008 §3.2.2.112. */
  rerouteCause = -1;
  /** First component of a Facility element: its type (1 invoke, 2 returnResultLast, 3 returnError, 4 reject), and its invoke identifier as the octet that carries it. 3GPP TS 24.080 §3.6. */
  ssComponent = -1;
  ssInvokeId = -1;
  /** The operation that it invokes or answers, or its error: 3GPP TS 24.080 §3.6.4, 29.002 §17.5. */
  ssOperation = -1;
  ssError = -1;

  // part.numbers: slices of {@link bytes}
  /** Called party BCD number (SETUP; RP destination address of a short message): semi-octets of 3GPP TS 24.008 §10.5.4.7 without the type octet. */
  calledOffset = -1;
  calledLength = 0;
  callingOffset = -1;
  callingLength = 0;
  /** Type of number of the two, from the octet in front: 1 international, 2 national, 0 unknown. 3GPP TS 24.008 §10.5.4.7. */
  calledType = -1;
  callingType = -1;
  /** TP-DA and TP-OA of a short message: from the octet that counts the digits on. 3GPP TS 23.040 §9.1.2.5. */
  tpDestinationOffset = -1;
  tpDestinationLength = 0;
  tpOriginatorOffset = -1;
  tpOriginatorLength = 0;
  /** Connected number of CONNECT: semi-octets. 3GPP TS 24.008 §10.5.4.13. */
  connectedOffset = -1;
  connectedLength = 0;
  /** The octets that these slices point into; valid only during the call. */
  bytes: Uint8Array = noBytes;

  // part.addresses: slices of {@link addressBytes}
  /** Subsystem numbers, and the address signals of the global titles: octets, and how many digits they hold. ITU-T Q.713 §3.4. */
  calledSsn = -1;
  calledTitleOffset = -1;
  calledTitleDigits = 0;
  callingSsn = -1;
  callingTitleOffset = -1;
  callingTitleDigits = 0;
  addressBytes: Uint8Array = noBytes;

  // part.ranap
  /** Procedure code, and which of its messages: 0 initiating, 1 successful, 2 unsuccessful outcome, 3 outcome. 3GPP TS 25.413 §9.3. */
  ranapProcedure = -1;
  ranapType = -1;
  /** Cause of a RANAP message, its number over all groups: 3GPP TS 25.413 §9.2.1.4. */
  ranapCause = -1;
  /** CN Domain Indicator: 0 circuit-switched, 1 packet-switched. 3GPP TS 25.413 §9.2.1.5. */
  cnDomain = -1;
  /** SAPI of a NAS-PDU: 0 calls and mobility, 3 short messages. 3GPP TS 25.413 §9.2.3.8. */
  sapi = -1;
  /** Iu Signalling Connection Identifier, 24 bits. 3GPP TS 25.413 §9.2.1.38. */
  iuConnection = -1;
  /** Global RNC-ID (in Source ID: of the source RNC), extended RNC-ID included. 3GPP TS 25.413 §9.2.1.39. */
  rncPlmn = 0;
  rncId = -1;
  /** RNC-ID of a Target ID, whose PLMN and LAC are the target cell's. 3GPP TS 25.413 §9.2.1.25. */
  targetRncId = -1;
  /** Routing Area Code. 3GPP TS 25.413 §9.2.3.7. */
  rac = -1;

  /** Back to "nothing is in the message"; link, frame, time and point codes stay. */
  resetSccp(): void {
    this.sccpType = -1;
    this.sourceLocalReference = -1;
    this.destinationLocalReference = -1;
    this.sccpCause = -1;
    this.bssmapType = -1;
    this.protocolDiscriminator = -1;
    this.dtapType = -1;
    this.transactionId = -1;
    if (this.parts !== 0) this.resetParts();
  }

  /** The same of the groups alone. */
  resetParts(): void {
    const { parts } = this;
    this.parts = 0;
    if ((parts & part.place) !== 0) {
      this.cellPlmn = 0;
      this.cellLac = -1;
      this.cellCi = -1;
      this.cellSac = -1;
      this.laiPlmn = 0;
      this.laiLac = -1;
    }
    if ((parts & part.identity) !== 0) {
      this.imsi = -1;
      this.imsiDigits = 0;
      this.tmsi = -1;
      this.imei = -1;
      this.imeiTail = 0;
      this.imeiDigits = 0;
    }
    if ((parts & part.detail) !== 0) {
      this.bssmapCause = -1;
      this.locationUpdatingType = -1;
      this.cmServiceType = -1;
      this.cause = -1;
      this.rpType = -1;
    }
    // Most messages fill none of the groups behind these.
    if (parts < part.numbers) return;
    if ((parts & part.numbers) !== 0) {
      this.calledOffset = -1;
      this.calledLength = 0;
      this.callingOffset = -1;
      this.callingLength = 0;
      this.calledType = -1;
      this.callingType = -1;
      this.tpDestinationOffset = -1;
      this.tpDestinationLength = 0;
      this.tpOriginatorOffset = -1;
      this.tpOriginatorLength = 0;
      this.connectedOffset = -1;
      this.connectedLength = 0;
    }
    if ((parts & part.addresses) !== 0) {
      this.calledSsn = -1;
      this.calledTitleOffset = -1;
      this.calledTitleDigits = 0;
      this.callingSsn = -1;
      this.callingTitleOffset = -1;
      this.callingTitleDigits = 0;
    }
    if ((parts & part.ranap) !== 0) {
      this.ranapProcedure = -1;
      this.ranapType = -1;
      this.ranapCause = -1;
      this.cnDomain = -1;
      this.sapi = -1;
      this.iuConnection = -1;
      this.rncPlmn = 0;
      this.rncId = -1;
      this.targetRncId = -1;
      this.rac = -1;
    }
    if ((parts & part.cells) !== 0) {
      this.targetCellPlmn = 0;
      this.targetCellLac = -1;
      this.targetCellCi = -1;
      this.targetCellSac = -1;
      this.cellListDiscriminator = -1;
      this.cellListOffset = -1;
      this.cellListLength = 0;
    }
    if ((parts & part.channel) !== 0) {
      this.circuitIdentityCode = -1;
      this.chosenChannel = -1;
      this.speechVersion = -1;
    }
    if ((parts & part.rare) !== 0) {
      this.rrCause = -1;
      this.lcsCause = -1;
      this.rerouteCause = -1;
      this.ssComponent = -1;
      this.ssInvokeId = -1;
      this.ssOperation = -1;
      this.ssError = -1;
    }
  }
}

/** Takes runs of messages from their records (`message-record.ts`). */
export interface PlainTaker {
  /** Where it wants the records to lie, as many as fit. */
  readonly words: Int32Array;
  /**
   * Takes the messages from word `at` on, up to the first one that it leaves over or that does not lie there whole.
   *
   * @param end up to where there are records, words; the last one may go on beyond
   * @param max messages at most
   * @param untilUs none later than this, µs
   * @returns where it stopped, words; the rest stands in {@link given}, {@link frame} and {@link newestUs}
   */
  take(at: number, end: number, max: number, untilUs: number): number;
  /** How many messages it took at last, the frame of the last of them (where there is one) and their newest time. */
  readonly given: number;
  readonly frame: number;
  readonly newestUs: number;
}

/** Takes each decoded message. The record is reused: read it during the call, never keep it. */
export interface MessageSink {
  message(message: SignalMessage): void;
  /** Who takes ordinary messages straight from their records; what it leaves over comes by {@link message}. */
  readonly plain?: PlainTaker;
  /** Whether it wants to {@link expect} at this time. */
  readonly looksAhead?: boolean;
  /** Hears what the next messages will be about, so that it can fetch what they need in one go. */
  expect?(upcoming: Upcoming): void;
  /**
   * Whether to read what came back undelivered (the user data of UDTS, XUDTS, LUDTS) too: for whoever shows messages.
   * It has happened to nobody.
   */
  readonly wantsReturned?: boolean;
  /**
   * Takes a TCAP component, or a TCAP message without any (`componentType` -1); `message` holds the SCCP message around
   * it, once more for each component. The same holds for both records: read them during the call.
   */
  map?(message: SignalMessage, component: MapMessage): void;
  /**
   * Hears of malformed input in the frame of `message`.
   *
   * @param delivered the message itself is still given to {@link message}, with what was read before the flaw
   */
  fault?(message: SignalMessage, flaw: DecodeError, delivered: boolean): void;
}
