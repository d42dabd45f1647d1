import { cc, mm, protocol, rr, sms } from './dtap-tables.ts';

/**
 * Which elements an ordinary layer 3 message has, in the order in which they stand: so one piece of code reads all
 * messages of this list, and those that are not on it, or differ from it, are read by `dtap.ts`.
 */
interface Recipe {
  /** An octet that is kept, in front of all others. */
  octet?: 'locationUpdatingType' | 'cmServiceType' | 'cause';
  /** A location area. */
  lai?: true;
  /** Octets without meaning here. */
  skip?: number;
  /** An element of format L V without meaning here, as a classmark. */
  value?: true;
  /** A mobile identity of format L V. */
  identity?: true;
  /** A cause of format L V. */
  cause?: true;
  /**
   * What stands behind: nothing that matters; elements to walk over; a mobile identity among them; those of calls; what
   * CP-DATA carries.
   */
  behind?: 'elements' | 'identity' | 'call' | 'shortMessage';
}

const mobility: Partial<Record<keyof typeof mm, Recipe>> = {
  'LOCATION UPDATING REQUEST': { octet: 'locationUpdatingType', lai: true, skip: 1, identity: true },
  'LOCATION UPDATING ACCEPT': { lai: true, behind: 'identity' },
  'LOCATION UPDATING REJECT': { octet: 'cause' },
  'TMSI REALLOCATION COMMAND': { lai: true, identity: true },
  'TMSI REALLOCATION COMPLETE': {},
  'CM SERVICE REQUEST': { octet: 'cmServiceType', value: true, identity: true },
  'CM SERVICE ACCEPT': {},
  'CM SERVICE REJECT': { octet: 'cause' },
  'IMSI DETACH INDICATION': { skip: 1, identity: true },
  'IDENTITY REQUEST': { skip: 1 },
  'IDENTITY RESPONSE': { identity: true },
  'AUTHENTICATION REQUEST': { skip: 17 },
  'AUTHENTICATION RESPONSE': { skip: 4 },
};

const calls: Partial<Record<keyof typeof cc, Recipe>> = {
  SETUP: {},
  'CALL PROCEEDING': {},
  'CALL CONFIRMED': {},
  ALERTING: {},
  PROGRESS: { value: true },
  CONNECT: {},
  'CONNECT ACKNOWLEDGE': {},
  DISCONNECT: { cause: true },
  RELEASE: {},
  'RELEASE COMPLETE': {},
};

/** Bits of a recipe as {@link ordinaryRecipes} holds it; the message type stands in its most significant octet. */
export const recipeBit = {
  locationUpdatingType: 1,
  cmServiceType: 2,
  octetCause: 4,
  lai: 8,
  value: 16,
  identity: 32,
  cause: 64,
  transaction: 128,
  elementsBehind: 256,
  identityBehind: 512,
  callBehind: 1024,
  shortMessageBehind: 2048,
  known: 4096,
} as const;
export const skipShift = 13;
export const skipMask = 0x1f;
export const typeShift = 24;

function bitsOf({ octet, lai, skip, value, identity, cause, behind }: Recipe): number {
  let bits: number = recipeBit.known;
  if (octet === 'cause') bits |= recipeBit.octetCause;
  else if (octet !== undefined) bits |= recipeBit[octet];
  if (lai) bits |= recipeBit.lai;
  if (value) bits |= recipeBit.value;
  if (identity) bits |= recipeBit.identity;
  if (cause) bits |= recipeBit.cause;
  if (behind !== undefined) bits |= recipeBit[`${behind}Behind`];
  return bits | ((skip ?? 0) << skipShift);
}

/** The recipe of a message by protocol discriminator × 256 + the octet of its type as it stands; 0: none. */
export function ordinaryRecipes(): Int32Array {
  const recipes = new Int32Array(16 * 256);
  const put = (discriminator: number, type: number, recipe: Recipe, bits = 0) => {
    recipes[discriminator * 256 + type] = bitsOf(recipe) | bits | (type << typeShift);
  };
  /** The same in all values of N(SD), which stands in bits 7 and 8. 3GPP TS 24.007 §11.2.3.2.3. */
  const putSequenced = (discriminator: number, type: number, recipe: Recipe, bits = 0) => {
    put(discriminator, type, recipe, bits);
    for (let n = 1; n < 4; n++) recipes[discriminator * 256 + (n << 6) + type] = recipes[discriminator * 256 + type];
  };
  for (const [name, recipe] of Object.entries(mobility)) {
    putSequenced(protocol.MM, mm[name as keyof typeof mm], { behind: 'elements', ...recipe });
  }
  for (const [name, recipe] of Object.entries(calls)) {
    putSequenced(protocol.CC, cc[name as keyof typeof cc], { behind: 'call', ...recipe }, recipeBit.transaction);
  }
  // What stays between phone and BSS is only named; the three that tell more than PAGING RESPONSE go the other way.
  const telling: number[] = [rr['NOTIFICATION RESPONSE'], rr['TALKER INDICATION'], rr['CIPHERING MODE COMPLETE']];
  for (const type of Object.values(rr)) if (!telling.includes(type)) put(protocol.RR, type, {});
  put(protocol.RR, rr['PAGING RESPONSE'], { skip: 1, value: true, identity: true, behind: 'elements' });
  put(protocol.SMS, sms['CP-ACK'], {}, recipeBit.transaction);
  put(protocol.SMS, sms['CP-DATA'], { behind: 'shortMessage' }, recipeBit.transaction);
  return recipes;
}
