/** Worker thread of the embedded database: opens it, serves it on the socket, writes checkpoints, closes it. */
import { rmSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { assertInvariant, messageOf } from '../../errors.ts';
import { type Instance, openInstance } from './instance.ts';
import { WireServer } from './wire-server.ts';
import type { FromWorker, ToWorker, WorkerData } from './worker-protocol.ts';

const connectionsMax = 50;
const groupBytesMax = 64 * 1024 * 1024;

assertInvariant(parentPort !== null, 'the database worker runs as a worker thread');
const port = parentPort;
const { folder, socketPath, turns, ownerIdleMs, memoryBytesMax } = workerData as WorkerData;
const tell = (message: FromWorker) => port.postMessage(message);

function watched(instance: Instance): (messages: Uint8Array) => Promise<Uint8Array> {
  const counters = new Uint32Array(turns);
  return async (messages) => {
    Atomics.add(counters, 0, 1);
    const output = await instance.run(messages);
    Atomics.add(counters, 1, 1);
    return output;
  };
}

async function serve(): Promise<void> {
  const instance = await openInstance(folder, (line) => tell({ kind: 'progress', line }), memoryBytesMax);
  const server = new WireServer({
    serverVersion: instance.serverVersion,
    run: watched(instance),
    onLost: (error) => {
      tell({ kind: 'failed', message: messageOf(error) });
      process.exit(1);
    },
    connectionsMax,
    groupBytesMax,
    ownerIdleMs,
  });
  rmSync(socketPath, { force: true });
  await server.listen(socketPath);
  port.on('message', async (message: ToWorker) => {
    if (message.kind !== 'close') return;
    // While it runs whoever writes has checkpoints made; the last one makes the next start short.
    const error = await server.ask('checkpoint');
    if (error !== '') tell({ kind: 'warning', line: `checkpoint failed: ${error}` });
    await server.close();
    await instance.close();
    tell({ kind: 'closed' });
    process.exit(0);
  });
  const version = `PostgreSQL ${instance.serverVersion}, TimescaleDB ${instance.timescaleVersion} (embedded)`;
  tell({ kind: 'ready', version });
}

serve().catch((error) => {
  tell({ kind: 'failed', message: messageOf(error) });
  process.exit(1);
});
