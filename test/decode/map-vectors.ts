import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tools/shared-inputs.ts';
import type { PlainComponent } from './map-collect.ts';

/** A TCAP message of `fixtures/wire` with the components that it holds. */
export interface TcapVector {
  name: string;
  clause: string;
  called: number;
  calling: number;
  bytes: Uint8Array;
  components: PlainComponent[];
}

function read(file: string): TcapVector[] {
  const { vectors } = JSON.parse(readFileSync(join(root, 'fixtures/wire', file), 'utf8')) as {
    vectors: (Omit<TcapVector, 'bytes'> & { hex: string })[];
  };
  return vectors.map(({ hex, ...vector }) => ({ ...vector, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) }));
}

export const tcapWireVectors = read('tcap.json');
export const mapWireVectors = read('map.json');
export const allTcapVectors = [...tcapWireVectors, ...mapWireVectors];
