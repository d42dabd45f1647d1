import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { projectRoot } from '../../server/root.ts';

/**
 * Does a job in a process of its own, so that the peak of its memory is; what it says on standard output.
 *
 * @param name of the built file
 */
export async function inProcess(name: string, job: object): Promise<string> {
  const child = spawn(process.execPath, [join(projectRoot, `dist/server/${name}.js`), JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const said = await text(child.stdout);
  const code = await ended;
  if (code !== 0) throw new Error(`${name} ${JSON.stringify(job)} ended with ${code}`);
  return said;
}
