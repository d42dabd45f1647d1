import { bssmapNames } from '../decode/bssmap-tables.ts';
import { cell, cellListCount, readListedCell } from '../decode/cell-identifier.ts';
import { dtapNames } from '../decode/dtap-tables.ts';
import { type MapMessage, mapSlice } from '../decode/map-message.ts';
import type { SignalMessage } from '../decode/message.ts';
import { ranapNames } from '../decode/ranap-tables.ts';
import { sccpNames } from '../decode/sccp-tables.ts';
import { componentTypeNames, errorNames, operationNames, tcapTypeNames, tcapUser } from '../decode/tcap-tables.ts';
import { formatPlmn } from '../events/plmn.ts';
import { type IdentityText, letters, semiOctets } from './identity-text.ts';

/** An SCCP party: the digits of its global title, its subsystem number. */
interface Party {
  digits?: string;
  ssn?: number;
}

/** A cell, service area or location area; what its discriminator omits is absent. */
interface Place {
  mcc?: string;
  mnc?: string;
  lac?: number;
  ci?: number;
  sac?: number;
}

/**
 * One line of `decode --messages`: what stands in one signalling message, or in one component of a TCAP message.
 * Absent means not in the message.
 */
export interface MessageLine {
  /** 1-based number of the frame that completes the message. */
  frame: number;
  timeUs: number;
  opc?: number;
  dpc?: number;
  sccp?: { type: string; slr?: string; dlr?: string; called?: Party; calling?: Party };
  protocol?: 'BSSMAP' | 'DTAP' | 'RANAP' | 'TCAP' | 'MAP';
  message?: string;
  /** Layer 3 message inside a BSSMAP or RANAP message. */
  layer3?: string;
  imsi?: string;
  tmsi?: string;
  imei?: string;
  imeisv?: string;
  cell?: Place;
  cells?: Place[];
  lai?: Place;
  cause?: number;
  calledNumber?: string;
  callingNumber?: string;
  connectedNumber?: string;
  /** TP-DA and TP-OA of a short message. */
  tpDestination?: string;
  tpOriginator?: string;
  otid?: string;
  dtid?: string;
  component?: string;
  invokeId?: number;
  operation?: string;
  error?: string;
  msisdn?: string;
  msc?: string;
  vlr?: string;
  sgsn?: string;
  hlr?: string;
  roamingNumber?: string;
  /** What was wrong first; octets are counted from the start of the frame, or of the message put together from several. */
  fault?: { code: string; layer: string; offset: number };
}

const shortMessage = 9;
/** RP-DATA to the phone, 3GPP TS 24.011 §8.2.2. */
const rpDataToPhone = 1;
/** Type of number: letters in place of digits, 3GPP TS 23.040 §9.1.2.5. */
const alphanumeric = 5;

/** Writes messages as lines, identities as {@link IdentityText} does. */
export class MessageLines {
  readonly #identities: IdentityText;

  constructor(identities: IdentityText) {
    this.#identities = identities;
  }

  /** Frame and time: of what was too broken to be a message. */
  ofFrame(m: SignalMessage): MessageLine {
    return { frame: m.frame, timeUs: m.timeUs };
  }

  /** Frame, time and whatever SCCP says. */
  ofSccp(m: SignalMessage): MessageLine {
    const line = this.ofFrame(m);
    if (m.opc >= 0) line.opc = m.opc;
    if (m.dpc >= 0) line.dpc = m.dpc;
    if (m.sccpType < 0) return line;
    line.sccp = { type: sccpNames[m.sccpType] ?? String(m.sccpType) };
    if (m.sourceLocalReference >= 0) line.sccp.slr = hex(m.sourceLocalReference, 6);
    if (m.destinationLocalReference >= 0) line.sccp.dlr = hex(m.destinationLocalReference, 6);
    const called = this.#party(m, m.calledSsn, m.calledTitleOffset, m.calledTitleDigits);
    if (called !== null) line.sccp.called = called;
    const calling = this.#party(m, m.callingSsn, m.callingTitleOffset, m.callingTitleDigits);
    if (calling !== null) line.sccp.calling = calling;
    if (m.sccpCause >= 0) line.cause = m.sccpCause;
    return line;
  }

  /** A message of the A or Iu interface, or one without user data. */
  of(m: SignalMessage): MessageLine {
    const line = this.ofSccp(m);
    const layer3 = m.protocolDiscriminator < 0 ? undefined : layer3Name(m);
    if (m.ranapProcedure >= 0) {
      line.protocol = 'RANAP';
      line.message = ranapNames[m.ranapProcedure * 4 + m.ranapType] ?? `procedure ${m.ranapProcedure}`;
      if (layer3 !== undefined) line.layer3 = layer3;
    } else if (m.bssmapType >= 0) {
      line.protocol = 'BSSMAP';
      line.message = bssmapNames[m.bssmapType] ?? `type ${m.bssmapType}`;
      if (layer3 !== undefined) line.layer3 = layer3;
    } else if (layer3 !== undefined) {
      line.protocol = 'DTAP';
      line.message = layer3;
    }
    this.#identitiesOf(m, line);
    placesOf(m, line);
    const cause = causeOf(m);
    if (cause >= 0) line.cause = cause;
    this.#numbersOf(m, line);
    if (m.ssComponent >= 0) operationOf(line, m.ssComponent, m.ssInvokeId, m.ssOperation, m.ssError, tcapUser.map);
    return line;
  }

  /** One component of a TCAP message, or one without any. */
  ofComponent(m: SignalMessage, c: MapMessage): MessageLine {
    const line = this.ofSccp(m);
    line.protocol = c.user === tcapUser.map && c.componentType >= 0 ? 'MAP' : 'TCAP';
    line.message = tcapTypeNames[c.tcapType] ?? `type ${c.tcapType}`;
    if (c.otid >= 0) line.otid = hex(c.otid, 2 * c.otidLength);
    if (c.dtid >= 0) line.dtid = hex(c.dtid, 2 * c.dtidLength);
    if (c.abortCause >= 0) line.cause = c.abortCause;
    // Whom MAP-OPEN says that the dialogue is about; a component's own subscriber goes before.
    if (c.referenceImsi >= 0) line.imsi = this.#identities.integer(c.referenceImsi, c.referenceImsiDigits);
    if (c.componentType < 0) return line;
    operationOf(line, c.componentType, c.invokeId, c.operation, c.error, c.user);
    this.#identitiesOf(c, line);
    placesOf(c, line);
    for (const name of ['msisdn', 'msc', 'vlr', 'sgsn', 'hlr', 'roamingNumber'] as const) {
      const slice = mapSlice[name];
      if (!c.hasSlice(slice)) continue;
      line[name] = this.#address(c, slice);
    }
    if (c.hasSlice(mapSlice.networkNode)) {
      // Where a short message is to be sent: an MSC, unless it says that it is an SGSN. 3GPP TS 29.002 §7.6.2.
      line[c.gprsNode === 1 ? 'sgsn' : 'msc'] ??= this.#address(c, mapSlice.networkNode);
    }
    return line;
  }

  /** A number of a component, without its octet of nature and plan. */
  #address(c: MapMessage, slice: number): string {
    return this.#identities.identity(semiOctets(c.bytes, c.sliceOffset(slice), c.sliceLength(slice)));
  }

  #party(m: SignalMessage, ssn: number, offset: number, digits: number): Party | null {
    if (ssn < 0 && offset < 0) return null;
    const party: Party = {};
    if (offset >= 0) {
      party.digits = this.#identities.identity(semiOctets(m.addressBytes, offset, (digits + 1) >> 1, digits));
    }
    if (ssn >= 0) party.ssn = ssn;
    return party;
  }

  #identitiesOf(m: SignalMessage | MapMessage, line: MessageLine): void {
    if (m.imsi >= 0) line.imsi = this.#identities.integer(m.imsi, m.imsiDigits);
    if (m.tmsi >= 0) line.tmsi = this.#identities.tmsi(m.tmsi);
    if (m.imei < 0) return;
    const tail = Math.max(0, m.imeiDigits - 14);
    const body = String(m.imei).padStart(m.imeiDigits - tail, '0');
    const digits = tail === 0 ? body : body + String(m.imeiTail).padStart(tail, '0');
    line[m.imeiDigits === 16 ? 'imeisv' : 'imei'] = this.#identities.identity(digits);
  }

  #numbersOf(m: SignalMessage, line: MessageLine): void {
    const put = (key: 'calledNumber' | 'callingNumber' | 'connectedNumber', offset: number, length: number) => {
      if (offset < 0) return;
      const digits = semiOctets(m.bytes, offset, length);
      // A number that is withheld has no digits.
      if (digits === '') return;
      const isDialled = key === 'calledNumber' && offset === m.calledOffset;
      line[key] = isDialled ? this.#identities.dialled(digits) : this.#identities.identity(digits);
    };
    put('calledNumber', m.calledOffset, m.calledLength);
    // The service centre that a short message comes from goes as the called number, as in network analysers: RP has one
    // format for both of its addresses. 3GPP TS 24.011 §8.2.5.1.
    put(m.rpType === rpDataToPhone ? 'calledNumber' : 'callingNumber', m.callingOffset, m.callingLength);
    put('connectedNumber', m.connectedOffset, m.connectedLength);
    if (m.tpDestinationOffset >= 0)
      line.tpDestination = this.#shortMessageAddress(m.bytes, m.tpDestinationOffset, true);
    if (m.tpOriginatorOffset >= 0) line.tpOriginator = this.#shortMessageAddress(m.bytes, m.tpOriginatorOffset, false);
  }

  /** Count of digits, type of number, digits (or letters). 3GPP TS 23.040 §9.1.2.5. */
  #shortMessageAddress(bytes: Uint8Array, at: number, isDialled: boolean): string {
    const digits = bytes[at];
    if (((bytes[at + 1] >> 4) & 0x07) === alphanumeric) {
      const name = letters(bytes, at + 2, (digits * 4) / 7);
      // A name is a service's; with a digit in it, it may be somebody's number.
      return /\d/.test(name) ? this.#identities.identity(name) : this.#identities.head(name);
    }
    const number = semiOctets(bytes, at + 2, (digits + 1) >> 1, digits);
    return isDialled ? this.#identities.dialled(number) : this.#identities.identity(number);
  }
}

/** @param user whose codes they are; -1: nobody knows */
function operationOf(
  line: MessageLine,
  type: number,
  invokeId: number,
  operation: number,
  error: number,
  user: number,
): void {
  line.component = componentTypeNames[type] ?? `type ${type}`;
  // The record holds the octet; the specification's number has a sign. ITU-T Q.773 §4.2.2.2.
  if (invokeId >= 0) line.invokeId = (invokeId << 24) >> 24;
  if (operation >= 0) line.operation = operationNames[user]?.[operation] ?? String(operation);
  if (error >= 0) line.error = errorNames[user]?.[error] ?? String(error);
}

function layer3Name(m: SignalMessage): string {
  return dtapNames[m.protocolDiscriminator * 256 + m.dtapType] ?? `type ${m.dtapType}`;
}

/** The cause of the message itself: what lies inside it (a short message's in CP-DATA) only where it has none. */
function causeOf(m: SignalMessage): number {
  if (m.ranapProcedure >= 0 && m.ranapCause >= 0) return m.ranapCause;
  if (m.bssmapType >= 0 && m.bssmapCause >= 0) return m.bssmapCause;
  if (m.cause >= 0 || m.protocolDiscriminator === shortMessage) return m.cause;
  return -1;
}

function placesOf(m: SignalMessage | MapMessage, line: MessageLine): void {
  const places: Place[] = [];
  if (m.cellPlmn !== 0 || m.cellLac >= 0 || m.cellCi >= 0 || m.cellSac >= 0) {
    places.push(placeOf(m.cellPlmn, m.cellLac, m.cellCi, m.cellSac));
  }
  if ('cellListLength' in m && cellListCount(m) > 0) {
    for (let i = 0; i < cellListCount(m); i++) {
      readListedCell(m, i);
      places.push(placeOf(cell.plmn, cell.lac, cell.ci, cell.sac));
    }
  } else if (m.targetCellPlmn !== 0 || m.targetCellLac >= 0 || m.targetCellCi >= 0) {
    places.push(placeOf(m.targetCellPlmn, m.targetCellLac, m.targetCellCi, -1));
  }
  if (places.length === 1) line.cell = places[0];
  else if (places.length > 1) line.cells = places;
  if (m.laiPlmn !== 0 || m.laiLac >= 0) line.lai = placeOf(m.laiPlmn, m.laiLac, -1, -1);
}

function placeOf(plmn: number, lac: number, ci: number, sac: number): Place {
  const place: Place = {};
  if (plmn !== 0) [place.mcc, place.mnc] = formatPlmn(plmn).split('-');
  if (lac >= 0) place.lac = lac;
  if (ci >= 0) place.ci = ci;
  if (sac >= 0) place.sac = sac;
  return place;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
