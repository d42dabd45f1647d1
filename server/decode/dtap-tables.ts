import { broadcastCall, gmm, groupCall, sm } from './dtap-other-tables.ts';

/** Protocol discriminators, 3GPP TS 24.007 §11.2.3.1.1. */
export const protocol = { GCC: 0, BCC: 1, CC: 3, MM: 5, RR: 6, GMM: 8, SMS: 9, SM: 10, SS: 11 } as const;

/** Mobility management messages, 3GPP TS 24.008 §10.4 table 10.2. */
export const mm = {
  'IMSI DETACH INDICATION': 0x01,
  'LOCATION UPDATING ACCEPT': 0x02,
  'LOCATION UPDATING REJECT': 0x04,
  'LOCATION UPDATING REQUEST': 0x08,
  'AUTHENTICATION REJECT': 0x11,
  'AUTHENTICATION REQUEST': 0x12,
  'AUTHENTICATION RESPONSE': 0x14,
  'IDENTITY REQUEST': 0x18,
  'IDENTITY RESPONSE': 0x19,
  'TMSI REALLOCATION COMMAND': 0x1a,
  'TMSI REALLOCATION COMPLETE': 0x1b,
  'AUTHENTICATION FAILURE': 0x1c,
  'CM SERVICE ACCEPT': 0x21,
  'CM SERVICE REJECT': 0x22,
  'CM SERVICE ABORT': 0x23,
  'CM SERVICE REQUEST': 0x24,
  'CM SERVICE PROMPT': 0x25,
  'CM RE-ESTABLISHMENT REQUEST': 0x28,
  ABORT: 0x29,
  'MM NULL': 0x30,
  'MM STATUS': 0x31,
  'MM INFORMATION': 0x32,
} as const;

/** Call control messages, 3GPP TS 24.008 §10.4 table 10.3. */
export const cc = {
  ALERTING: 0x01,
  'CALL PROCEEDING': 0x02,
  PROGRESS: 0x03,
  'CC-ESTABLISHMENT': 0x04,
  SETUP: 0x05,
  'CC-ESTABLISHMENT CONFIRMED': 0x06,
  CONNECT: 0x07,
  'CALL CONFIRMED': 0x08,
  'START CC': 0x09,
  RECALL: 0x0b,
  'EMERGENCY SETUP': 0x0e,
  'CONNECT ACKNOWLEDGE': 0x0f,
  'USER INFORMATION': 0x10,
  'MODIFY REJECT': 0x13,
  MODIFY: 0x17,
  HOLD: 0x18,
  'HOLD ACKNOWLEDGE': 0x19,
  'HOLD REJECT': 0x1a,
  RETRIEVE: 0x1c,
  'RETRIEVE ACKNOWLEDGE': 0x1d,
  'RETRIEVE REJECT': 0x1e,
  'MODIFY COMPLETE': 0x1f,
  DISCONNECT: 0x25,
  'RELEASE COMPLETE': 0x2a,
  RELEASE: 0x2d,
  'STOP DTMF': 0x31,
  'STOP DTMF ACKNOWLEDGE': 0x32,
  'STATUS ENQUIRY': 0x34,
  'START DTMF': 0x35,
  'START DTMF ACKNOWLEDGE': 0x36,
  'START DTMF REJECT': 0x37,
  'CONGESTION CONTROL': 0x39,
  FACILITY: 0x3a,
  STATUS: 0x3d,
  NOTIFY: 0x3e,
} as const;

/** Short message control messages (CP), 3GPP TS 24.011 §8.1.3. */
export const sms = { 'CP-DATA': 0x01, 'CP-ACK': 0x04, 'CP-ERROR': 0x10 } as const;

/** Short message relay messages (RP) by message type indicator, 3GPP TS 24.011 §8.2.2: even from the phone, odd to it. */
export const rp = {
  'RP-DATA (MS to network)': 0,
  'RP-DATA (network to MS)': 1,
  'RP-ACK (MS to network)': 2,
  'RP-ACK (network to MS)': 3,
  'RP-ERROR (MS to network)': 4,
  'RP-ERROR (network to MS)': 5,
  'RP-SMMA': 6,
} as const;

/** Supplementary service messages, 3GPP TS 24.080 §3.4. */
export const ss = { 'RELEASE COMPLETE': 0x2a, FACILITY: 0x3a, REGISTER: 0x3b } as const;

/** Radio resource management messages, 3GPP TS 44.018 §10.4. */
export const rr = {
  'SYSTEM INFORMATION TYPE 13': 0x00,
  'SYSTEM INFORMATION TYPE 2bis': 0x02,
  'SYSTEM INFORMATION TYPE 2ter': 0x03,
  'SYSTEM INFORMATION TYPE 9': 0x04,
  'SYSTEM INFORMATION TYPE 5bis': 0x05,
  'SYSTEM INFORMATION TYPE 5ter': 0x06,
  'SYSTEM INFORMATION TYPE 2quater': 0x07,
  'RR-CELL CHANGE ORDER': 0x08,
  'VGCS UPLINK GRANT': 0x09,
  'PARTIAL RELEASE': 0x0a,
  'CHANNEL RELEASE': 0x0d,
  'UPLINK RELEASE': 0x0e,
  'PARTIAL RELEASE COMPLETE': 0x0f,
  'CHANNEL MODE MODIFY': 0x10,
  'TALKER INDICATION': 0x11,
  'RR STATUS': 0x12,
  'CLASSMARK ENQUIRY': 0x13,
  'FREQUENCY REDEFINITION': 0x14,
  'MEASUREMENT REPORT': 0x15,
  'CLASSMARK CHANGE': 0x16,
  'CHANNEL MODE MODIFY ACKNOWLEDGE': 0x17,
  'SYSTEM INFORMATION TYPE 8': 0x18,
  'SYSTEM INFORMATION TYPE 1': 0x19,
  'SYSTEM INFORMATION TYPE 2': 0x1a,
  'SYSTEM INFORMATION TYPE 3': 0x1b,
  'SYSTEM INFORMATION TYPE 4': 0x1c,
  'SYSTEM INFORMATION TYPE 5': 0x1d,
  'SYSTEM INFORMATION TYPE 6': 0x1e,
  'SYSTEM INFORMATION TYPE 7': 0x1f,
  'NOTIFICATION/NCH': 0x20,
  'PAGING REQUEST TYPE 1': 0x21,
  'PAGING REQUEST TYPE 2': 0x22,
  'PDCH ASSIGNMENT COMMAND': 0x23,
  'PAGING REQUEST TYPE 3': 0x24,
  'NOTIFICATION RESPONSE': 0x26,
  'PAGING RESPONSE': 0x27,
  'HANDOVER FAILURE': 0x28,
  'ASSIGNMENT COMPLETE': 0x29,
  'UPLINK BUSY': 0x2a,
  'HANDOVER COMMAND': 0x2b,
  'HANDOVER COMPLETE': 0x2c,
  'PHYSICAL INFORMATION': 0x2d,
  'ASSIGNMENT COMMAND': 0x2e,
  'ASSIGNMENT FAILURE': 0x2f,
  'CONFIGURATION CHANGE COMMAND': 0x30,
  'CONFIGURATION CHANGE ACK': 0x31,
  'CIPHERING MODE COMPLETE': 0x32,
  'CONFIGURATION CHANGE REJECT': 0x33,
  'GPRS SUSPENSION REQUEST': 0x34,
  'CIPHERING MODE COMMAND': 0x35,
  'EXTENDED MEASUREMENT REPORT': 0x36,
  'EXTENDED MEASUREMENT ORDER': 0x37,
  'APPLICATION INFORMATION': 0x38,
  'IMMEDIATE ASSIGNMENT EXTENDED': 0x39,
  'IMMEDIATE ASSIGNMENT REJECT': 0x3a,
  'ADDITIONAL ASSIGNMENT': 0x3b,
  'SYSTEM INFORMATION TYPE 16': 0x3d,
  'SYSTEM INFORMATION TYPE 17': 0x3e,
  'IMMEDIATE ASSIGNMENT': 0x3f,
  'SYSTEM INFORMATION TYPE 18': 0x40,
  'SYSTEM INFORMATION TYPE 19': 0x41,
  'SYSTEM INFORMATION TYPE 20': 0x42,
  'SYSTEM INFORMATION TYPE 21': 0x46,
  'DTM ASSIGNMENT FAILURE': 0x48,
  'DTM REJECT': 0x49,
  'DTM REQUEST': 0x4a,
  'PACKET ASSIGNMENT': 0x4b,
  'DTM ASSIGNMENT COMMAND': 0x4c,
  'DTM INFORMATION': 0x4d,
  'PACKET NOTIFICATION': 0x4e,
  'UTRAN CLASSMARK CHANGE': 0x60,
  'CDMA 2000 CLASSMARK CHANGE': 0x62,
  'INTER SYSTEM TO UTRAN HANDOVER COMMAND': 0x63,
  'INTER SYSTEM TO CDMA2000 HANDOVER COMMAND': 0x64,
  'EC-IMMEDIATE ASSIGNMENT TYPE 1': 0x6a,
} as const;

/** Protocols by discriminator, for counters. */
export const protocolNames: readonly string[] = [
  'GCC',
  'BCC',
  'ESM',
  'CC',
  'GTTP',
  'MM',
  'RR',
  'EMM',
  'GMM',
  'SMS',
  'SM',
  'SS',
  'LCS',
  'reserved 13',
  'reserved 14',
  'test',
];

const names: (string | undefined)[] = new Array(16 * 256).fill(undefined);
for (const [discriminator, messages] of [
  [protocol.GCC, groupCall],
  [protocol.BCC, broadcastCall],
  [protocol.GMM, gmm],
  [protocol.SM, sm],
  [protocol.CC, cc],
  [protocol.MM, mm],
  [protocol.RR, rr],
  [protocol.SMS, sms],
  [protocol.SS, ss],
] as const) {
  for (const [name, type] of Object.entries(messages)) names[discriminator * 256 + type] = name;
}

/** Name of a DTAP message by protocol discriminator × 256 + type (N(SD) masked); undefined where none is assigned. */
export const dtapNames: readonly (string | undefined)[] = names;

/** Name of a DTAP message as its specification writes it; undefined where none is assigned. */
export function dtapName(protocolDiscriminator: number, type: number): string | undefined {
  return names[(protocolDiscriminator << 8) | type];
}
