import { type MapMessage, mapPart, mapSlice } from '../../server/decode/map-message.ts';
import { DecodeState, defaultDecodeLimits } from '../../server/decode/state.ts';
import { decodeTcap } from '../../server/decode/tcap.ts';
import { mapFields } from './map-fields.ts';

/** A component without what is absent: numbers, and slices as text (`msisdn`, `msisdnNature`; payloads in hex). */
export type PlainComponent = Record<string, number | string>;

/** Semi-octets as digits up to the filler, as 3GPP TS 29.002 §17.7.8 TBCD-STRING has them. */
function digitsOf(octets: Uint8Array): string {
  const hex = Buffer.from(octets).toString('hex');
  return hex.replace(/(.)(.)/g, '$2$1').replace(/f.*$/, '');
}

export function plainComponent(component: MapMessage): PlainComponent {
  const out: PlainComponent = {};
  for (const names of Object.values(mapFields)) {
    for (const name of names) {
      const value = component[name];
      if (name === 'parts' || value === -1) continue;
      if (value === 0 && (/Plmn$|Digits$|Length$|Tail$/.test(name) || name === 'componentIndex')) continue;
      out[name] = value;
    }
  }
  for (const [name, slice] of Object.entries(mapSlice)) {
    if (!component.hasSlice(slice)) continue;
    const offset = component.sliceOffset(slice);
    const octets = component.bytes.slice(offset, offset + component.sliceLength(slice));
    const nature = component.sliceNature(slice);
    out[name] = nature < 0 ? Buffer.from(octets).toString('hex') : digitsOf(octets);
    if (nature >= 0) out[`${name}Nature`] = nature;
  }
  return out;
}

/** Bits of the groups that a component has fields of. */
export function partsOf(component: MapMessage): string[] {
  return Object.entries(mapPart)
    .filter(([, bit]) => (component.parts & bit) !== 0)
    .map(([name]) => name);
}

export interface Collected {
  state: DecodeState;
  components: PlainComponent[];
  /** Decodes SCCP user data between these subsystems. */
  give(bytes: Uint8Array, calledSsn: number, callingSsn: number): PlainComponent[];
}

/** Decodes TCAP messages on their own, as SCCP would hand them over. */
export function mapCollector(): Collected {
  const components: PlainComponent[] = [];
  const state = new DecodeState(
    { message: () => {}, map: (_, component) => components.push(plainComponent(component)) },
    defaultDecodeLimits,
  );
  return {
    state,
    components,
    give(bytes, calledSsn, callingSsn) {
      components.length = 0;
      state.message.calledSsn = calledSsn;
      state.message.callingSsn = callingSsn;
      decodeTcap(state, bytes, 0, bytes.length);
      return [...components];
    },
  };
}
