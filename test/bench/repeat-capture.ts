import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Writes a little-endian capture `times` times behind itself, each copy later than the one before. */
export function repeatCapture(from: string, to: string, times: number): void {
  const bytes = readFileSync(from);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places: number[] = [];
  for (let at = 24; at < bytes.length; at += 16 + view.getUint32(at + 8, true)) places.push(at);
  const spanS = view.getUint32(places[places.length - 1], true) - view.getUint32(24, true) + 1;
  const file = openSync(to, 'w');
  writeSync(file, bytes, 0, 24);
  for (let copy = 0; copy < times; copy++) {
    writeSync(file, bytes, 24);
    for (const at of places) view.setUint32(at, view.getUint32(at, true) + spanS, true);
  }
  closeSync(file);
}
