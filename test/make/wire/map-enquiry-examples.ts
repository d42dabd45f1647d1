import * as enquiries from '../../../fixtures/make/wire/map/enquiries.ts';
import { type MapExample, mapNumbers } from './map-examples.ts';

const { imsi, msisdn, vlr, msc, sgsn, gmsc, lmsi, imei, imeisv, forwarded, serving } = mapNumbers;

type Write = MapExample['write'];

const example =
  (kind: 'invoke' | 'result') =>
  (name: string, context: [number, number], operation: number, write: Write): MapExample => ({
    name: `${name} ${kind}`,
    context,
    operation,
    kind,
    write,
  });
const invoke = example('invoke');
const result = example('result');

/** GSN-Address: IPv4, 192.0.2.1. 3GPP TS 23.003 §5.1. */
const gsn = [0x04, 192, 0, 2, 1];
/** The GGSN's number as ISDN-AddressString. */
const ggsn = [0x91, 0x99, 0x29, 0x00, 0x00, 0x70, 0xf7];
const traceReference = [0x00, 0x07];
const location = { ...serving, ageMinutes: 5 };

/** Location services, tracing and reports: operations of which the identities and places are read, and no more. */
export const enquiryExamples: MapExample[] = [
  invoke('noteSubscriberDataModified', [22, 3], 5, (w) => enquiries.subscriberDataModified(w, imsi, msisdn)),
  invoke('resumeCallHandling', [6, 3], 6, (w) => enquiries.resumeCall(w, imsi, msisdn, forwarded)),
  invoke('authenticationFailureReport of a VLR', [39, 3], 15, (w) => enquiries.authenticationFailure(w, imsi, { vlr })),
  invoke('authenticationFailureReport of an SGSN', [39, 3], 15, (w) =>
    enquiries.authenticationFailure(w, imsi, { sgsn }),
  ),
  invoke('sendRoutingInfoForGprs', [33, 3], 24, (w) => enquiries.imsiAnd(w, imsi, [[2, ggsn]])),
  invoke('failureReport', [34, 3], 25, (w) => enquiries.imsiAnd(w, imsi, [[1, ggsn]])),
  invoke('noteMsPresentForGprs', [35, 3], 26, (w) => enquiries.imsiAnd(w, imsi, [[1, gsn]])),
  invoke('cancelVcsgLocation', [47, 3], 36, (w) => enquiries.cancelVcsg(w, imsi)),
  invoke('cancelVcsgLocation with LMSI', [47, 3], 36, (w) => enquiries.cancelVcsg(w, imsi, lmsi)),
  invoke('noteSubscriberPresent v1', [23, 1], 48, (w) => enquiries.imsiAlone(w, imsi)),
  invoke('activateTraceMode', [17, 3], 50, (w) =>
    enquiries.imsiAnd(w, imsi, [
      [1, traceReference],
      [2, [1]],
    ]),
  ),
  invoke('deactivateTraceMode', [17, 3], 51, (w) => enquiries.imsiAnd(w, imsi, [[1, traceReference]])),
  invoke('updateVcsgLocation', [46, 3], 53, (w) => enquiries.updateVcsg(w, imsi, msisdn, vlr)),
  invoke('anyTimeSubscriptionInterrogation', [43, 3], 62, (w) => enquiries.subscription(w, { msisdn }, gmsc, 2)),
  invoke('anyTimeModification', [43, 3], 65, (w) => enquiries.subscription(w, { imsi }, gmsc, 1)),
  invoke('ss-InvocationNotification', [36, 3], 72, (w) => enquiries.ssInvocation(w, imsi, msisdn)),
  invoke('setReportingState', [7, 3], 73, (w) => enquiries.setReportingState(w, imsi, lmsi)),
  invoke('statusReport', [7, 3], 74, (w) => enquiries.imsiAnd(w, imsi, [])),
  invoke('remoteUserFree', [8, 3], 75, (w) => enquiries.remoteUserFree(w, imsi)),
  invoke('provideSubscriberLocation', [38, 3], 83, (w) => enquiries.provideLocation(w, gmsc, { imsi, lmsi, imei })),
  invoke('provideSubscriberLocation by number', [38, 3], 83, (w) => enquiries.provideLocation(w, gmsc, { msisdn })),
  result('provideSubscriberLocation', [38, 3], 83, (w) => enquiries.provideLocationResult(w, location)),
  result('provideSubscriberLocation with a service area', [38, 3], 83, (w) =>
    enquiries.provideLocationResult(w, { ...location, isServiceArea: true }),
  ),
  invoke('sendRoutingInfoForLCS', [37, 3], 85, (w) => enquiries.routingInfoForLcs(w, { imsi }, gmsc)),
  result('sendRoutingInfoForLCS', [37, 3], 85, (w) =>
    enquiries.routingInfoForLcsResult(w, { msisdn }, { number: msc, lmsi }),
  ),
  result('sendRoutingInfoForLCS with an SGSN', [37, 3], 85, (w) =>
    enquiries.routingInfoForLcsResult(w, { imsi }, { number: sgsn, isSgsn: true }),
  ),
  invoke('subscriberLocationReport', [38, 3], 86, (w) =>
    enquiries.locationReport(w, { number: msc, lmsi }, { imsi, msisdn, imei: imeisv }, location),
  ),
  invoke('subscriberLocationReport with a location area', [38, 3], 86, (w) =>
    enquiries.locationReport(w, { number: msc }, { imsi }, { ...location, ci: undefined }),
  ),
  invoke('ist-Alert', [4, 3], 87, (w) => enquiries.imsiAnd(w, imsi, [])),
  invoke('ist-Command', [9, 3], 88, (w) => enquiries.imsiAnd(w, imsi, [])),
  invoke('noteMM-Event', [42, 3], 89, (w) => enquiries.mobilityEvent(w, imsi, msisdn, location)),
];
