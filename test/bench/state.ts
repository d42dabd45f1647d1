import type { StateReader, StateWriter } from '../../server/state-writer.ts';
import type { Bench } from './bench.ts';
import { CityEvents, cityEngine } from './presence-city.ts';

/** Takes state as a snapshot does: each piece is copied into memory of its own. */
class Staging implements StateWriter, StateReader {
  byteLength = 0;
  private readonly pieces = new Map<string, Uint8Array>();

  bytes(name: string, data?: ArrayBufferView): Uint8Array {
    if (data === undefined) return this.pieces.get(name)!;
    const copy = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    this.pieces.set(name, copy);
    this.byteLength += copy.length;
    return copy;
  }

  json<T>(name: string, value?: unknown): T {
    if (value === undefined) return JSON.parse(new TextDecoder().decode(this.bytes(name))) as T;
    this.bytes(name, new TextEncoder().encode(JSON.stringify(value)));
    return value as T;
  }
}

const cpuMs = (since?: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

export const stateBench: Bench = {
  name: 'state',
  meaning: "what copying the engine's whole state for a snapshot costs, its longest slice, and taking it up again",
  async run(scale) {
    const [events, subscribers] = scale === 'full' ? [4_000_000, 1_000_000] : [30_000, 5_000];
    const engine = cityEngine();
    const source = new CityEvents(events, subscribers);
    while (source.next()) engine.apply(source.batch, 0, source.batch.n);
    let staging = new Staging();
    let saveMs = Number.POSITIVE_INFINITY;
    let sliceMs = Number.POSITIVE_INFINITY;
    // The best of several: what somebody else's work adds is not ours.
    for (let turn = 0; turn < 3; turn++) {
      staging = new Staging();
      const began = process.cpuUsage();
      let longestMs = 0;
      let slice = performance.now();
      for (const _ of engine.save(staging)) {
        const now = performance.now();
        longestMs = Math.max(longestMs, now - slice);
        slice = now;
      }
      saveMs = Math.min(saveMs, cpuMs(began));
      sliceMs = Math.min(sliceMs, longestMs);
    }
    const other = cityEngine();
    const began = process.cpuUsage();
    other.restore(staging);
    const restoreMs = cpuMs(began);
    if (other.view.present !== engine.view.present) throw new Error('the restored engine counts otherwise');
    return [
      { key: 'state.subscribers', value: engine.limits.subscribers, unit: 'subscribers' },
      { key: 'state.saveCpuMs', value: saveMs, unit: 'ms CPU' },
      { key: 'state.longestSliceMs', value: sliceMs, unit: 'ms' },
      { key: 'state.restoreCpuMs', value: restoreMs, unit: 'ms CPU' },
      { key: 'state.bytesPerSubscriber', value: staging.byteLength / engine.limits.subscribers, unit: 'bytes' },
    ];
  },
};
