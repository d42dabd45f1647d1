/** Identifiers of the elements that are read, 3GPP TS 48.008 §3.2.2 table 3.2.2.1. */
export const element = {
  circuitIdentityCode: 0x01,
  cause: 0x04,
  cellIdentifier: 0x05,
  imsi: 0x08,
  tmsi: 0x09,
  rrCause: 0x15,
  layer3Information: 0x17,
  cellIdentifierList: 0x1a,
  layer3MessageContents: 0x20,
  chosenChannel: 0x21,
  mobileIdentity: 0x29,
  speechVersion: 0x40,
  lcsCause: 0x47,
  imei: 0x68,
  rerouteRejectCause: 0x86,
} as const;

/** Format of an element that is not assigned: nothing behind it can be read. */
export const unknownFormat = -3;
/** Format T L V with a length of one octet. */
export const tlv = -1;
/** Format T L V with a length of two octets. */
export const tlvLong = -2;
/** Added to the length of an element of fixed length that is read. */
export const isRead = 32;

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

/**
 * Format of each element by its identifier: the length of a fixed value (with {@link isRead} added where the decoder
 * reads it), {@link tlv}, {@link tlvLong} or {@link unknownFormat}.
 */
export const elementFormats: Int8Array = (() => {
  const formats = new Int8Array(256).fill(unknownFormat);
  for (let id = 1; id <= 0x9a; id++) formats[id] = id > 0x55 && id < 0x61 ? unknownFormat : tlv;
  for (const id of unassigned) formats[id] = unknownFormat;
  for (const [id, length] of Object.entries(fixedLengths)) formats[Number(id)] = length;
  formats[apdu] = tlvLong;
  for (const id of Object.values(element)) if (formats[id] >= 0) formats[id] += isRead;
  return formats;
})();

/** Shortest value of each TLV that must have one, from the length columns of §3.2.1 and the figures of §3.2.2; 0 for all others. */
export const shortestValues: Uint8Array = (() => {
  const shortest = new Uint8Array(256);
  const lengths: Record<number, readonly number[]> = {
    1: [
      0x04, // Cause, §3.2.2.5
      0x05, // Cell Identifier, §3.2.2.17
      0x06, // Priority, §3.2.2.18
      0x08, // IMSI, §3.2.2.6
      0x0a, // Encryption Information, §3.2.2.10
      0x12, // Classmark Information Type 2, §3.2.2.19
      0x13, // Classmark Information Type 3, §3.2.2.20
      0x17, // Layer 3 Information, §3.2.2.24
      0x1a, // Cell Identifier List, §3.2.2.27
      0x29, // Mobile Identity, §3.2.2.41
      0x44, // Location Type, §3.2.2.63
      0x47, // LCS Cause, §3.2.2.66
      0x50, // Service Handover, §3.2.2.75
      0x68, // IMEI, §3.2.2.86
      0x6c, // Talker Identity, §3.2.2.91
      0x7d, // Speech Codec List, §3.2.2.103
      0x7e, // Speech Codec, §3.2.2.104
    ],
    2: [
      0x07, // Layer 3 Header Information, §3.2.2.9
      0x1e, // Circuit Identity Code List, §3.2.2.31
      0x1f, // Diagnostic, §3.2.2.32
    ],
    3: [
      0x0b, // Channel Type, §3.2.2.11
      0x3b, // LSA Identifier, §3.2.2.15
    ],
    4: [0x09], // TMSI, §3.2.2.7
    5: [0x37], // Group Call Reference, §3.2.2.55
  };
  for (const [length, ids] of Object.entries(lengths)) for (const id of ids) shortest[id] = Number(length);
  return shortest;
})();
