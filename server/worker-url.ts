import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './root.ts';

/** Built JavaScript of a worker thread; the build makes one file a worker. */
export function workerUrl(name: 'feed-worker' | 'decode-worker' | 'database-worker'): URL {
  return pathToFileURL(join(projectRoot, 'dist', 'server', `${name}.js`));
}
