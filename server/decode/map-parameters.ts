import { highTag } from './ber.ts';
import { mapSlice } from './map-message.ts';
import { mapError, mapOperation } from './map-tables.ts';

/**
 * What {@link Field} does with an element. Numbers below 32 are {@link mapSlice}: the element becomes that slice.
 */
export const take = {
  /** Goes into the element. */
  inside: 32,
  /** The same, but takes no place where one is known already. */
  insidePacketDomain: 33,
  imsi: 34,
  tmsi: 35,
  lmsi: 36,
  imei: 37,
  cell: 38,
  targetCell: 39,
  /** An RNC of the target MSC: its location area. */
  targetRnc: 51,
  lai: 40,
  /** sai-Present: what stood as a cell is a service area. */
  serviceArea: 41,
  locationAge: 42,
  cancellationType: 43,
  errorCause: 44,
  equipmentStatus: 45,
  deliveryOutcome: 46,
  gprsNode: 47,
  ssCode: 48,
  ussdCoding: 49,
  accessProtocol: 50,
} as const;

/** One element of a sequence: its tag, what to do with it, and what it holds. */
export interface Field {
  readonly tag: number;
  readonly take: number;
  readonly inside: readonly Field[];
  /** In every version of the operation. */
  readonly isMandatory: boolean;
  /** Stands in a SEQUENCE OF: the same may follow again. */
  readonly repeats: boolean;
}

const none: readonly Field[] = [];

function field(tag: number, what: number): Field {
  return { tag, take: what, inside: none, isMandatory: false, repeats: false };
}
function must(tag: number, what: number): Field {
  return { tag, take: what, inside: none, isMandatory: true, repeats: false };
}
function into(tag: number, inside: readonly Field[], what: number = take.inside): Field {
  return { tag, take: what, inside, isMandatory: false, repeats: false };
}
function eachOf(fields: readonly Field[]): readonly Field[] {
  return fields.map((one) => ({ ...one, repeats: true }));
}

/** Universal tags, ITU-T X.680 §8.4, and context-specific ones: primitive, and constructed. */
const integer = 0x02;
const octets = 0x04;
const enumerated = 0x0a;
const ia5String = 0x16;
const sequence = 0x30;
const context = (n: number) => (n < 31 ? 0x80 | n : highTag(0x9f, n));
const holder = (n: number) => 0xa0 | n;

/** An operation's parameter as versions 1 and 2 (a SEQUENCE) and version 3 ([3] instead) send it. */
const inSequence = (fields: readonly Field[]) => into(sequence, fields);
const inVersion3 = (fields: readonly Field[]) => into(holder(3), fields);

/** AccessNetworkSignalInfo and ExternalSignalInfo, §17.7.1 and §17.7.8. */
const accessPdu = [field(enumerated, take.accessProtocol), field(octets, mapSlice.accessPdu)];

/** ADD-Info: the IMEISV, §17.7.1. */
const addInfo = [field(context(0), take.imei)];

/** CellGlobalIdOrServiceAreaIdOrLAI, §17.7.8. */
const cellOrLai = [field(context(0), take.cell), field(context(1), take.lai)];
/** LocationInformation, §17.7.1. */
const locationInformation = [
  field(integer, take.locationAge),
  field(context(1), mapSlice.vlr),
  into(holder(3), cellOrLai),
  field(context(6), mapSlice.msc),
  field(context(9), take.serviceArea),
];
/** LocationInformationGPRS, §17.7.1: a routeing area begins with its LAI. */
const locationInformationGprs = [
  into(holder(0), cellOrLai),
  field(context(1), take.lai),
  field(context(3), mapSlice.sgsn),
  field(context(6), take.serviceArea),
  field(context(9), take.locationAge),
];
const subscriberInfo = [
  into(holder(0), locationInformation),
  into(holder(3), locationInformationGprs, take.insidePacketDomain),
  field(context(5), take.imei),
];

const forwardingData = [field(context(5), mapSlice.forwardedTo)];
const routingInfo = [field(octets, mapSlice.roamingNumber), into(sequence, forwardingData)];

/** SM-RP-DA, then SM-RP-OA, then SM-RP-UI; version 3 of mo-forwardSM adds the IMSI. §17.7.6. */
const forwardSm = [
  field(context(0), take.imsi),
  field(context(1), take.lmsi),
  field(context(3), mapSlice.roamingNumber),
  field(context(4), mapSlice.serviceCentre),
  field(context(2), mapSlice.msisdn),
  field(context(4), mapSlice.serviceCentre),
  must(octets, mapSlice.shortMessage),
];
const shortMessageResult = [field(octets, mapSlice.shortMessage), inSequence([field(octets, mapSlice.shortMessage)])];

const ssCode = [must(octets, take.ssCode)];
/** SS-Info, §17.7.4: forwardingInfo, callBarringInfo, ss-Data begin with the code of the service. */
const ssInfo = [
  into(holder(0), [
    field(octets, take.ssCode),
    into(sequence, eachOf([into(sequence, [field(context(5), mapSlice.forwardedTo)])])),
  ]),
  into(holder(1), [field(octets, take.ssCode)]),
  into(holder(3), [field(octets, take.ssCode)]),
];
const ussd = [must(octets, take.ussdCoding), must(octets, mapSlice.ussd), field(context(0), mapSlice.msisdn)];
const alert = [must(octets, mapSlice.msisdn), must(octets, mapSlice.serviceCentre), field(octets, take.imsi)];
const imsiFirst = [must(context(0), take.imsi)];
const hlrNumber = [field(octets, mapSlice.hlr), inSequence([must(octets, mapSlice.hlr)])];

/**
 * The parameter of each operation, by its code: the forms that it takes in versions 1, 2 and 3 of MAP, of which a
 * component has one. 3GPP TS 29.002 §17.6 and §17.7; versions 1 and 2 by GSM 09.02 §17. Elements that say nothing
 * about who and where are left out.
 */
export const invokeParameters: (readonly Field[] | undefined)[] = byCode({
  updateLocation: [
    inSequence([
      must(octets, take.imsi),
      field(context(0), mapSlice.roamingNumber),
      field(context(1), mapSlice.msc),
      must(octets, mapSlice.vlr),
      field(context(10), take.lmsi),
      into(holder(13), addInfo),
    ]),
  ],
  cancelLocation: [
    field(octets, take.imsi),
    inSequence([must(octets, take.imsi), field(octets, take.lmsi)]),
    inVersion3([
      field(octets, take.imsi),
      inSequence([must(octets, take.imsi), field(octets, take.lmsi)]),
      field(enumerated, take.cancellationType),
      field(context(3), mapSlice.newMsc),
      field(context(4), mapSlice.newVlr),
    ]),
  ],
  purgeMS: [
    inSequence([must(octets, take.imsi), field(octets, mapSlice.vlr)]),
    inVersion3([
      must(octets, take.imsi),
      field(context(0), mapSlice.vlr),
      field(context(1), mapSlice.sgsn),
      into(holder(2), locationInformation),
      into(holder(3), locationInformationGprs, take.insidePacketDomain),
    ]),
  ],
  sendIdentification: [
    field(octets, take.tmsi),
    inSequence([
      must(octets, take.tmsi),
      field(octets, mapSlice.msc),
      field(context(0), take.lai),
      field(context(3), mapSlice.newVlr),
    ]),
  ],
  updateGprsLocation: [inSequence([must(octets, take.imsi), must(octets, mapSlice.sgsn), into(holder(4), addInfo)])],
  provideSubscriberInfo: [inSequence([must(context(0), take.imsi), field(context(1), take.lmsi)])],
  anyTimeInterrogation: [
    inSequence([
      into(holder(0), [field(context(0), take.imsi), field(context(1), mapSlice.msisdn)]),
      field(context(3), mapSlice.gmsc),
    ]),
  ],
  prepareHandover: [
    inSequence([field(octets, take.targetCell), into(sequence, accessPdu)]),
    inVersion3([
      field(context(0), take.targetCell),
      field(context(1), take.targetRnc),
      into(holder(2), accessPdu),
      field(context(4), take.imsi),
      field(context(22), take.imei),
    ]),
  ],
  performHandover: [inSequence([must(octets, take.targetCell), must(octets, take.cell)])],
  prepareSubsequentHandover: [
    inSequence([must(octets, take.targetCell), must(octets, mapSlice.targetMsc), into(sequence, accessPdu)]),
    inVersion3([
      field(context(0), take.targetCell),
      must(context(1), mapSlice.targetMsc),
      field(context(2), take.targetRnc),
      into(holder(3), accessPdu),
    ]),
  ],
  performSubsequentHandover: [
    inSequence([must(octets, take.targetCell), must(octets, take.cell), must(octets, mapSlice.targetMsc)]),
  ],
  sendEndSignal: [inSequence(accessPdu), inVersion3([into(sequence, accessPdu)])],
  processAccessSignalling: [inSequence(accessPdu), inVersion3([into(sequence, accessPdu)])],
  forwardAccessSignalling: [
    inSequence(accessPdu),
    inVersion3([into(sequence, accessPdu), field(context(21), take.imei)]),
  ],
  sendAuthenticationInfo: [field(octets, take.imsi), inSequence(imsiFirst)],
  checkIMEI: [field(octets, take.imei), inSequence([must(octets, take.imei)])],
  insertSubscriberData: [
    inSequence([field(context(0), take.imsi), field(context(1), mapSlice.msisdn), field(context(34), mapSlice.sgsn)]),
  ],
  deleteSubscriberData: [inSequence(imsiFirst)],
  sendParameters: [inSequence([field(context(0), take.imsi), field(context(1), take.tmsi)])],
  reset: [inSequence([field(octets, mapSlice.hlr)])],
  restoreData: [inSequence([must(octets, take.imsi), field(octets, take.lmsi)])],
  sendIMSI: [field(octets, mapSlice.msisdn)],
  sendRoutingInfo: [inSequence([must(context(0), mapSlice.msisdn), field(context(6), mapSlice.gmsc)])],
  provideRoamingNumber: [
    inSequence([
      must(context(0), take.imsi),
      field(context(1), mapSlice.msc),
      field(context(2), mapSlice.msisdn),
      field(context(4), take.lmsi),
      field(context(8), mapSlice.gmsc),
    ]),
  ],
  sendRoutingInfoForSM: [
    inSequence([
      must(context(0), mapSlice.msisdn),
      must(context(2), mapSlice.serviceCentre),
      field(context(12), take.imsi),
    ]),
  ],
  'mo-forwardSM': [inSequence([...forwardSm, field(octets, take.imsi)])],
  'mt-forwardSM': [inSequence(forwardSm)],
  'reportSM-DeliveryStatus': [
    inSequence([
      must(octets, mapSlice.msisdn),
      must(octets, mapSlice.serviceCentre),
      field(enumerated, take.deliveryOutcome),
      field(context(9), take.imsi),
    ]),
  ],
  alertServiceCentre: [inSequence(alert)],
  alertServiceCentreWithoutResult: [inSequence(alert)],
  informServiceCentre: [inSequence([field(octets, mapSlice.msisdn)])],
  readyForSM: [inSequence(imsiFirst)],
  registerSS: [inSequence([...ssCode, field(context(4), mapSlice.forwardedTo)])],
  eraseSS: [inSequence(ssCode)],
  activateSS: [inSequence(ssCode)],
  deactivateSS: [inSequence(ssCode)],
  interrogateSS: [inSequence(ssCode)],
  registerPassword: ssCode,
  'processUnstructuredSS-Data': [field(ia5String, mapSlice.ussd)],
  'processUnstructuredSS-Request': [inSequence(ussd)],
  'unstructuredSS-Request': [inSequence(ussd)],
  'unstructuredSS-Notify': [inSequence(ussd)],
});

/** The result of each operation, likewise. Those that bring nothing of use are named all the same. */
export const resultParameters: (readonly Field[] | undefined)[] = byCode({
  updateLocation: hlrNumber,
  cancelLocation: none,
  purgeMS: none,
  sendIdentification: [inSequence([field(octets, take.imsi)]), inVersion3([field(octets, take.imsi)])],
  updateGprsLocation: hlrNumber,
  provideSubscriberInfo: [inSequence([into(sequence, subscriberInfo)])],
  anyTimeInterrogation: [inSequence([into(sequence, subscriberInfo)])],
  prepareHandover: [
    inSequence([field(octets, mapSlice.handoverNumber), into(sequence, accessPdu)]),
    inVersion3([field(context(0), mapSlice.handoverNumber), into(holder(2), accessPdu)]),
  ],
  performHandover: [inSequence([field(octets, mapSlice.handoverNumber), into(sequence, accessPdu)])],
  prepareSubsequentHandover: [inSequence(accessPdu), inVersion3([into(sequence, accessPdu)])],
  performSubsequentHandover: [inSequence(accessPdu)],
  sendEndSignal: none,
  sendAuthenticationInfo: none,
  checkIMEI: [field(enumerated, take.equipmentStatus), inSequence([field(enumerated, take.equipmentStatus)])],
  insertSubscriberData: none,
  deleteSubscriberData: none,
  sendParameters: [
    inSequence(eachOf([field(context(0), take.imsi), into(holder(2), [field(context(1), mapSlice.msisdn)])])),
  ],
  restoreData: hlrNumber,
  sendIMSI: [field(octets, take.imsi)],
  sendRoutingInfo: [
    inSequence([field(octets, take.imsi), ...routingInfo]),
    inVersion3([
      field(context(9), take.imsi),
      ...routingInfo,
      into(holder(8), [into(sequence, forwardingData)]),
      into(holder(7), subscriberInfo),
      field(context(2), mapSlice.msc),
      field(context(12), mapSlice.msisdn),
    ]),
  ],
  provideRoamingNumber: [
    field(octets, mapSlice.roamingNumber),
    inSequence([must(octets, mapSlice.roamingNumber), field(octets, mapSlice.msc)]),
  ],
  sendRoutingInfoForSM: [
    inSequence([
      must(octets, take.imsi),
      into(holder(0), [
        field(context(0), mapSlice.roamingNumber),
        field(context(1), mapSlice.networkNode),
        field(octets, take.lmsi),
        field(context(5), take.gprsNode),
        into(holder(6), [field(context(0), mapSlice.msc), field(context(1), mapSlice.sgsn)]),
      ]),
    ]),
  ],
  'mo-forwardSM': shortMessageResult,
  'mt-forwardSM': shortMessageResult,
  'reportSM-DeliveryStatus': [field(octets, mapSlice.msisdn), inSequence([field(octets, mapSlice.msisdn)])],
  alertServiceCentre: none,
  readyForSM: none,
  registerSS: ssInfo,
  eraseSS: ssInfo,
  activateSS: ssInfo,
  deactivateSS: ssInfo,
  interrogateSS: none,
  registerPassword: none,
  'processUnstructuredSS-Data': [field(ia5String, mapSlice.ussd)],
  'processUnstructuredSS-Request': [inSequence(ussd)],
  'unstructuredSS-Request': [inSequence(ussd)],
  'unstructuredSS-Notify': none,
});

/** Errors: a bare cause in versions 1 and 2, one in a sequence in version 3. §17.7.7. */
const cause = [field(enumerated, take.errorCause), inSequence([field(enumerated, take.errorCause)])];
const errorParameters: (readonly Field[] | undefined)[] = [];
errorParameters[mapError.absentSubscriberSM] = [inSequence([field(integer, take.errorCause)])];
errorParameters[mapError.absentSubscriber] = [inSequence([field(context(0), take.errorCause)])];

export function parameterOfError(error: number): readonly Field[] {
  return errorParameters[error] ?? cause;
}

function byCode(table: Partial<Record<keyof typeof mapOperation, readonly Field[]>>): (readonly Field[] | undefined)[] {
  const out: (readonly Field[] | undefined)[] = new Array(128).fill(undefined);
  for (const [name, fields] of Object.entries(table)) out[mapOperation[name as keyof typeof mapOperation]] = fields;
  return out;
}
