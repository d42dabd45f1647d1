import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type RunningServer } from '../tools/serve.ts';
import { root } from '../tools/shared-inputs.ts';
import { type Load, rowsOfBatch, spanMs } from './load.ts';
import { health } from './moments.ts';
import { slowWay } from './slow-way.ts';

/** How many events have come in, and whether all have. */
export interface Progress {
  events: number;
  ended: boolean;
}

/** How the load comes into a server. */
export interface Intake {
  /** Of the server's command line: the feed, and how fast it is read. */
  readonly args: readonly string[];
  /** 0: any. */
  readonly port: number;
  progress(server: RunningServer): Promise<Progress>;
  /** Kills what sends, if anything does, and starts it again. */
  killSender(): Promise<boolean>;
  stop(): Promise<void>;
}

/** The server reads the load's file. @param loadMs how long that takes; 0: as fast as it goes */
export function fileIntake(load: Load, loadMs: number): Intake {
  const speed = loadMs === 0 ? 0 : spanMs / loadMs;
  return {
    ...{ args: ['--feed', `xdr:${load.feed}?plmn=460-00`, '--speed', String(speed)], port: 0 },
    progress: async ({ address }) => {
      const [{ events, state }] = (await health(address)).feeds;
      return { events, ended: state === 'ended' };
    },
    killSender: async () => false,
    stop: async () => undefined,
  };
}

/**
 * A process of its own sends the load over an acknowledged feed, and again what is not acknowledged.
 *
 * @param loadMs how long that takes; 0: as fast as it goes
 */
export async function pushIntake(load: Load, statePath: string, loadMs: number): Promise<Intake> {
  const port = await freePort();
  const way = await slowWay(port, loadMs === 0 ? Number.POSITIVE_INFINITY : statSync(load.feed).size / loadMs);
  const to = `http://127.0.0.1:${way.port}`;
  const options = [
    '--feed',
    'load',
    '--to',
    to,
    '--rows',
    String(rowsOfBatch),
    '--patience',
    '600',
    '--state',
    statePath,
  ];
  let sender: ChildProcess;
  let said = '';
  const start = () => {
    sender = spawn(process.execPath, [join(root, 'dist/server/signalwall.js'), 'send', ...options, load.feed], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    sender.stderr!.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-2000);
    });
  };
  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      if (sender.exitCode !== null || sender.signalCode !== null) return resolve();
      sender.once('close', () => resolve());
      sender.kill(signal);
    });
  start();
  return {
    ...{ args: ['--feed', 'push:load'], port },
    progress: async ({ address }) => {
      const { exitCode } = sender;
      if (exitCode !== null && exitCode !== 0) throw new Error(`the sender ended with ${exitCode}:\n${said}`);
      const { acked } = await (await fetch(`${address}api/feeds/load`)).json();
      return { events: acked.seq * rowsOfBatch, ended: exitCode === 0 };
    },
    killSender: async () => {
      if (sender.exitCode !== null) return false;
      await end('SIGKILL');
      start();
      return true;
    },
    stop: async () => {
      await end('SIGKILL');
      await way.close();
    },
  };
}
