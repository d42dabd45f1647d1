import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import type { Job } from './jobs.ts';
import { runJob } from './run.ts';

// So that what is left on the heap is what is held, and not what has not been collected yet.
setFlagsFromString('--expose-gc');
globalThis.gc = runInNewContext('gc');
const port = parentPort;
if (port === null) throw new Error('a fuzzing thread is started by threads.ts alone');
port.postMessage(await runJob(workerData as Job));
