import {
  context,
  eachOf,
  enumerated,
  type Field,
  field,
  holder,
  ia5String,
  inSequence,
  integer,
  into,
  inVersion3,
  must,
  none,
  octets,
  sequence,
  take,
} from './map-form.ts';
import { mapSlice } from './map-message.ts';
import { mapError, mapOperation } from './map-tables.ts';

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
/** SubscriberIdentity, §17.7.8. */
const subscriberIdentity = [field(context(0), take.imsi), field(context(1), mapSlice.msisdn)];
/** LCSLocationInfo, §17.7.13. */
const lcsLocation = [
  must(octets, mapSlice.networkNode),
  field(context(0), take.lmsi),
  field(context(2), take.gprsNode),
];
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
  anyTimeInterrogation: [inSequence([into(holder(0), subscriberIdentity), field(context(3), mapSlice.gmsc)])],
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
  noteSubscriberDataModified: [inSequence([must(octets, take.imsi), must(octets, mapSlice.msisdn)])],
  resumeCallHandling: [
    inSequence([into(holder(2), forwardingData), field(context(3), take.imsi), field(context(9), mapSlice.msisdn)]),
  ],
  authenticationFailureReport: [
    inSequence([must(octets, take.imsi), field(context(0), mapSlice.vlr), field(context(1), mapSlice.sgsn)]),
  ],
  sendRoutingInfoForGprs: [inSequence(imsiFirst)],
  failureReport: [inSequence(imsiFirst)],
  noteMsPresentForGprs: [inSequence(imsiFirst)],
  cancelVcsgLocation: [
    inSequence([field(octets, take.imsi), inSequence([must(octets, take.imsi), field(octets, take.lmsi)])]),
  ],
  noteSubscriberPresent: [field(octets, take.imsi)],
  activateTraceMode: [inSequence([field(context(0), take.imsi)])],
  deactivateTraceMode: [inSequence([field(context(0), take.imsi)])],
  updateVcsgLocation: [
    inSequence([
      must(octets, take.imsi),
      field(context(2), mapSlice.msisdn),
      field(context(0), mapSlice.vlr),
      field(context(1), mapSlice.sgsn),
    ]),
  ],
  anyTimeSubscriptionInterrogation: [
    inSequence([into(holder(0), subscriberIdentity), field(context(2), mapSlice.gmsc)]),
  ],
  anyTimeModification: [inSequence([into(holder(0), subscriberIdentity), field(context(1), mapSlice.gmsc)])],
  'ss-InvocationNotification': [inSequence([...imsiFirst, field(context(1), mapSlice.msisdn)])],
  setReportingState: [inSequence([field(context(0), take.imsi), field(context(1), take.lmsi)])],
  statusReport: [inSequence(imsiFirst)],
  remoteUserFree: [inSequence(imsiFirst)],
  'ist-Alert': [inSequence(imsiFirst)],
  'ist-Command': [inSequence(imsiFirst)],
  'noteMM-Event': [
    inSequence([
      must(context(1), take.imsi),
      must(context(2), mapSlice.msisdn),
      into(holder(3), locationInformation),
      into(holder(7), locationInformationGprs, take.insidePacketDomain),
    ]),
  ],
  provideSubscriberLocation: [
    inSequence([
      field(context(2), take.imsi),
      field(context(3), mapSlice.msisdn),
      field(context(4), take.lmsi),
      field(context(5), take.imei),
    ]),
  ],
  sendRoutingInfoForLCS: [inSequence([into(holder(1), subscriberIdentity)])],
  subscriberLocationReport: [
    inSequence([
      // LCS-ClientID, of the same tag as the LCSLocationInfo behind it.
      into(sequence, none),
      into(sequence, lcsLocation),
      field(context(0), mapSlice.msisdn),
      field(context(1), take.imsi),
      field(context(2), take.imei),
      field(context(6), take.locationAge),
      into(holder(13), cellOrLai),
      field(context(17), take.serviceArea),
    ]),
  ],
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
  provideSubscriberLocation: [
    inSequence([field(context(0), take.locationAge), into(holder(6), cellOrLai), field(context(7), take.serviceArea)]),
  ],
  sendRoutingInfoForLCS: [inSequence([into(holder(0), subscriberIdentity), into(holder(1), lcsLocation)])],
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
