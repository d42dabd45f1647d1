/** Names of CAP and INAP, which are named and not read, by their codes. */

const namesOf = (codes: Record<number, string>): readonly (string | undefined)[] =>
  Array.from({ length: 128 }, (_, code) => codes[code]);

/** Operations that CAP took over from core INAP, with their codes: ETSI EN 300 374-1 §10, 3GPP TS 29.078 §5.2. */
const shared = {
  0: 'initialDP',
  16: 'assistRequestInstructions',
  17: 'establishTemporaryConnection',
  18: 'disconnectForwardConnection',
  19: 'connectToResource',
  20: 'connect',
  22: 'releaseCall',
  23: 'requestReportBCSMEvent',
  24: 'eventReportBCSM',
  27: 'collectInformation',
  31: 'continue',
  32: 'initiateCallAttempt',
  33: 'resetTimer',
  34: 'furnishChargingInformation',
  35: 'applyCharging',
  36: 'applyChargingReport',
  41: 'callGap',
  44: 'callInformationReport',
  45: 'callInformationRequest',
  46: 'sendChargingInformation',
  47: 'playAnnouncement',
  48: 'promptAndCollectUserInformation',
  49: 'specializedResourceReport',
  53: 'cancel',
  55: 'activityTest',
};

/** Every operation of CAP, calls, short messages and GPRS: 3GPP TS 29.078 §5.2, §7.2, §8.2. */
export const capOperationNames = namesOf({
  ...shared,
  60: 'initialDPSMS',
  61: 'furnishChargingInformationSMS',
  62: 'connectSMS',
  63: 'requestReportSMSEvent',
  64: 'eventReportSMS',
  65: 'continueSMS',
  66: 'releaseSMS',
  67: 'resetTimerSMS',
  70: 'activityTestGPRS',
  71: 'applyChargingGPRS',
  72: 'applyChargingReportGPRS',
  73: 'cancelGPRS',
  74: 'connectGPRS',
  75: 'continueGPRS',
  76: 'entityReleasedGPRS',
  77: 'furnishChargingInformationGPRS',
  78: 'initialDPGPRS',
  79: 'releaseGPRS',
  80: 'eventReportGPRS',
  81: 'requestReportGPRSEvent',
  82: 'resetTimerGPRS',
  83: 'sendChargingInformationGPRS',
  86: 'disconnectForwardConnectionWithArgument',
  88: 'continueWithArgument',
  90: 'disconnectLeg',
  93: 'moveLeg',
  95: 'splitLeg',
  96: 'entityReleased',
  97: 'playTone',
});

/** Core INAP of capability set 1, ETSI EN 300 374-1 §10. */
export const inapOperationNames = namesOf({
  ...shared,
  42: 'activateServiceFiltering',
  43: 'serviceFilteringResponse',
});

/** Errors of both: EN 300 374-1 §10, 3GPP TS 29.078 §5.3. */
const sharedErrors = {
  0: 'canceled',
  1: 'cancelFailed',
  3: 'eTCFailed',
  4: 'improperCallerResponse',
  6: 'missingCustomerRecord',
  7: 'missingParameter',
  8: 'parameterOutOfRange',
  10: 'requestedInfoError',
  11: 'systemFailure',
  12: 'taskRefused',
  13: 'unavailableResource',
  14: 'unexpectedComponentSequence',
  15: 'unexpectedDataValue',
  16: 'unexpectedParameter',
  17: 'unknownLegID',
};

export const inapErrorNames = namesOf(sharedErrors);
export const capErrorNames = namesOf({ ...sharedErrors, 50: 'unknownPDPID', 51: 'unknownCSID' });
