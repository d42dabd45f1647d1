/** Every BSSMAP message, 3GPP TS 48.008 §3.2.2.1 table 3.2.2.1.1. */
export const bssmap = {
  'ASSIGNMENT REQUEST': 0x01,
  'ASSIGNMENT COMPLETE': 0x02,
  'ASSIGNMENT FAILURE': 0x03,
  'VGCS/VBS SETUP': 0x04,
  'VGCS/VBS SETUP ACK': 0x05,
  'VGCS/VBS SETUP REFUSE': 0x06,
  'VGCS/VBS ASSIGNMENT REQUEST': 0x07,
  'CHANNEL MODIFY REQUEST': 0x08,
  'HANDOVER REQUEST': 0x10,
  'HANDOVER REQUIRED': 0x11,
  'HANDOVER REQUEST ACKNOWLEDGE': 0x12,
  'HANDOVER COMMAND': 0x13,
  'HANDOVER COMPLETE': 0x14,
  'HANDOVER SUCCEEDED': 0x15,
  'HANDOVER FAILURE': 0x16,
  'HANDOVER PERFORMED': 0x17,
  'HANDOVER CANDIDATE ENQUIRE': 0x18,
  'HANDOVER CANDIDATE RESPONSE': 0x19,
  'HANDOVER REQUIRED REJECT': 0x1a,
  'HANDOVER DETECT': 0x1b,
  'VGCS/VBS ASSIGNMENT RESULT': 0x1c,
  'VGCS/VBS ASSIGNMENT FAILURE': 0x1d,
  'VGCS/VBS QUEUING INDICATION': 0x1e,
  'UPLINK REQUEST': 0x1f,
  'CLEAR COMMAND': 0x20,
  'CLEAR COMPLETE': 0x21,
  'CLEAR REQUEST': 0x22,
  'SAPI "N" REJECT': 0x25,
  CONFUSION: 0x26,
  'UPLINK REQUEST ACKNOWLEDGE': 0x27,
  SUSPEND: 0x28,
  RESUME: 0x29,
  'CONNECTION ORIENTED INFORMATION': 0x2a,
  'PERFORM LOCATION REQUEST': 0x2b,
  'LSA INFORMATION': 0x2c,
  'PERFORM LOCATION RESPONSE': 0x2d,
  'PERFORM LOCATION ABORT': 0x2e,
  'COMMON ID': 0x2f,
  RESET: 0x30,
  'RESET ACKNOWLEDGE': 0x31,
  OVERLOAD: 0x32,
  'RESET CIRCUIT': 0x34,
  'RESET CIRCUIT ACKNOWLEDGE': 0x35,
  'MSC INVOKE TRACE': 0x36,
  'BSS INVOKE TRACE': 0x37,
  'CONNECTIONLESS INFORMATION': 0x3a,
  'VGCS/VBS ASSIGNMENT STATUS': 0x3b,
  'VGCS/VBS AREA CELL INFO': 0x3c,
  'RESET IP RESOURCE': 0x3d,
  'RESET IP RESOURCE ACKNOWLEDGE': 0x3e,
  BLOCK: 0x40,
  'BLOCKING ACKNOWLEDGE': 0x41,
  UNBLOCK: 0x42,
  'UNBLOCKING ACKNOWLEDGE': 0x43,
  'CIRCUIT GROUP BLOCK': 0x44,
  'CIRCUIT GROUP BLOCKING ACKNOWLEDGE': 0x45,
  'CIRCUIT GROUP UNBLOCK': 0x46,
  'CIRCUIT GROUP UNBLOCKING ACKNOWLEDGE': 0x47,
  'UNEQUIPPED CIRCUIT': 0x48,
  'UPLINK REQUEST CONFIRMATION': 0x49,
  'UPLINK RELEASE INDICATION': 0x4a,
  'UPLINK REJECT COMMAND': 0x4b,
  'UPLINK RELEASE COMMAND': 0x4c,
  'UPLINK SEIZED COMMAND': 0x4d,
  'CHANGE CIRCUIT': 0x4e,
  'CHANGE CIRCUIT ACKNOWLEDGE': 0x4f,
  'RESOURCE REQUEST': 0x50,
  'RESOURCE INDICATION': 0x51,
  PAGING: 0x52,
  'CIPHER MODE COMMAND': 0x53,
  'CLASSMARK UPDATE': 0x54,
  'CIPHER MODE COMPLETE': 0x55,
  'QUEUING INDICATION': 0x56,
  'COMPLETE LAYER 3 INFORMATION': 0x57,
  'CLASSMARK REQUEST': 0x58,
  'CIPHER MODE REJECT': 0x59,
  'LOAD INDICATION': 0x5a,
  'VGCS ADDITIONAL INFORMATION': 0x60,
  'VGCS SMS': 0x61,
  'NOTIFICATION DATA': 0x62,
  'UPLINK APPLICATION DATA': 0x63,
  'INTERNAL HANDOVER REQUIRED': 0x70,
  'INTERNAL HANDOVER REQUIRED REJECT': 0x71,
  'INTERNAL HANDOVER COMMAND': 0x72,
  'INTERNAL HANDOVER ENQUIRY': 0x73,
  'LCLS-CONNECT-CONTROL': 0x74,
  'LCLS-CONNECT-CONTROL-ACK': 0x75,
  'LCLS-NOTIFICATION': 0x76,
  'REROUTE COMMAND': 0x78,
  'REROUTE COMPLETE': 0x79,
} as const;

/** Name of a BSSMAP message type by its code; undefined where the code is not assigned. */
export const bssmapNames: readonly (string | undefined)[] = (() => {
  const names: (string | undefined)[] = new Array(256).fill(undefined);
  for (const [name, code] of Object.entries(bssmap)) names[code] = name;
  return names;
})();

/** Identifiers of the elements that are read, 3GPP TS 48.008 §3.2.2 table 3.2.2.1. */
export const element = {
  cause: 0x04,
  cellIdentifier: 0x05,
  imsi: 0x08,
  tmsi: 0x09,
  layer3Information: 0x17,
  cellIdentifierList: 0x1a,
  layer3MessageContents: 0x20,
  imei: 0x68,
} as const;

/** Format of an element that is not assigned: nothing behind it can be read. */
export const unknownFormat = -3;
/** Format T L V with a length of one octet. */
export const tlv = -1;
/** Format T L V with a length of two octets. */
export const tlvLong = -2;

/** Elements that are no TLV, with the length of their value: 0 is an identifier alone. 3GPP TS 48.008 §3.2.2.2 ff. */
const fixedLengths: Record<number, number> = {
  1: 2, // Circuit Identity Code, §3.2.2.2
  3: 20, // Resource Available, §3.2.2.4
  12: 1, // Periodicity, §3.2.2.12
  13: 1, // Extended Resource Indicator, §3.2.2.13
  14: 1, // Number Of MSs, §3.2.2.8
  20: 1, // Interference Band To Be Used, §3.2.2.21
  21: 1, // RR Cause, §3.2.2.22
  24: 1, // DLCI, §3.2.2.25
  25: 1, // Downlink DTX Flag, §3.2.2.26
  27: 0, // Response Request, §3.2.2.28
  28: 1, // Resource Indication Method, §3.2.2.29
  29: 1, // Classmark Information Type 1, §3.2.2.30
  33: 1, // Chosen Channel, §3.2.2.33
  34: 4, // Total Resource Accessible, §3.2.2.14
  35: 1, // Cipher Response Mode, §3.2.2.34
  36: 1, // Channel Needed, §3.2.2.36
  37: 1, // Trace Type, §3.2.2.37
  39: 2, // Trace Reference, §3.2.2.39
  43: 1, // Forward Indicator, §3.2.2.43
  44: 1, // Chosen Encryption Algorithm, §3.2.2.44
  45: 1, // Circuit Pool, §3.2.2.45
  47: 1, // Time Indication, §3.2.2.47
  49: 1, // Current Channel Type 1, §3.2.2.49
  50: 1, // Queueing Indicator, §3.2.2.50
  51: 1, // Assignment Requirement, §3.2.2.52
  53: 0, // Talker Flag, §3.2.2.54
  54: 0, // Connection Release Requested, §3.2.2.3
  56: 1, // eMLPP Priority, §3.2.2.56
  57: 1, // Configuration Evolution Indication, §3.2.2.57
  63: 1, // LSA Access Control Suppression, §3.2.2.61
  64: 1, // Speech Version, §3.2.2.51
  103: 1, // Paging Information, §3.2.2.85
  106: 1, // Talker Priority, §3.2.2.89
  107: 0, // Emergency Set Indication, §3.2.2.90
  127: 4, // Call Identifier, §3.2.2.105
  129: 1, // A-Interface Selector for RESET, §3.2.2.107
  131: 16, // Kc128, §3.2.2.109
  133: 0, // Redirect Attempt Flag, §3.2.2.111
  134: 1, // Reroute Reject Cause, §3.2.2.112
  135: 1, // Send Sequence Number, §3.2.2.113
  136: 1, // Reroute complete outcome, §3.2.2.114
  138: 1, // LCLS-Configuration, §3.2.2.116
  139: 1, // LCLS-Connection-Status-Control, §3.2.2.117
  140: 0, // LCLS-Correlation-Not-Needed, §3.2.2.118
  141: 1, // LCLS-BSS-Status, §3.2.2.119
  142: 0, // LCLS-Break-Request, §3.2.2.120
  143: 0, // CSFB Indication, §3.2.2.121
  144: 0, // CS to PS SRVCC, §3.2.2.122
  146: 0, // CS to PS SRVCC Indication, §3.2.2.124
  148: 3, // Selected PLMN ID, §3.2.2.126
  149: 3, // Last used E-UTRAN PLMN ID, §3.2.2.127
  150: 5, // Old Location Area Identification, §3.2.2.128
  151: 0, // Attach Indicator, §3.2.2.129
  152: 3, // Selected Operator, §3.2.2.130
  153: 3, // PS Registered Operator, §3.2.2.131
  154: 3, // CS Registered Operator, §3.2.2.132
};

const apdu = 0x49;
/** Identifiers that are reserved, undefined, or beyond the last assigned one. */
const unassigned = [0, 2, 15, 16, 17, 22, 52, 65, 66, 0x62, 0x82];

/** Format of each element by its identifier: the length of a fixed value, {@link tlv}, {@link tlvLong} or {@link unknownFormat}. */
export const elementFormats: Int8Array = (() => {
  const formats = new Int8Array(256).fill(unknownFormat);
  for (let id = 1; id <= 0x9a; id++) formats[id] = id > 0x55 && id < 0x61 ? unknownFormat : tlv;
  for (const id of unassigned) formats[id] = unknownFormat;
  for (const [id, length] of Object.entries(fixedLengths)) formats[Number(id)] = length;
  formats[apdu] = tlvLong;
  return formats;
})();

/** Mandatory elements of the messages whose contents are read, 3GPP TS 48.008 §3.2.1; indexed by message type. */
export const mandatoryElements: readonly (readonly number[] | undefined)[] = (() => {
  const mandatory: (readonly number[] | undefined)[] = new Array(256).fill(undefined);
  mandatory[bssmap['COMPLETE LAYER 3 INFORMATION']] = [element.cellIdentifier, element.layer3Information];
  mandatory[bssmap['HANDOVER REQUIRED']] = [element.cause];
  mandatory[bssmap['HANDOVER REQUEST']] = [element.cellIdentifier];
  mandatory[bssmap['HANDOVER PERFORMED']] = [element.cause, element.cellIdentifier];
  mandatory[bssmap['COMMON ID']] = [element.imsi];
  mandatory[bssmap.PAGING] = [element.imsi, element.cellIdentifierList];
  mandatory[bssmap['CLEAR REQUEST']] = [element.cause];
  return mandatory;
})();
