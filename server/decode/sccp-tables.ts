/** SCCP message types, ITU-T Q.713 §2.1 table 1. */
export const sccp = {
  CR: 0x01,
  CC: 0x02,
  CREF: 0x03,
  RLSD: 0x04,
  RLC: 0x05,
  DT1: 0x06,
  DT2: 0x07,
  AK: 0x08,
  UDT: 0x09,
  UDTS: 0x0a,
  ED: 0x0b,
  EA: 0x0c,
  RSR: 0x0d,
  RSC: 0x0e,
  ERR: 0x0f,
  IT: 0x10,
  XUDT: 0x11,
  XUDTS: 0x12,
  LUDT: 0x13,
  LUDTS: 0x14,
} as const;

/** Name of an SCCP message type by its code; undefined where the code is not assigned. */
export const sccpNames: readonly (string | undefined)[] = (() => {
  const names: (string | undefined)[] = new Array(256).fill(undefined);
  for (const [name, code] of Object.entries(sccp)) names[code] = name;
  return names;
})();

/** SCCP parameter names that stand in optional parts, ITU-T Q.713 §3.1 table 2. */
export const sccpParameter = {
  endOfOptionalParameters: 0x00,
  calledPartyAddress: 0x03,
  callingPartyAddress: 0x04,
  data: 0x0f,
  segmentation: 0x10,
} as const;

/** Subsystem number of BSSAP, 3GPP TS 48.006 §9.2.1 and TS 23.003 §8.2. */
export const bssapSubsystem = 254;
/** Subsystem number of RANAP, 3GPP TS 23.003 §8.2. */
export const ranapSubsystem = 142;
