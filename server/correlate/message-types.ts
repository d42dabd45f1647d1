/** The codes that correlation acts on, by the specifications' names. Everything else passes by. */

/** SCCP message types, ITU-T Q.713 §2.1. */
export const sccp = {
  connectionRequest: 0x01,
  connectionConfirm: 0x02,
  connectionRefused: 0x03,
  released: 0x04,
  releaseComplete: 0x05,
  dataForm1: 0x06,
  dataForm2: 0x07,
  dataAcknowledgement: 0x08,
  expeditedData: 0x0b,
  expeditedDataAcknowledgement: 0x0c,
  resetRequest: 0x0d,
  resetConfirm: 0x0e,
  protocolDataUnitError: 0x0f,
  inactivityTest: 0x10,
} as const;

/** BSSMAP message types, 3GPP TS 48.008 §3.2.2.1. */
export const bssmap = {
  assignmentRequest: 0x01,
  assignmentComplete: 0x02,
  handoverRequest: 0x10,
  handoverRequired: 0x11,
  handoverRequestAcknowledge: 0x12,
  handoverCommand: 0x13,
  handoverComplete: 0x14,
  handoverFailure: 0x16,
  handoverPerformed: 0x17,
  handoverRequiredReject: 0x1a,
  clearCommand: 0x20,
  clearComplete: 0x21,
  clearRequest: 0x22,
  commonId: 0x2f,
  paging: 0x52,
  cipherModeCommand: 0x53,
  cipherModeComplete: 0x55,
  completeLayer3Information: 0x57,
} as const;

/** Cause of a clear where the phone has gone on elsewhere, in 3GPP TS 48.008 §3.2.2.5 and TS 25.413 §9.2.1.4 alike. */
export const handoverSuccessful = 11;

/** Protocol discriminators, 3GPP TS 24.007 §11.2.3.1.1. */
export const discriminator = { callControl: 3, mobilityManagement: 5, radioResource: 6, sms: 9, ss: 11 } as const;

/** Mobility management, 3GPP TS 24.008 §10.4 table 10.2. */
export const mm = {
  imsiDetachIndication: 0x01,
  locationUpdatingAccept: 0x02,
  locationUpdatingReject: 0x04,
  locationUpdatingRequest: 0x08,
  authenticationReject: 0x11,
  authenticationRequest: 0x12,
  authenticationResponse: 0x14,
  identityRequest: 0x18,
  tmsiReallocationCommand: 0x1a,
  tmsiReallocationComplete: 0x1b,
  cmServiceAccept: 0x21,
  cmServiceReject: 0x22,
  cmServiceAbort: 0x23,
  cmServiceRequest: 0x24,
  cmReestablishmentRequest: 0x28,
  abort: 0x29,
} as const;

/** Radio resource, 3GPP TS 44.018 §10.4. */
export const rr = { pagingResponse: 0x27 } as const;

/** Call control, 3GPP TS 24.008 §10.4 table 10.3. */
export const cc = {
  alerting: 0x01,
  callProceeding: 0x02,
  setup: 0x05,
  connect: 0x07,
  callConfirmed: 0x08,
  emergencySetup: 0x0e,
  connectAcknowledge: 0x0f,
  disconnect: 0x25,
  releaseComplete: 0x2a,
  release: 0x2d,
} as const;

/** Short message control, 3GPP TS 24.011 §8.1.3. */
export const cp = { data: 0x01, ack: 0x04, error: 0x10 } as const;

/** Short message relay, 3GPP TS 24.011 §8.2.2; bit 1 is set from the network to the phone. */
export const rp = { ackUp: 2, ackDown: 3, errorUp: 4, errorDown: 5, memoryAvailable: 6 } as const;

/** Supplementary services, 3GPP TS 24.080 §3.4. */
export const ss = { releaseComplete: 0x2a, register: 0x3b } as const;

/** CM service types, 3GPP TS 24.008 §10.5.3.3. */
export const cmService = { call: 1, emergencyCall: 2, sms: 4, ss: 8 } as const;

/** Location updating types, 3GPP TS 24.008 §10.5.3.5. */
export const locationUpdating = { normal: 0, periodic: 1, imsiAttach: 2 } as const;

/** Elementary procedures of RANAP and which of their messages, 3GPP TS 25.413 §9.3.2. */
export const ranap = {
  iuRelease: 1,
  relocationPreparation: 2,
  relocationResourceAllocation: 3,
  relocationCancel: 4,
  iuReleaseRequest: 11,
  relocationComplete: 13,
  paging: 14,
  commonId: 15,
  locationReport: 18,
  initialUeMessage: 19,
  directTransfer: 20,
} as const;
export const ranapOutcome = { initiating: 0, successful: 1, unsuccessful: 2 } as const;

/** 3GPP TS 25.413 §9.2.1.5. */
export const cnDomain = { packetSwitched: 1 } as const;

/** MAP operations, 3GPP TS 29.002 §17.5. */
export const map = {
  updateLocation: 2,
  cancelLocation: 3,
  provideRoamingNumber: 4,
  sendParameters: 9,
  updateGprsLocation: 23,
  mtForwardSm: 44,
  sendIdentification: 55,
  purgeMs: 67,
} as const;

/** Subsystem numbers, 3GPP TS 23.003 §8.2. */
export const subsystem = { sgsn: 149 } as const;
