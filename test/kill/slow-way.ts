import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { heardElsewhere } from '../../server/errors.ts';

/** A port on which bytes come to another one no faster than they may. */
export interface SlowWay {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * @param port of a server on this machine, which may be there or not
 * @param bytesPerMs of all connections together; infinite: as fast as they come
 */
export async function slowWay(port: number, bytesPerMs: number): Promise<SlowWay> {
  const sockets = new Set<Socket>();
  let dueMs = 0;
  async function* slowly(chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      dueMs = Math.max(dueMs, performance.now()) + chunk.length / bytesPerMs;
      const waitMs = dueMs - performance.now();
      if (waitMs >= 1) await pause(waitMs);
      yield chunk;
    }
  }
  const listener = createServer((client) => {
    const server = connect({ host: '127.0.0.1', port });
    for (const socket of [client, server]) sockets.add(socket.once('close', () => void sockets.delete(socket)));
    // Where one side breaks off the other does, too: who sends tells of it.
    pipeline(client, slowly, server, heardElsewhere);
    pipeline(server, client, heardElsewhere);
  });
  await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void listener.close(resolve));
    },
  };
}
