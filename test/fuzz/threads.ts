import { Worker } from 'node:worker_threads';
import { emptyReport, type Job, joinReports, type Report } from './jobs.ts';

/** No thread may need more memory than this, MiB: one that does is stopped by V8 and counts as a failure. */
const heapMbMax = 512;

/** Does one job in a thread of its own. */
export function runInThread(bundle: string, job: Job): Promise<Report> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(bundle, {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
    });
    worker.once('message', resolve);
    worker.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') reject(error);
      else resolve({ ...emptyReport(), failure: `more than ${heapMbMax} MiB on the heap` });
    });
    worker.once('exit', (code) => reject(new Error(`a fuzzing thread ended with ${code} and said nothing`)));
  });
}

/** Does jobs in threads at once and joins what they tell. */
export async function runInThreads(bundle: string, jobs: readonly Job[]): Promise<Report> {
  return joinReports(await Promise.all(jobs.map((job) => runInThread(bundle, job))));
}
