const noBytes = new Uint8Array(0);

/** Which groups of {@link MapMessage} a component (or the dialogue portion) has filled, as `part` of SignalMessage. */
export const mapPart = {
  /** Application context and the rest of the dialogue portion: stays for all components of a TCAP message. */
  dialogue: 1,
  /** IMSI, TMSI, LMSI, IMEI. */
  identity: 2,
  /** Cell, target cell, location area, age of the location. */
  place: 4,
  /** Cancellation type, causes and the like. */
  detail: 8,
  /** Any of {@link mapSlice}. */
  slices: 16,
} as const;

/**
 * The parts of a component that stay octets. A number is an ISDN-AddressString or AddressString (3GPP TS 29.002
 * §17.7.8): its slice holds the TBCD digits, and the octet of nature of address and numbering plan in front stands in
 * `nature`. The last three are no numbers and have no nature.
 */
export const mapSlice = {
  msisdn: 0,
  msc: 1,
  vlr: 2,
  sgsn: 3,
  hlr: 4,
  /** Roaming number (MSRN): provideRoamingNumber, sendRoutingInfo; of MAP v1 and v2 also in updateLocation and short messages. */
  roamingNumber: 5,
  /** networkNode-Number of sendRoutingInfoForSM: an MSC, or an SGSN where `gprsNode` is set. */
  networkNode: 6,
  serviceCentre: 7,
  /** Where a call is forwarded to: sendRoutingInfo, registerSS. */
  forwardedTo: 8,
  /** GMSC or gsmSCF that asks: sendRoutingInfo, provideRoamingNumber, anyTimeInterrogation. */
  gmsc: 9,
  /** New MSC and VLR of the subscriber: cancelLocation v3, sendIdentification v3. */
  newMsc: 10,
  newVlr: 11,
  targetMsc: 12,
  handoverNumber: 13,
  /** SM-RP-UI: the TPDU of a short message, 3GPP TS 23.040. */
  shortMessage: 14,
  /** USSD string in the coding that `ussdCoding` names, 3GPP TS 23.038. */
  ussd: 15,
  /** Message of the A or Iu interface inside handover operations; `accessProtocol` says which. */
  accessPdu: 16,
} as const;

/** Slices below this one are numbers. */
export const firstPayloadSlice = mapSlice.shortMessage;
const sliceCount = mapSlice.accessPdu + 1;

/**
 * One TCAP component, or a TCAP message without any, in one reusable record: read it during the call, never keep it.
 * Like SignalMessage it holds numbers; -1 (0 for PLMNs and counts of digits) means: not in the message.
 */
export class MapMessage {
  /** Bits of {@link mapPart}. */
  parts = 0;

  /** Message type, ITU-T Q.773 table 8: 1 Unidirectional, 2 Begin, 4 End, 5 Continue, 7 Abort. */
  tcapType = -1;
  /** Transaction identities as unsigned numbers, and their octets: 00ff and ff are different. Q.773 §4.2.1.2. */
  otid = -1;
  otidLength = 0;
  dtid = -1;
  dtidLength = 0;
  /** Who uses TCAP: `tcapUser` of tcap-tables.ts. Operation and error codes mean what MAP says only where it is MAP. */
  user = -1;
  /** P-Abort cause, Q.773 §4.2.1.3. */
  abortCause = -1;

  /** 1 invoke, 2 returnResultLast, 3 returnError, 4 reject, 7 returnResultNotLast; -1: the message has no component. Q.773 §4.2.2. */
  componentType = -1;
  /** Place of the component in its message, from 0. */
  componentIndex = 0;
  /** Invoke and linked identity as the octet that carries it, 0…255: what is -1 on the wire is 255 here. */
  invokeId = -1;
  linkedId = -1;
  /** Local operation code. A returnResult has one only together with a result. */
  operation = -1;
  /** Local error code. */
  error = -1;
  /** Reject: 0 general, 1 invoke, 2 returnResult, 3 returnError problem, and its code. Q.773 §4.2.2.6. */
  problemType = -1;
  problem = -1;

  // mapPart.dialogue
  /** 0 AARQ (or AUDT), 1 AARE, 4 ABRT. Q.773 §4.2.3. */
  dialogueType = -1;
  /** Number and version of the MAP application context, 3GPP TS 29.002 §17.3.3; -1 where the context is not MAP's. */
  context = -1;
  contextVersion = -1;
  /** AARE: 0 accepted, 1 rejected for good. */
  dialogueResult = -1;
  /** ABRT: 0 by the user, 1 by the provider of the dialogue service. */
  abortSource = -1;
  /** Destination reference of MAP-OPEN where it is an IMSI: whom supplementary services and USSD are about. 3GPP TS 29.002 §7.3.1. */
  referenceImsi = -1;
  referenceImsiDigits = 0;

  // mapPart.identity, as in SignalMessage
  imsi = -1;
  imsiDigits = 0;
  tmsi = -1;
  lmsi = -1;
  imei = -1;
  imeiTail = 0;
  imeiDigits = 0;

  // mapPart.place
  /** Where the subscriber is (anyTimeInterrogation and others), or the cell a handover leaves. */
  cellPlmn = 0;
  cellLac = -1;
  cellCi = -1;
  cellSac = -1;
  targetCellPlmn = 0;
  targetCellLac = -1;
  targetCellCi = -1;
  laiPlmn = 0;
  laiLac = -1;
  /** Minutes since the network last had radio contact, 3GPP TS 29.002 §17.7.1 AgeOfLocationInformation. */
  locationAgeMinutes = -1;

  // mapPart.detail
  /** 0 update procedure, 1 subscription withdrawn, 2 initial attach. */
  cancellationType = -1;
  /** The number that goes with an error code: roamingNotAllowedCause, callBarringCause, absentSubscriberReason, and others alike. 3GPP TS 29.002 §17.7.7. */
  errorCause = -1;
  /** checkIMEI: 0 white, 1 black, 2 grey list. */
  equipmentStatus = -1;
  /** reportSM-DeliveryStatus: 0 memory full, 1 subscriber absent, 2 delivered. */
  deliveryOutcome = -1;
  /** 1 where networkNode is an SGSN. */
  gprsNode = -1;
  /** Supplementary service, 3GPP TS 29.002 §17.7.5. */
  ssCode = -1;
  ussdCoding = -1;
  /** 1 BSSAP (or DTAP of MAP v2), 2 RANAP (or BSSAP of MAP v2), 3 BSSMAP; 3GPP TS 29.002 §7.6.9. */
  accessProtocol = -1;

  // mapPart.slices
  /** Bit per {@link mapSlice} that the component has. */
  sliceBits = 0;
  /** Octets that the slices point into; valid only during the call. */
  bytes: Uint8Array = noBytes;
  readonly #slices = new Int32Array(3 * sliceCount);

  hasSlice(slice: number): boolean {
    return (this.sliceBits & (1 << slice)) !== 0;
  }

  /** Where a slice begins in {@link bytes}; -1 where the component has none. */
  sliceOffset(slice: number): number {
    return this.hasSlice(slice) ? this.#slices[3 * slice] : -1;
  }

  sliceLength(slice: number): number {
    return this.hasSlice(slice) ? this.#slices[3 * slice + 1] : 0;
  }

  /** Octet of nature of address and numbering plan (0x91 for an international E.164 number); -1 where there is none. */
  sliceNature(slice: number): number {
    return this.hasSlice(slice) ? this.#slices[3 * slice + 2] : -1;
  }

  setSlice(slice: number, offset: number, length: number, nature: number): void {
    this.parts |= mapPart.slices;
    this.sliceBits |= 1 << slice;
    this.#slices[3 * slice] = offset;
    this.#slices[3 * slice + 1] = length;
    this.#slices[3 * slice + 2] = nature;
  }

  /** Back to nothing, for a new TCAP message. */
  reset(): void {
    this.resetComponent();
    this.tcapType = -1;
    this.otid = -1;
    this.otidLength = 0;
    this.dtid = -1;
    this.dtidLength = 0;
    this.user = -1;
    this.abortCause = -1;
    this.componentIndex = 0;
    if ((this.parts & mapPart.dialogue) === 0) return;
    this.parts = 0;
    this.dialogueType = -1;
    this.context = -1;
    this.contextVersion = -1;
    this.dialogueResult = -1;
    this.abortSource = -1;
    this.referenceImsi = -1;
    this.referenceImsiDigits = 0;
  }

  /** Back to the TCAP message and its dialogue portion, for its next component. */
  resetComponent(): void {
    this.componentType = -1;
    this.invokeId = -1;
    this.linkedId = -1;
    this.operation = -1;
    this.error = -1;
    this.problemType = -1;
    this.problem = -1;
    this.sliceBits = 0;
    const { parts } = this;
    this.parts &= mapPart.dialogue;
    if ((parts & mapPart.identity) !== 0) {
      this.imsi = -1;
      this.imsiDigits = 0;
      this.tmsi = -1;
      this.lmsi = -1;
      this.imei = -1;
      this.imeiTail = 0;
      this.imeiDigits = 0;
    }
    if ((parts & mapPart.place) !== 0) {
      this.cellPlmn = 0;
      this.cellLac = -1;
      this.cellCi = -1;
      this.cellSac = -1;
      this.targetCellPlmn = 0;
      this.targetCellLac = -1;
      this.targetCellCi = -1;
      this.laiPlmn = 0;
      this.laiLac = -1;
      this.locationAgeMinutes = -1;
    }
    if ((parts & mapPart.detail) !== 0) {
      this.cancellationType = -1;
      this.errorCause = -1;
      this.equipmentStatus = -1;
      this.deliveryOutcome = -1;
      this.gprsNode = -1;
      this.ssCode = -1;
      this.ussdCoding = -1;
      this.accessProtocol = -1;
    }
  }
}
