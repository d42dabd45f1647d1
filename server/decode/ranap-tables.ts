/** Messages of each elementary procedure by its code: initiating, successful outcome, unsuccessful outcome, outcome. 3GPP TS 25.413 §9.3.2. */
const procedures: Record<number, readonly string[]> = {
  0: ['RAB-AssignmentRequest', '', '', 'RAB-AssignmentResponse'],
  1: ['Iu-ReleaseCommand', 'Iu-ReleaseComplete'],
  2: ['RelocationRequired', 'RelocationCommand', 'RelocationPreparationFailure'],
  3: ['RelocationRequest', 'RelocationRequestAcknowledge', 'RelocationFailure'],
  4: ['RelocationCancel', 'RelocationCancelAcknowledge'],
  5: ['SRNS-ContextRequest', 'SRNS-ContextResponse'],
  6: ['SecurityModeCommand', 'SecurityModeComplete', 'SecurityModeReject'],
  7: ['DataVolumeReportRequest', 'DataVolumeReport'],
  9: ['Reset', 'ResetAcknowledge'],
  10: ['RAB-ReleaseRequest'],
  11: ['Iu-ReleaseRequest'],
  12: ['RelocationDetect'],
  13: ['RelocationComplete'],
  14: ['Paging'],
  15: ['CommonID'],
  16: ['CN-InvokeTrace'],
  17: ['LocationReportingControl'],
  18: ['LocationReport'],
  19: ['InitialUE-Message'],
  20: ['DirectTransfer'],
  21: ['Overload'],
  22: ['ErrorIndication'],
  23: ['SRNS-DataForwardCommand'],
  24: ['ForwardSRNS-Context'],
  25: ['PrivateMessage'],
  26: ['CN-DeactivateTrace'],
  27: ['ResetResource', 'ResetResourceAcknowledge'],
  28: ['RANAP-RelocationInformation'],
  29: ['RAB-ModifyRequest'],
  30: ['LocationRelatedDataRequest', 'LocationRelatedDataResponse', 'LocationRelatedDataFailure'],
  31: ['InformationTransferIndication', 'InformationTransferConfirmation', 'InformationTransferFailure'],
  32: ['UESpecificInformationIndication'],
  33: ['UplinkInformationExchangeRequest', 'UplinkInformationExchangeResponse', 'UplinkInformationExchangeFailure'],
  34: ['DirectInformationTransfer'],
  35: ['MBMSSessionStart', 'MBMSSessionStartResponse', 'MBMSSessionStartFailure'],
  36: ['MBMSSessionUpdate', 'MBMSSessionUpdateResponse', 'MBMSSessionUpdateFailure'],
  37: ['MBMSSessionStop', 'MBMSSessionStopResponse'],
  38: ['MBMSUELinkingRequest', '', '', 'MBMSUELinkingResponse'],
  39: ['MBMSRegistrationRequest', 'MBMSRegistrationResponse', 'MBMSRegistrationFailure'],
  40: ['MBMSCNDe-RegistrationRequest', 'MBMSCNDe-RegistrationResponse'],
  41: ['MBMSRABEstablishmentIndication'],
  42: ['MBMSRABReleaseRequest', 'MBMSRABRelease', 'MBMSRABReleaseFailure'],
  43: ['EnhancedRelocationCompleteRequest', 'EnhancedRelocationCompleteResponse', 'EnhancedRelocationCompleteFailure'],
  44: ['EnhancedRelocationCompleteConfirm'],
  45: ['RANAP-EnhancedRelocationInformationRequest', 'RANAP-EnhancedRelocationInformationResponse'],
  46: ['SRVCC-CSKeysRequest', '', '', 'SRVCC-CSKeysResponse'],
  47: ['UeRadioCapabilityMatchRequest', '', '', 'UeRadioCapabilityMatchResponse'],
  48: ['UeRegistrationQueryRequest', '', '', 'UeRegistrationQueryResponse'],
  49: ['RerouteNASRequest'],
};

/** Name of a RANAP message by procedure code × 4 + which of its messages; undefined where the procedure has no such message. */
export const ranapNames: readonly (string | undefined)[] = (() => {
  const names: (string | undefined)[] = new Array(4 * 256).fill(undefined);
  for (const [code, messages] of Object.entries(procedures)) {
    for (const [type, name] of messages.entries()) if (name !== '') names[Number(code) * 4 + type] = name;
  }
  return names;
})();

/** The one message that is no sequence of protocol IEs: its contents are its maker's own. §9.3.3. */
export const privateMessageProcedure = 25;

/** Identifiers of the elements that are read, 3GPP TS 25.413 §9.3.6. */
export const ranapElement = {
  areaIdentity: 0,
  cnDomainIndicator: 3,
  cause: 4,
  lai: 15,
  nasPdu: 16,
  pagingAreaId: 21,
  permanentNasUeId: 23,
  rabFailedItem: 34,
  rabFailedList: 35,
  rabReleaseFailedList: 39,
  rabReleaseItem: 40,
  rabReleaseList: 41,
  rac: 55,
  sai: 58,
  sapi: 59,
  sourceId: 60,
  targetId: 62,
  temporaryUeId: 64,
  ueId: 69,
  rabFailedToReportItem: 71,
  rabFailedToReportList: 72,
  iuSigConId: 79,
  rabContextFailedToTransferItem: 84,
  rabContextFailedToTransferList: 85,
  globalRncId: 86,
  extendedRncId: 171,
} as const;

/** A bit for each element whose absence is noticed. */
export const seen = { cause: 1, lai: 2, nasPdu: 4, permanentNasUeId: 8, sai: 16, targetId: 32, sourceId: 64 } as const;

const mandatory: Record<string, number> = {
  'Iu-ReleaseCommand': seen.cause,
  RelocationRequired: seen.cause | seen.sourceId | seen.targetId,
  RelocationPreparationFailure: seen.cause,
  RelocationRequest: seen.cause,
  RelocationFailure: seen.cause,
  RelocationCancel: seen.cause,
  SecurityModeReject: seen.cause,
  Reset: seen.cause,
  'Iu-ReleaseRequest': seen.cause,
  Paging: seen.permanentNasUeId,
  CommonID: seen.permanentNasUeId,
  'InitialUE-Message': seen.lai | seen.sai | seen.nasPdu,
  DirectTransfer: seen.nasPdu,
  UeRegistrationQueryRequest: seen.permanentNasUeId,
};

/** Bits of {@link seen} that a message must have, by the index of {@link ranapNames}. 3GPP TS 25.413 §9.1. */
export const ranapMandatory: Uint8Array = Uint8Array.from(ranapNames, (name) => mandatory[name ?? ''] ?? 0);
