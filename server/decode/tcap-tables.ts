import { capErrorNames, capOperationNames, inapErrorNames, inapOperationNames } from './in-tables.ts';
import { mapErrorNames, mapOperationNames } from './map-tables.ts';

/** Message types, ITU-T Q.773 §4.2.1.1: number of the application-wide tag. */
export const tcapType = { Unidirectional: 1, Begin: 2, End: 4, Continue: 5, Abort: 7 } as const;

export const tcapTypeNames: readonly (string | undefined)[] = namesOf(tcapType);

/** Component types, ITU-T Q.773 §4.2.2: number of the context-specific tag. */
export const componentType = {
  invoke: 1,
  returnResultLast: 2,
  returnError: 3,
  reject: 4,
  returnResultNotLast: 7,
} as const;

export const componentTypeNames: readonly (string | undefined)[] = namesOf(componentType);

function namesOf(codes: Record<string, number>): (string | undefined)[] {
  const names: (string | undefined)[] = new Array(8).fill(undefined);
  for (const [name, code] of Object.entries(codes)) names[code] = name;
  return names;
}

/** Who speaks through TCAP, as far as application context or subsystem number tell. */
export const tcapUser = { map: 0, cap: 1, inap: 2, other: 3 } as const;

/** Names of operations by user and code; those of another user are not known here. */
export const operationNames = [mapOperationNames, capOperationNames, inapOperationNames, []] as const;

/** Names of errors, likewise. */
export const errorNames = [mapErrorNames, capErrorNames, inapErrorNames, []] as const;

/** Names of them for the `unhandled` counter, by their code. */
export const tcapUserNames = ['MAP', 'CAP', 'INAP', 'TCAP user of another application context'];

/**
 * Tags of the transaction portion, ITU-T Q.773 §4.2.1: application-wide, those of message types constructed.
 */
export const tcapTag = { otid: 0x48, dtid: 0x49, abortCause: 0x4a, dialogue: 0x6b, components: 0x6c } as const;

/** Message types of ANSI TCAP (T1.114), whose tags are private: nothing of it is read. */
export const ansiTypes = new Set([0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xf6]);

/**
 * Subsystem numbers whose user is known without an application context: 3GPP TS 23.003 §8.2 gives MAP its own for
 * each node; 146 is CAP's. 145 is the GMLC, 147 the gsmSCF (MAP), 149 SGSN, 150 GGSN.
 */
export function userOfSubsystem(ssn: number): number {
  if (ssn >= 5 && ssn <= 10) return tcapUser.map;
  if (ssn === 146) return tcapUser.cap;
  return ssn === 145 || (ssn >= 147 && ssn <= 150) ? tcapUser.map : -1;
}
