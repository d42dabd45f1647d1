/**
 * Loaded by `NODE_OPTIONS=--import` into a server under test, in its main thread and its feeds' threads: throws where
 * the file that SIGNALWALL_PLANT names says, as a bug would. So the server itself needs no entry for tests.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const path = process.env.SIGNALWALL_PLANT ?? '';
const planted = () => (existsSync(path) ? readFileSync(path, 'utf8').trim() : '');
// Of the threads of a feed only the one that makes pseudonyms has the key.
const thread = workerData?.spec === undefined ? '' : workerData.key === undefined ? 'decoder' : 'feed';
const here = isMainThread ? 'timer' : thread;
const bug = () => {
  throw new TypeError(`planted in a ${here}`);
};

if (here === 'feed' && planted() === 'feed at once') bug();
if (here !== '') {
  setInterval(() => {
    if (planted() === here) bug();
  }, 50).unref();
}
if (here === 'timer') process.once('SIGINT', () => planted() === 'while ending' && setImmediate(bug));
