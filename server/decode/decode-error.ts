/** Protocol layers, named in faults and counters. */
export const layers = [
  'link',
  'ip',
  'sctp',
  'tcp',
  'ipa',
  'm3ua',
  'm2ua',
  'm2pa',
  'sua',
  'mtp2',
  'mtp3',
  'sccp',
  'bssap',
  'bssmap',
  'dtap',
  'ranap',
  'tcap',
  'map',
] as const;
export type Layer = (typeof layers)[number];

/**
 * What can be wrong with octets: they end inside a field, a length contradicts what holds it, a version, pointer,
 * fragment, identity or value is impossible, or a mandatory element is missing.
 */
export type Flaw =
  | 'TRUNCATED'
  | 'BAD_LENGTH'
  | 'BAD_VERSION'
  | 'BAD_POINTER'
  | 'BAD_FRAGMENT'
  | 'BAD_IDENTITY'
  | 'BAD_VALUE'
  | 'MISSING_ELEMENT';

/**
 * Malformed wire input. Thrown by any layer, caught and counted in `Decoder.frame` alone. Its text names no octets:
 * they may hold an identity.
 */
export class DecodeError extends Error {
  /** Stable name: layer and flaw, `SCCP_BAD_POINTER`. */
  readonly code: string;
  readonly layer: Layer;
  /** Where in the frame (or the reassembled message) the flaw was seen, octets from the start of its buffer. */
  readonly offset: number;

  constructor(layer: Layer, flaw: Flaw, offset: number) {
    const code = `${layer.toUpperCase()}_${flaw}`;
    super(`${code} at octet ${offset}`);
    this.name = 'DecodeError';
    this.code = code;
    this.layer = layer;
    this.offset = offset;
  }
}

/** Checks that `bytes[at..at+length)` ends at or before `end`. So small that compilers put it in its callers' place. */
export function need(layer: Layer, at: number, length: number, end: number): void {
  if (at + length > end) throwTruncated(layer, at);
}

function throwTruncated(layer: Layer, at: number): never {
  throw new DecodeError(layer, 'TRUNCATED', at);
}
