import { decodeFrame } from '../../shared/codec.ts';
import { putDatabase } from '../store/tools/test-database.ts';
import { serve, temporaryFolder, until } from '../tools/serve.ts';
import { WsClient } from '../tools/ws-client.ts';
import type { Bench, Figure } from './bench.ts';

/** Starts the server and waits for its first frame, then until the warm-up is over. */
async function startOnce(dataDir: string, population: number): Promise<{ firstFrameS: number; warmS: number }> {
  const startedMs = performance.now();
  const server = await serve(['--feed', `sim:event-day?seed=1&population=${population}`], { dataDir });
  try {
    const port = Number(new URL(server.address).port);
    const client = await WsClient.open(port, { origin: server.address.replace(/\/$/, '') });
    if (typeof client === 'string') throw new Error(`/ws refused: ${client}`);
    await until('a first frame', () => client.messages.length > 0);
    const firstFrameS = (performance.now() - startedMs) / 1000;
    await until(
      'the end of the warm-up',
      () => decodeFrame(client.messages.at(-1)!).status.feeds.every(({ state }) => state === 'running'),
      300_000,
    );
    const warmS = (performance.now() - startedMs) / 1000;
    client.close();
    return { firstFrameS, warmS };
  } finally {
    await server.interrupt();
  }
}

export const startupBench: Bench = {
  name: 'startup',
  meaning:
    'seconds from the start of the built server to the first frame on a screen and to the end of the warm-up, with a new and with an existing database',
  async run(scale): Promise<Figure[]> {
    const folder = temporaryFolder('startup');
    try {
      const population = scale === 'full' ? 200_000 : 1_000;
      // In the tests the first finds one made, too: making it is what stores' tests do.
      if (scale === 'small') await putDatabase(folder.path, `sim-1-${population}-own`);
      const cold = await startOnce(folder.path, population);
      const warm = await startOnce(folder.path, population);
      return [
        { key: 'startup.coldFirstFrameS', value: cold.firstFrameS, unit: 's' },
        { key: 'startup.coldWarmedUpS', value: cold.warmS, unit: 's' },
        { key: 'startup.againFirstFrameS', value: warm.firstFrameS, unit: 's' },
        { key: 'startup.againWarmedUpS', value: warm.warmS, unit: 's' },
      ];
    } finally {
      folder.remove();
    }
  },
};
