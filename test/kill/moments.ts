import { watch } from 'node:fs';
import type { Random } from '../fuzz/random.ts';
import { type RunningServer, until } from '../tools/serve.ts';
import type { Intake } from './intake.ts';

/** When a server dies. */
export const moments = ['running', 'starting', 'snapshot', 'ending', 'resuming'] as const;
export type Moment = (typeof moments)[number];

export const health = async (address: string) => (await fetch(`${address}api/health`)).json();

/** Where events have come to their end no snapshot may be due any more. */
const snapshotWaitMs = 4000;

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** Returns when the moment has come. @param events told by the feed before it */
export async function comes(
  moment: Moment,
  server: RunningServer,
  { dataDir, intake }: { dataDir: string; intake: Intake },
  events: number,
  random: Random,
): Promise<void> {
  const exited = () => server.process.exitCode !== null;
  if (moment === 'resuming') {
    await pause(random.below(1500));
    return;
  }
  await until(
    `event ${events}`,
    async () => {
      if (exited()) throw new Error(`the server ended by itself:\n${server.output()}`);
      const come = await intake.progress(server);
      return come.events >= events || come.ended;
    },
    600_000,
    10,
  );
  switch (moment) {
    case 'running':
      await pause(random.below(400));
      return;
    case 'snapshot':
      await Promise.race([begins(`${dataDir}/live/snapshots`), pause(snapshotWaitMs)]);
      await pause(random.below(8));
      return;
    case 'ending':
      server.process.kill('SIGTERM');
      await pause(random.below(1000));
  }
}

/** Resolves when the first file is made in a folder: a snapshot that is being written. */
function begins(folder: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder, () => {
      watcher.close();
      resolve();
    });
  });
}
