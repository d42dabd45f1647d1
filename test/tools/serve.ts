import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './shared-inputs.ts';

/** A folder of its own that goes with `remove`. */
export function temporaryFolder(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `signalwall-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface RunningServer {
  address: string;
  /** Everything it has said so far. */
  output(): string;
  /** Ends it as Ctrl-C does; resolves to its exit code and how long it took. */
  interrupt(): Promise<{ code: number | null; ms: number }>;
  kill(): void;
  process: ChildProcess;
}

/** Runs the built command line to its end, or interrupts it as Ctrl-C does once it has said `interruptAt`. */
export function runCli(
  args: string[],
  env: Record<string, string> = {},
  options: { interruptAt?: RegExp } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'dist/server/signalwall.js'), ...args], {
      cwd: root,
      env: { ...process.env, ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    let interrupted = false;
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      if (!interrupted && options.interruptAt?.test(stderr)) {
        interrupted = true;
        child.kill('SIGINT');
      }
    });
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** A port that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/**
 * Starts the built server on a free port and waits until it prints its address.
 *
 * @param options.onStart gets the process before it has said anything
 */
export async function serve(
  args: string[],
  options: { dataDir: string; port?: number; env?: Record<string, string>; onStart?: (child: ChildProcess) => void },
): Promise<RunningServer> {
  const child = spawn(
    process.execPath,
    [
      join(root, 'dist/server/signalwall.js'),
      'serve',
      '--listen',
      `127.0.0.1:${options.port ?? 0}`,
      '--data',
      options.dataDir,
      ...args,
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } },
  );
  options.onStart?.(child);
  let output = '';
  // At its end all that it said has been read.
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const address = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const match = /^Wall: (http:\S+)/m.exec(output);
      if (match !== null) resolve(match[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void exited.then((code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
  });
  return {
    address,
    output: () => output,
    interrupt: async () => {
      const startedMs = performance.now();
      child.kill('SIGINT');
      const code = await exited;
      return { code, ms: performance.now() - startedMs };
    },
    kill: () => child.kill('SIGKILL'),
    process: child,
  };
}

/** Polls every `everyMs` until `probe` gives something, or fails with what was waited for. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
  everyMs = 100,
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
