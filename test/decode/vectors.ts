import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tools/shared-inputs.ts';
import type { Plain } from './collect.ts';
import { connectionRequest, dataForm1, frameOf, hex, unitdata } from './wire.ts';

export interface Vector {
  name: string;
  clause: string;
  carrier: 'CR' | 'DT1' | 'UDT';
  hex: string;
  decoded: Plain;
}

function read<V = Vector>(file: string): V[] {
  return JSON.parse(readFileSync(join(root, 'fixtures/wire', file), 'utf8')).vectors;
}

/** All vectors of BSSMAP and DTAP. */
export const vectors: Vector[] = ['bssmap', 'dtap', 'bssmap-messages', 'dtap-messages'].flatMap((name) =>
  read(`${name}.json`),
);

/** Whole SCCP messages. */
export const sccpVectors = read<Omit<Vector, 'carrier'>>('sccp.json');

/** Whole frames of every carrier; `decoded` is null where no message of a user is in it. */
export const carrierVectors = read<{
  name: string;
  clause: string;
  linkType: number;
  hex: string;
  decoded: Plain | null;
}>('carriers.json');

/** The SCCP message that carries a vector. */
export function sccpOf(vector: Vector): number[] {
  const user = hex(vector.hex);
  if (vector.carrier === 'CR') return connectionRequest(0x010203, user);
  return vector.carrier === 'UDT' ? unitdata(user) : dataForm1(0x040506, user);
}

/** A whole Ethernet frame around a vector, with its own TSN. */
export function frameOfVector(vector: Vector, tsn: number): Uint8Array {
  return frameOf(sccpOf(vector), { tsn });
}
