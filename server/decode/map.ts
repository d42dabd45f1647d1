import { element, readElement, readInteger } from './ber.ts';
import { DecodeError } from './decode-error.ts';
import {
  readAddress,
  readCell,
  readImei,
  readImsi,
  readLai,
  readLmsi,
  readTargetCell,
  readTargetRnc,
  readTmsi,
} from './map-elements.ts';
import { type Field, take } from './map-form.ts';
import { firstPayloadSlice, type MapMessage, mapPart, mapSlice } from './map-message.ts';
import { invokeParameters, parameterOfError, resultParameters } from './map-parameters.ts';
import { mapErrorNames, mapOperationNames } from './map-tables.ts';
import type { DecodeState } from './state.ts';
import { componentType } from './tcap-tables.ts';

/** Names for the `unhandled` counter, by operation code. */
const unhandledOperations = mapOperationNames.map((name, code) => `MAP ${name ?? `operation ${code}`}`);
const unhandledErrors = mapErrorNames.map((name, code) => `MAP ${name ?? `error ${code}`}`);
const unhandledForms = mapOperationNames.map((name, code) => `MAP ${name ?? `operation ${code}`} in another form`);
const foreignOperation = 'MAP private operation';
const foreignError = 'MAP private error';

/**
 * The parameter of a MAP component in `at..end`, behind its operation or error code: takes what the tables of
 * map-parameters.ts name. Operations and forms that they do not know are counted as unhandled.
 */
export function decodeMapParameter(state: DecodeState, bytes: Uint8Array, at: number, end: number): void {
  state.stats.layers.map++;
  keepsPlace = false;
  const { component } = state;
  if (component.componentType === componentType.returnError) {
    const { error } = component;
    if (error < 0 || mapErrorNames[error] === undefined) {
      state.stats.unhandledAs(unhandledErrors[error] ?? foreignError);
      return;
    }
    if (at < end) readFields(component, parameterOfError(error), bytes, at, end);
    return;
  }
  const { operation } = component;
  const table = component.componentType === componentType.invoke ? invokeParameters : resultParameters;
  const forms = operation < 0 ? undefined : table[operation];
  if (forms === undefined) {
    state.stats.unhandledAs(unhandledOperations[operation] ?? foreignOperation);
    return;
  }
  if (at >= end || forms.length === 0) return;
  if (!readFields(component, forms, bytes, at, end)) state.stats.unhandledAs(unhandledForms[operation]);
}

/**
 * Walks the elements of a sequence beside the fields that may stand in it, in their order; elements that no field
 * names are extensions, or say nothing of interest. Whether any was named. The tables are less deep than 16.
 */
function readFields(
  component: MapMessage,
  fields: readonly Field[],
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  let from = 0;
  let isNamed = false;
  for (let at = start; at < end; ) {
    const tag = readElement('map', bytes, at, end);
    at = element.next;
    let i = from;
    while (i < fields.length && fields[i].tag !== tag) i++;
    if (i === fields.length) continue;
    for (; from < i; from++) if (fields[from].isMandatory) throw new DecodeError('map', 'MISSING_ELEMENT', at);
    const field = fields[i];
    from = field.repeats ? 0 : i + 1;
    isNamed = true;
    readField(component, field, bytes, element.start, element.end);
  }
  for (let i = from; i < fields.length; i++) {
    if (fields[i].isMandatory) throw new DecodeError('map', 'MISSING_ELEMENT', end);
  }
  return isNamed;
}

function readField(component: MapMessage, field: Field, bytes: Uint8Array, start: number, end: number): void {
  const { take: what } = field;
  if (what < firstPayloadSlice) {
    component.bytes = bytes;
    readAddress(component, what, bytes, start, end);
    return;
  }
  switch (what) {
    case mapSlice.shortMessage:
    case mapSlice.ussd:
    case mapSlice.accessPdu:
      component.bytes = bytes;
      component.setSlice(what, start, end - start, -1);
      return;
    case take.inside:
      readFields(component, field.inside, bytes, start, end);
      return;
    case take.insidePacketDomain:
      readPacketDomain(component, field, bytes, start, end);
      return;
    case take.imsi:
      readImsi(component, bytes, start, end);
      return;
    case take.tmsi:
      readTmsi(component, bytes, start, end);
      return;
    case take.lmsi:
      readLmsi(component, bytes, start, end);
      return;
    case take.imei:
      readImei(component, bytes, start, end);
      return;
    case take.targetCell:
      readTargetCell(component, bytes, start, end);
      return;
    case take.targetRnc:
      readTargetRnc(component, bytes, start, end);
      return;
    case take.cell:
    case take.lai:
    case take.serviceArea:
    case take.locationAge:
      if (!keepsPlace) readPlace(component, what, bytes, start, end);
      return;
    default:
      component.parts |= mapPart.detail;
      readDetail(component, what, bytes, start, end);
  }
}

/**
 * The packet domain's location gives way to the circuit-switched one, which calls and short messages go by; its SGSN
 * does not.
 */
let keepsPlace = false;

function readPacketDomain(component: MapMessage, field: Field, bytes: Uint8Array, start: number, end: number): void {
  keepsPlace = component.cellLac >= 0 || component.laiLac >= 0;
  if (!keepsPlace) component.locationAgeMinutes = -1;
  readFields(component, field.inside, bytes, start, end);
  keepsPlace = false;
}

function readPlace(component: MapMessage, what: number, bytes: Uint8Array, start: number, end: number): void {
  if (what === take.cell) readCell(component, bytes, start, end);
  else if (what === take.lai) readLai(component, bytes, start, end);
  else if (what === take.serviceArea) {
    // What stood as a cell is a service area.
    component.cellSac = component.cellCi;
    component.cellCi = -1;
  } else {
    component.parts |= mapPart.place;
    component.locationAgeMinutes = readInteger('map', bytes, start, end);
  }
}

function readDetail(component: MapMessage, what: number, bytes: Uint8Array, start: number, end: number): void {
  if (what === take.gprsNode) {
    component.gprsNode = 1;
    return;
  }
  if (start >= end) throw new DecodeError('map', 'BAD_LENGTH', start);
  switch (what) {
    // Octet strings of one octet; a coding that goes on is of no use.
    case take.ssCode:
      component.ssCode = bytes[start];
      return;
    case take.ussdCoding:
      component.ussdCoding = bytes[start];
      return;
    case take.cancellationType:
      component.cancellationType = readInteger('map', bytes, start, end);
      return;
    case take.errorCause:
      component.errorCause = readInteger('map', bytes, start, end);
      return;
    case take.equipmentStatus:
      component.equipmentStatus = readInteger('map', bytes, start, end);
      return;
    case take.deliveryOutcome:
      component.deliveryOutcome = readInteger('map', bytes, start, end);
      return;
    case take.accessProtocol:
      component.accessProtocol = readInteger('map', bytes, start, end);
  }
}
