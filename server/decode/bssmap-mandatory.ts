import { bssmap } from './bssmap-tables.ts';

/** Identifiers of the elements that some message must have, 3GPP TS 48.008 §3.2.2 table 3.2.2.1. */
const cic = 0x01;
const cause = 0x04;
const cell = 0x05;
const imsi = 0x08;
const encryption = 0x0a;
const channelType = 0x0b;
const periodicity = 0x0c;
const numberOfMss = 0x0e;
const classmark2 = 0x12;
const layer3 = 0x17;
const dlci = 0x18;
const cellList = 0x1a;
const indicationMethod = 0x1c;
const cicList = 0x1e;
const diagnostic = 0x1f;
const traceType = 0x25;
const traceReference = 0x27;
const timeIndication = 0x2f;
const assignmentRequirement = 0x33;
const groupCall = 0x37;
const lsaInformation = 0x3d;
const locationType = 0x44;
const lcsCause = 0x47;
const apdu = 0x49;
const networkElement = 0x4a;
const talkerIdentity = 0x6c;
const cellListSegment = 0x6d;
const smsToVgcs = 0x6e;
const applicationData = 0x78;
const dataIdentity = 0x79;
const applicationDataInformation = 0x7a;
const codecList = 0x7d;
const codec = 0x7e;
const callList = 0x80;
const rerouteCause = 0x86;
const rerouteOutcome = 0x88;
const lclsStatus = 0x8d;

/** Stands for a second Cell Identifier; no element has this identifier. */
export const secondCell = 0;

/** Mandatory elements of each message that has any, in the order of 3GPP TS 48.008 §3.2.1. */
const mandatory: Partial<Record<keyof typeof bssmap, readonly number[]>> = {
  'ASSIGNMENT REQUEST': [channelType], // §3.2.1.1
  'ASSIGNMENT FAILURE': [cause], // §3.2.1.3
  BLOCK: [cic, cause], // §3.2.1.4
  'BLOCKING ACKNOWLEDGE': [cic], // §3.2.1.5
  UNBLOCK: [cic], // §3.2.1.6
  'UNBLOCKING ACKNOWLEDGE': [cic], // §3.2.1.7
  // One classmark of two kinds too: checked beside the table. §3.2.1.8.
  'HANDOVER REQUEST': [channelType, encryption, cell, secondCell],
  'HANDOVER REQUIRED': [cause, cellList], // §3.2.1.9
  'HANDOVER REQUEST ACKNOWLEDGE': [layer3], // §3.2.1.10
  'HANDOVER COMMAND': [layer3], // §3.2.1.11
  'HANDOVER CANDIDATE ENQUIRE': [numberOfMss, cellList, cell], // §3.2.1.14
  'HANDOVER CANDIDATE RESPONSE': [numberOfMss, cell], // §3.2.1.15
  'HANDOVER FAILURE': [cause], // §3.2.1.16
  'RESOURCE REQUEST': [periodicity, indicationMethod, cell], // §3.2.1.17
  'RESOURCE INDICATION': [indicationMethod, cell], // §3.2.1.18
  PAGING: [imsi, cellList], // §3.2.1.19
  'CLEAR REQUEST': [cause], // §3.2.1.20
  'CLEAR COMMAND': [cause], // §3.2.1.21
  RESET: [cause], // §3.2.1.23
  'HANDOVER PERFORMED': [cause, cell], // §3.2.1.25
  OVERLOAD: [cause], // §3.2.1.26
  'MSC INVOKE TRACE': [traceType, traceReference], // §3.2.1.27
  'BSS INVOKE TRACE': [traceType, traceReference], // §3.2.1.28
  'CLASSMARK UPDATE': [classmark2], // §3.2.1.29
  'CIPHER MODE COMMAND': [encryption], // §3.2.1.30
  'COMPLETE LAYER 3 INFORMATION': [cell, layer3], // §3.2.1.32
  'SAPI "N" REJECT': [dlci, cause], // §3.2.1.34
  'HANDOVER REQUIRED REJECT': [cause], // §3.2.1.37
  'RESET CIRCUIT': [cic, cause], // §3.2.1.38
  'RESET CIRCUIT ACKNOWLEDGE': [cic], // §3.2.1.39
  'CIRCUIT GROUP BLOCK': [cause, cic, cicList], // §3.2.1.41
  'CIRCUIT GROUP BLOCKING ACKNOWLEDGE': [cic, cicList], // §3.2.1.42
  'CIRCUIT GROUP UNBLOCK': [cic, cicList], // §3.2.1.43
  'CIRCUIT GROUP UNBLOCKING ACKNOWLEDGE': [cic, cicList], // §3.2.1.44
  CONFUSION: [cause, diagnostic], // §3.2.1.45
  'UNEQUIPPED CIRCUIT': [cic], // §3.2.1.47
  'CIPHER MODE REJECT': [cause], // §3.2.1.48
  'LOAD INDICATION': [timeIndication, cell, cellList], // §3.2.1.49
  'VGCS/VBS SETUP': [groupCall], // §3.2.1.50
  'VGCS/VBS SETUP REFUSE': [cause], // §3.2.1.52
  'VGCS/VBS ASSIGNMENT REQUEST': [channelType, assignmentRequirement, cell, groupCall], // §3.2.1.53
  'VGCS/VBS ASSIGNMENT RESULT': [channelType, cell], // §3.2.1.54
  'VGCS/VBS ASSIGNMENT FAILURE': [cause], // §3.2.1.55
  'UPLINK REQUEST CONFIRMATION': [cell, layer3], // §3.2.1.59
  'UPLINK APPLICATION DATA': [cell, layer3, applicationDataInformation], // §3.2.1.59a
  'UPLINK RELEASE INDICATION': [cause], // §3.2.1.60
  'UPLINK REJECT COMMAND': [cause], // §3.2.1.61
  'UPLINK RELEASE COMMAND': [cause], // §3.2.1.62
  'UPLINK SEIZED COMMAND': [cause], // §3.2.1.63
  SUSPEND: [dlci], // §3.2.1.64
  RESUME: [dlci], // §3.2.1.65
  'CHANGE CIRCUIT': [cause], // §3.2.1.66
  'CHANGE CIRCUIT ACKNOWLEDGE': [cic], // §3.2.1.67
  'COMMON ID': [imsi], // §3.2.1.68
  'LSA INFORMATION': [lsaInformation], // §3.2.1.69
  'CONNECTION ORIENTED INFORMATION': [apdu], // §3.2.1.70
  'PERFORM LOCATION REQUEST': [locationType], // §3.2.1.71
  'PERFORM LOCATION ABORT': [lcsCause], // §3.2.1.73
  'CONNECTIONLESS INFORMATION': [networkElement, apdu], // §3.2.1.74
  'CHANNEL MODIFY REQUEST': [cause], // §3.2.1.75
  'VGCS ADDITIONAL INFORMATION': [talkerIdentity], // §3.2.1.78
  'VGCS/VBS AREA CELL INFO': [cellListSegment], // §3.2.1.79
  'VGCS SMS': [smsToVgcs], // §3.2.1.81
  'NOTIFICATION DATA': [applicationData, dataIdentity], // §3.2.1.82
  'INTERNAL HANDOVER REQUIRED': [cause, cell, codecList], // §3.2.1.83
  'INTERNAL HANDOVER REQUIRED REJECT': [cause], // §3.2.1.84
  'INTERNAL HANDOVER COMMAND': [codec], // §3.2.1.85
  'INTERNAL HANDOVER ENQUIRY': [codec], // §3.2.1.86
  'RESET IP RESOURCE': [cause, callList], // §3.2.1.87
  'RESET IP RESOURCE ACKNOWLEDGE': [callList], // §3.2.1.88
  'REROUTE COMMAND': [layer3, rerouteCause], // §3.2.1.89
  'REROUTE COMPLETE': [rerouteOutcome], // §3.2.1.90
  'LCLS-CONNECT-CONTROL-ACK': [lclsStatus], // §3.2.1.92
  'MS REGISTRATION ENQUIRY': [imsi], // §3.2.1.94
  'MS REGISTRATION ENQUIRY RESPONSE': [imsi], // §3.2.1.95
};

/** Classmark Information Type 1 or 2, of which HANDOVER REQUEST must have one: bits of identifiers below 32. */
export const anyClassmark = (1 << 0x1d) | (1 << classmark2);

/** Bit of each identifier from 32 on that some message must have; 0 for all others. Those below are their own bit. */
export const highBits = new Int32Array(256);

/** Bits of the elements that a message must have by its type: of identifiers below 32, and {@link highBits}. */
export const mandatoryLow = new Int32Array(256);
export const mandatoryHigh = new Int32Array(256);

let bitsUsed = 0;
for (const [name, elements] of Object.entries(mandatory)) {
  const type = bssmap[name as keyof typeof bssmap];
  for (const id of elements) {
    if (id < 32) mandatoryLow[type] |= 1 << id;
    else {
      if (highBits[id] === 0) highBits[id] = 1 << bitsUsed++;
      mandatoryHigh[type] |= highBits[id];
    }
  }
}
if (bitsUsed > 32) throw new RangeError(`${bitsUsed} elements do not fit into 32 bits`);
