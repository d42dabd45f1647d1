import { UserError } from '../../server/errors.ts';
import type { StateReader, StateWriter } from '../../server/state-writer.ts';

/** State kept in memory; also tells how it was cut into pieces. */
export class MemoryState implements StateReader, StateWriter {
  readonly pieces = new Map<string, Uint8Array | string>();
  largest = 0;

  static of(source: { save(to: StateWriter): Generator<void> }): MemoryState {
    const state = new MemoryState();
    for (const _ of source.save(state));
    return state;
  }

  bytes(name: string, data?: ArrayBufferView): Uint8Array {
    if (data === undefined) return this.take(name) as Uint8Array;
    if (this.pieces.has(name)) throw new Error(`${name} is saved twice`);
    const copy = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    this.pieces.set(name, copy);
    this.largest = Math.max(this.largest, copy.length);
    return copy;
  }

  fill(name: string, into: Uint8Array): number {
    const piece = this.take(name) as Uint8Array;
    if (piece.length === into.length) into.set(piece);
    return piece.length;
  }

  json<T>(name: string, value?: unknown): T {
    if (value === undefined) return JSON.parse(this.take(name) as string) as T;
    if (this.pieces.has(name)) throw new Error(`${name} is saved twice`);
    this.pieces.set(name, JSON.stringify(value));
    return value as T;
  }

  get byteLength(): number {
    let sum = 0;
    for (const piece of this.pieces.values()) sum += piece.length;
    return sum;
  }

  /** First piece that differs, or null. */
  differsFrom(other: MemoryState): string | null {
    for (const name of new Set([...this.pieces.keys(), ...other.pieces.keys()])) {
      const a = this.pieces.get(name);
      const b = other.pieces.get(name);
      if (a === undefined || b === undefined) return `${name} is missing`;
      if (Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)) !== 0) return name;
    }
    return null;
  }

  private take(name: string): Uint8Array | string {
    const piece = this.pieces.get(name);
    if (piece === undefined) throw new UserError('SNAPSHOT_DAMAGED', `the snapshot lacks ${name}`);
    return piece;
  }
}
