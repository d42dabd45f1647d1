import { Worker } from 'node:worker_threads';
import type { Job, Report } from './jobs.ts';

/** Does one job in a thread of its own. @param print takes the lines of a trace */
export function runInThread(
  bundle: string,
  job: Job,
  print: (line: string) => void = () => undefined,
): Promise<Report> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(bundle, { workerData: job, resourceLimits: { maxOldGenerationSizeMb: 512 } });
    worker.on('message', (told: string | Report) => {
      if (typeof told === 'string') print(told);
      else resolve(told);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a simulating thread ended with ${code} and said nothing`)));
  });
}
