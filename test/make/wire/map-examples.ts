import type { BerWriter } from '../../../fixtures/make/wire/map/ber-writer.ts';
import * as calls from '../../../fixtures/make/wire/map/calls.ts';
import * as handover from '../../../fixtures/make/wire/map/handover.ts';
import * as location from '../../../fixtures/make/wire/map/location.ts';
import * as mobility from '../../../fixtures/make/wire/map/mobility.ts';
import * as services from '../../../fixtures/make/wire/map/services.ts';
import * as sms from '../../../fixtures/make/wire/map/short-messages.ts';

/** A component of one operation to be wrapped in a message, with the application context it belongs to. */
export interface MapExample {
  name: string;
  /** Number and version of the application context; version 1 is never named in a message. */
  context: [number, number];
  operation: number;
  kind: 'invoke' | 'result' | 'error';
  /** Of an error. */
  error?: number;
  write(w: BerWriter): void;
}

/** Country code 999 is held in reserve by the ITU: these numbers belong to nobody. */
export const imsi = '001010000000001';
const shortImsi = '00101000000001';
const msisdn = '99910000001';
const hlr = '99920000001';
const vlr = '99920000002';
const msc = '99920000003';
const sgsn = '99920000004';
const gmsc = '99920000005';
const centre = '999200000066';
const roaming = '9993000000001';
const tmsi = 0xc0000008;
const lmsi = 0x00000102;
const imei = '001017000000010';
const imeisv = '0010170000000101';
const forwarded = '99940000001';
const target = { mcc: '001', mnc: '01', lac: 0x1001, ci: 0x2001 };
const serving = { mcc: '001', mnc: '01', lac: 0x1002, ci: 0x2002 };
/** The same for the other list. */
export const mapNumbers = { imsi, msisdn, vlr, msc, sgsn, gmsc, lmsi, imei, imeisv, forwarded, serving };
/** BSSMAP HANDOVER REQUEST ACKNOWLEDGE without its elements: the octets only have to be carried. */
const pdu = { protocol: 1, octets: [0x00, 0x01, 0x12] };
const pduV2 = { protocol: 3, octets: [0x12] };
/** SMS-SUBMIT, SMS-DELIVER and SMS-DELIVER-REPORT with invented numbers. 3GPP TS 23.040 §9.2.2. */
const submit = [0x01, 0x07, 0x0b, 0x91, 0x99, 0x19, 0x00, 0x00, 0x00, 0xf2, 0x00, 0x00, 0x02, 0xe8, 0x34];
const deliver = [
  0x04, 0x0b, 0x91, 0x99, 0x19, 0x00, 0x00, 0x00, 0xf2, 0x00, 0x00, 0x62, 0x11, 0x22, 0x00, 0x00, 0x00, 0x23, 0x02,
  0xe8, 0x34,
];
const deliverReport = [0x00, 0x00];
const submitReport = [0x01, 0x00, 0x62, 0x11, 0x22, 0x00, 0x00, 0x00, 0x23];
const callForwarding = 0x21;
const barring = 0x92;
const waiting = 0x41;

type Write = MapExample['write'];
const invoke = (name: string, context: [number, number], operation: number, write: Write): MapExample => ({
  name: `${name} invoke`,
  context,
  operation,
  kind: 'invoke',
  write,
});
const result = (name: string, context: [number, number], operation: number, write: Write): MapExample => ({
  name: `${name} result`,
  context,
  operation,
  kind: 'result',
  write,
});
const nothing: Write = () => {};

const mobilityExamples: MapExample[] = [
  invoke('updateLocation v3', [1, 3], 2, (w) => mobility.updateLocation(w, { imsi, msc, vlr, lmsi })),
  invoke('updateLocation v3 with IMEISV', [1, 3], 2, (w) => mobility.updateLocation(w, { imsi, msc, vlr, imeisv })),
  invoke('updateLocation v2', [1, 2], 2, (w) => mobility.updateLocation(w, { imsi: shortImsi, msc, vlr })),
  invoke('updateLocation v1 with a roaming number', [1, 1], 2, (w) =>
    mobility.updateLocationWithRoamingNumber(w, imsi, roaming, vlr),
  ),
  result('updateLocation v3', [1, 3], 2, (w) => mobility.hlrResult(w, hlr)),
  result('updateLocation v1', [1, 1], 2, (w) => mobility.hlrResultV1(w, hlr)),
  invoke('cancelLocation v3 after an update', [2, 3], 3, (w) =>
    mobility.cancelLocation(w, { imsi, type: 0, newMsc: msc, newVlr: vlr }),
  ),
  invoke('cancelLocation v3 with LMSI, subscription withdrawn', [2, 3], 3, (w) =>
    mobility.cancelLocation(w, { imsi, lmsi, type: 1 }),
  ),
  invoke('cancelLocation v2', [2, 2], 3, (w) => mobility.cancelLocationV2(w, imsi)),
  invoke('cancelLocation v2 with LMSI', [2, 2], 3, (w) => mobility.cancelLocationV2(w, imsi, lmsi)),
  result('cancelLocation v3', [2, 3], 3, nothing),
  invoke('purgeMS v3 from a VLR', [27, 3], 67, (w) => mobility.purgeMs(w, imsi, { vlr })),
  invoke('purgeMS v3 from an SGSN', [27, 3], 67, (w) => mobility.purgeMs(w, imsi, { sgsn })),
  invoke('purgeMS v2', [27, 2], 67, (w) => mobility.purgeMsV2(w, imsi, vlr)),
  result('purgeMS v3', [27, 3], 67, mobility.purgeMsResult),
  invoke('sendIdentification v2', [15, 2], 55, (w) => mobility.sendIdentificationV2(w, tmsi)),
  invoke('sendIdentification v3', [15, 3], 55, (w) => mobility.sendIdentification(w, tmsi, msc, vlr)),
  result('sendIdentification v2', [15, 2], 55, (w) => mobility.sendIdentificationResult(w, imsi, 2)),
  result('sendIdentification v3', [15, 3], 55, (w) => mobility.sendIdentificationResult(w, imsi, 3)),
  invoke('sendAuthenticationInfo v2', [14, 2], 56, (w) => mobility.sendAuthenticationInfoV2(w, imsi)),
  invoke('sendAuthenticationInfo v3', [14, 3], 56, (w) => mobility.sendAuthenticationInfo(w, imsi)),
  result('sendAuthenticationInfo v2', [14, 2], 56, mobility.sendAuthenticationInfoResultV2),
  result('sendAuthenticationInfo v3', [14, 3], 56, mobility.sendAuthenticationInfoResult),
  invoke('updateGprsLocation', [32, 3], 23, (w) => mobility.updateGprsLocation(w, imsi, sgsn)),
  invoke('updateGprsLocation with IMEISV', [32, 3], 23, (w) => mobility.updateGprsLocation(w, imsi, sgsn, imeisv)),
  result('updateGprsLocation', [32, 3], 23, (w) => mobility.hlrResult(w, hlr)),
  invoke('insertSubscriberData v3', [1, 3], 7, (w) => mobility.insertSubscriberData(w, { imsi, msisdn, sgsn })),
  invoke('insertSubscriberData v2 within an update', [1, 2], 7, (w) => mobility.insertSubscriberData(w, { msisdn })),
  result('insertSubscriberData', [1, 3], 7, mobility.insertSubscriberDataResult),
  invoke('deleteSubscriberData', [16, 3], 8, (w) => mobility.deleteSubscriberData(w, imsi)),
  result('deleteSubscriberData', [16, 3], 8, mobility.deleteSubscriberDataResult),
  invoke('sendParameters v1 by IMSI', [14, 1], 9, (w) => mobility.sendParameters(w, { imsi })),
  invoke('sendParameters v1 by TMSI', [14, 1], 9, (w) => mobility.sendParameters(w, { tmsi })),
  result('sendParameters v1', [14, 1], 9, (w) => mobility.sendParametersResult(w, imsi)),
  invoke('reset v1', [10, 1], 37, (w) => mobility.resetV1(w, hlr)),
  invoke('reset v2', [10, 2], 37, (w) => mobility.reset(w, hlr)),
  invoke('reset v3', [10, 3], 37, (w) => mobility.reset(w, hlr)),
  invoke('restoreData', [18, 3], 57, (w) => mobility.restoreData(w, imsi, lmsi)),
  result('restoreData', [18, 3], 57, (w) => mobility.hlrResult(w, hlr)),
  invoke('checkIMEI v2', [13, 2], 43, (w) => mobility.checkImeiV2(w, imei)),
  invoke('checkIMEI v3 of an IMEISV', [13, 3], 43, (w) => mobility.checkImei(w, imeisv)),
  result('checkIMEI v2, black-listed', [13, 2], 43, (w) => mobility.checkImeiResultV2(w, 1)),
  result('checkIMEI v3, white-listed', [13, 3], 43, (w) => mobility.checkImeiResult(w, 0)),
  invoke('sendIMSI', [26, 2], 58, (w) => mobility.sendImsi(w, msisdn)),
  result('sendIMSI', [26, 2], 58, (w) => mobility.sendImsiResult(w, imsi)),
];

const circuit = { ...target, ageMinutes: 12, vlr, msc };
const locationExamples: MapExample[] = [
  invoke('anyTimeInterrogation by IMSI', [29, 3], 71, (w) => location.anyTimeInterrogation(w, { imsi }, gmsc)),
  invoke('anyTimeInterrogation by MSISDN', [29, 3], 71, (w) => location.anyTimeInterrogation(w, { msisdn }, gmsc)),
  result('anyTimeInterrogation with a cell', [29, 3], 71, (w) => location.whereabouts(w, { circuit, imei })),
  result('anyTimeInterrogation with a service area', [29, 3], 71, (w) =>
    location.whereabouts(w, { circuit: { ...circuit, isServiceArea: true } }),
  ),
  result('anyTimeInterrogation with a location area', [29, 3], 71, (w) =>
    location.whereabouts(w, { circuit: { ...circuit, ci: undefined } }),
  ),
  result('anyTimeInterrogation in the packet domain', [29, 3], 71, (w) =>
    location.whereabouts(w, { packet: { ...serving, ageMinutes: 3, isServiceArea: true }, sgsn }),
  ),
  result('anyTimeInterrogation in both domains', [29, 3], 71, (w) =>
    location.whereabouts(w, { circuit, packet: serving, sgsn }),
  ),
  invoke('provideSubscriberInfo', [28, 3], 70, (w) => location.provideSubscriberInfo(w, imsi, lmsi)),
  result('provideSubscriberInfo', [28, 3], 70, (w) => location.whereabouts(w, { circuit })),
];

const handoverExamples: MapExample[] = [
  invoke('prepareHandover v2', [11, 2], 68, (w) => handover.prepareHandoverV2(w, target, pduV2)),
  invoke('prepareHandover v3', [11, 3], 68, (w) => handover.prepareHandover(w, target, pdu, imsi, imeisv)),
  invoke('prepareHandover v3 to an RNC', [11, 3], 68, (w) => handover.prepareRelocation(w, target, pdu)),
  result('prepareHandover v2', [11, 2], 68, (w) => handover.prepareHandoverResultV2(w, roaming, pduV2)),
  result('prepareHandover v3', [11, 3], 68, (w) => handover.prepareHandoverResult(w, roaming, pdu)),
  invoke('performHandover v1', [11, 1], 28, (w) => handover.performHandover(w, target, serving)),
  result('performHandover v1', [11, 1], 28, (w) => handover.performHandoverResult(w, roaming, pduV2)),
  invoke('prepareSubsequentHandover v2', [11, 2], 69, (w) =>
    handover.prepareSubsequentHandoverV2(w, target, msc, pduV2),
  ),
  invoke('prepareSubsequentHandover v3', [11, 3], 69, (w) => handover.prepareSubsequentHandover(w, target, msc, pdu)),
  result('prepareSubsequentHandover v2', [11, 2], 69, (w) => handover.accessSignallingV2(w, pduV2)),
  result('prepareSubsequentHandover v3', [11, 3], 69, (w) => handover.accessSignalling(w, pdu)),
  invoke('performSubsequentHandover v1', [11, 1], 30, (w) =>
    handover.performSubsequentHandover(w, target, serving, msc),
  ),
  result('performSubsequentHandover v1', [11, 1], 30, (w) => handover.accessSignallingV2(w, pduV2)),
  invoke('sendEndSignal v2', [11, 2], 29, (w) => handover.accessSignallingV2(w, pduV2)),
  invoke('sendEndSignal v3', [11, 3], 29, (w) => handover.accessSignalling(w, pdu)),
  result('sendEndSignal v3', [11, 3], 29, nothing),
  invoke('processAccessSignalling v2', [11, 2], 33, (w) => handover.accessSignallingV2(w, pduV2)),
  invoke('processAccessSignalling v3', [11, 3], 33, (w) => handover.accessSignalling(w, pdu)),
  invoke('forwardAccessSignalling v2', [11, 2], 34, (w) => handover.accessSignallingV2(w, pduV2)),
  invoke('forwardAccessSignalling v3', [11, 3], 34, (w) => handover.accessSignalling(w, pdu)),
];

const callExamples: MapExample[] = [
  invoke('sendRoutingInfo v2', [5, 2], 22, (w) => calls.sendRoutingInfoV2(w, msisdn)),
  invoke('sendRoutingInfo v3', [5, 3], 22, (w) => calls.sendRoutingInfo(w, msisdn, gmsc)),
  result('sendRoutingInfo v2', [5, 2], 22, (w) => calls.sendRoutingInfoResultV2(w, imsi, { roamingNumber: roaming })),
  result('sendRoutingInfo v2, forwarded', [5, 2], 22, (w) =>
    calls.sendRoutingInfoResultV2(w, imsi, { forwardedTo: forwarded }),
  ),
  result('sendRoutingInfo v3', [5, 3], 22, (w) =>
    calls.sendRoutingInfoResult(w, { imsi, to: { roamingNumber: roaming }, location: circuit, vmsc: msc, msisdn }),
  ),
  result('sendRoutingInfo v3, forwarded', [5, 3], 22, (w) =>
    calls.sendRoutingInfoResult(w, { imsi, to: { forwardedTo: forwarded }, vmsc: msc, msisdn }),
  ),
  result('sendRoutingInfo v3, forwarded by CAMEL', [5, 3], 22, (w) =>
    calls.sendRoutingInfoCamelResult(w, imsi, forwarded),
  ),
  invoke('provideRoamingNumber v2', [3, 2], 4, (w) => calls.provideRoamingNumber(w, { imsi, msc, msisdn, lmsi })),
  invoke('provideRoamingNumber v3', [3, 3], 4, (w) => calls.provideRoamingNumber(w, { imsi, msc, gmsc })),
  result('provideRoamingNumber v2', [3, 2], 4, (w) => calls.provideRoamingNumberResultV2(w, roaming)),
  result('provideRoamingNumber v3', [3, 3], 4, (w) => calls.provideRoamingNumberResult(w, roaming, msc)),
];

const smsExamples: MapExample[] = [
  invoke('sendRoutingInfoForSM', [20, 3], 45, (w) => sms.sendRoutingInfoForSm(w, msisdn, centre)),
  result('sendRoutingInfoForSM with an MSC', [20, 3], 45, (w) =>
    sms.sendRoutingInfoForSmResult(w, { imsi, networkNode: msc, lmsi }),
  ),
  result('sendRoutingInfoForSM with SGSN and MSC', [20, 3], 45, (w) =>
    sms.sendRoutingInfoForSmResult(w, { imsi, networkNode: sgsn, isGprsNode: true, additionalMsc: msc }),
  ),
  result('sendRoutingInfoForSM with MSC and SGSN', [20, 3], 45, (w) =>
    sms.sendRoutingInfoForSmResult(w, { imsi, networkNode: msc, additionalSgsn: sgsn }),
  ),
  invoke('mo-forwardSM v3', [21, 3], 46, (w) => sms.moForwardSm(w, centre, msisdn, submit, imsi)),
  invoke('forwardSM v2 from the phone', [21, 2], 46, (w) => sms.moForwardSm(w, centre, msisdn, submit)),
  invoke('forwardSM v2 to the phone', [25, 2], 46, (w) => sms.mtForwardSm(w, { imsi }, centre, deliver)),
  invoke('forwardSM v1 to a roaming number', [25, 1], 46, (w) =>
    sms.mtForwardSm(w, { roamingNumber: roaming }, centre, deliver),
  ),
  result('mo-forwardSM v3', [21, 3], 46, (w) => sms.forwardSmResult(w, submitReport)),
  invoke('mt-forwardSM by IMSI', [25, 3], 44, (w) => sms.mtForwardSm(w, { imsi }, centre, deliver)),
  invoke('mt-forwardSM by LMSI', [25, 3], 44, (w) => sms.mtForwardSm(w, { lmsi }, centre, deliver)),
  result('mt-forwardSM', [25, 3], 44, (w) => sms.forwardSmResult(w, deliverReport)),
  invoke('reportSM-DeliveryStatus v2, subscriber absent', [20, 2], 47, (w) =>
    sms.reportSmDeliveryStatus(w, msisdn, centre, 1),
  ),
  invoke('reportSM-DeliveryStatus v3, delivered', [20, 3], 47, (w) =>
    sms.reportSmDeliveryStatus(w, msisdn, centre, 2, imsi),
  ),
  result('reportSM-DeliveryStatus', [20, 3], 47, (w) => sms.reportSmDeliveryStatusResult(w, msisdn)),
  invoke('alertServiceCentre', [23, 2], 64, (w) => sms.alertServiceCentre(w, msisdn, centre)),
  result('alertServiceCentre', [23, 2], 64, nothing),
  invoke('alertServiceCentreWithoutResult v1', [23, 1], 49, (w) => sms.alertServiceCentre(w, msisdn, centre)),
  invoke('informServiceCentre', [20, 3], 63, (w) => sms.informServiceCentre(w, msisdn)),
  invoke('readyForSM', [24, 3], 66, (w) => sms.readyForSm(w, imsi, 0)),
  result('readyForSM', [24, 3], 66, nothing),
];

const serviceExamples: MapExample[] = [
  invoke('registerSS', [18, 2], 10, (w) => services.registerSs(w, callForwarding, forwarded)),
  result('registerSS', [18, 2], 10, (w) => services.forwardingInfo(w, callForwarding, forwarded)),
  invoke('eraseSS', [18, 2], 11, (w) => services.ssForBsCode(w, callForwarding)),
  result('eraseSS', [18, 2], 11, (w) => services.forwardingInfo(w, callForwarding, forwarded)),
  invoke('activateSS', [18, 2], 12, (w) => services.ssForBsCode(w, barring)),
  result('activateSS', [18, 2], 12, (w) => services.callBarringInfo(w, barring)),
  invoke('deactivateSS', [18, 2], 13, (w) => services.ssForBsCode(w, waiting)),
  result('deactivateSS', [18, 2], 13, (w) => services.ssData(w, waiting)),
  invoke('interrogateSS', [18, 2], 14, (w) => services.ssForBsCode(w, waiting)),
  result('interrogateSS', [18, 2], 14, (w) => services.ssStatus(w, 5)),
  invoke('registerPassword', [18, 2], 17, (w) => services.registerPassword(w, barring)),
  result('registerPassword', [18, 2], 17, services.registerPasswordResult),
  invoke('processUnstructuredSS-Data v1', [18, 1], 19, (w) => services.unstructuredData(w, '*100#')),
  result('processUnstructuredSS-Data v1', [18, 1], 19, (w) => services.unstructuredData(w, 'OK')),
  invoke('processUnstructuredSS-Request', [19, 2], 59, (w) => services.ussd(w, '*100#', msisdn)),
  result('processUnstructuredSS-Request', [19, 2], 59, (w) => services.ussd(w, 'Balance 1')),
  invoke('unstructuredSS-Request', [19, 2], 60, (w) => services.ussd(w, 'More?')),
  result('unstructuredSS-Request', [19, 2], 60, (w) => services.ussd(w, '1')),
  invoke('unstructuredSS-Notify', [19, 2], 61, (w) => services.ussd(w, 'Gone')),
  result('unstructuredSS-Notify', [19, 2], 61, nothing),
];

const error = (name: string, context: [number, number], operation: number, code: number, write: Write): MapExample => ({
  name: `error ${name}`,
  context,
  operation,
  kind: 'error',
  error: code,
  write,
});

const errorExamples: MapExample[] = [
  error('roamingNotAllowed v2', [1, 2], 2, 8, (w) => services.errorCause(w, 0)),
  error('roamingNotAllowed v3', [1, 3], 2, 8, (w) => services.errorCauseV3(w, 3)),
  error('unknownSubscriber v3', [5, 3], 22, 1, (w) => services.errorCauseV3(w, 1)),
  error('absentSubscriber v3', [5, 3], 22, 27, (w) => services.absentSubscriber(w, 3)),
  error('callBarred v2', [5, 2], 22, 13, (w) => services.errorCause(w, 1)),
  error('absentSubscriberSM', [20, 3], 45, 6, (w) => services.absentSubscriberSm(w, 1)),
  error('sm-DeliveryFailure v2', [25, 2], 46, 32, (w) => services.errorCause(w, 0)),
  error('systemFailure v2', [1, 2], 2, 34, (w) => services.errorCause(w, 1)),
];

/** Every other error, without a parameter: its code and name. 3GPP TS 29.002 §17.6.6. */
export const bareErrors: [number, string][] = [
  [2, 'unknownBaseStation'],
  [3, 'unknownMSC'],
  [4, 'secureTransportError'],
  [5, 'unidentifiedSubscriber'],
  [7, 'unknownEquipment'],
  [9, 'illegalSubscriber'],
  [10, 'bearerServiceNotProvisioned'],
  [11, 'teleserviceNotProvisioned'],
  [12, 'illegalEquipment'],
  [14, 'forwardingViolation'],
  [15, 'cug-Reject'],
  [16, 'illegalSS-Operation'],
  [17, 'ss-ErrorStatus'],
  [18, 'ss-NotAvailable'],
  [19, 'ss-SubscriptionViolation'],
  [20, 'ss-Incompatibility'],
  [21, 'facilityNotSupported'],
  [22, 'ongoingGroupCall'],
  [23, 'invalidTargetBaseStation'],
  [24, 'noRadioResourceAvailable'],
  [25, 'noHandoverNumberAvailable'],
  [26, 'subsequentHandoverFailure'],
  [28, 'incompatibleTerminal'],
  [29, 'shortTermDenial'],
  [30, 'longTermDenial'],
  [31, 'subscriberBusyForMT-SMS'],
  [33, 'messageWaitingListFull'],
  [35, 'dataMissing'],
  [36, 'unexpectedDataValue'],
  [37, 'pw-RegistrationFailure'],
  [38, 'negativePW-Check'],
  [39, 'noRoamingNumberAvailable'],
  [40, 'tracingBufferFull'],
  [42, 'targetCellOutsideGroupCallArea'],
  [43, 'numberOfPW-AttemptsViolation'],
  [44, 'numberChanged'],
  [45, 'busySubscriber'],
  [46, 'noSubscriberReply'],
  [47, 'forwardingFailed'],
  [48, 'or-NotAllowed'],
  [49, 'ati-NotAllowed'],
  [50, 'noGroupCallNumberAvailable'],
  [51, 'resourceLimitation'],
  [52, 'unauthorizedRequestingNetwork'],
  [53, 'unauthorizedLCSClient'],
  [54, 'positionMethodFailure'],
  [58, 'unknownOrUnreachableLCSClient'],
  [59, 'mm-EventNotSupported'],
  [60, 'atsi-NotAllowed'],
  [61, 'atm-NotAllowed'],
  [62, 'informationNotAvailable'],
  [71, 'unknownAlphabet'],
  [72, 'ussd-Busy'],
];

export const mapExamples: MapExample[] = [
  ...mobilityExamples,
  ...locationExamples,
  ...handoverExamples,
  ...callExamples,
  ...smsExamples,
  ...serviceExamples,
  ...errorExamples,
  ...bareErrors.map(([code, name]) => error(name, [1, 2], 2, code, nothing)),
];
