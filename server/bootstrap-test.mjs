/** `npm test` and `npm run check`: tools from the system's packages, type check, lint, then the test runner. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const onPath = (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;

/** Chromium and tshark from Debian's packages where this user may install them; otherwise the exact command is printed. */
function ensureTools({ say, stop }) {
  const missing = ['chromium', 'tshark'].filter((name) => !onPath(name));
  if (missing.length === 0) return;
  const packages = missing.includes('chromium') ? [...missing, 'fonts-noto-cjk'] : missing;
  const command = `apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (onPath('apt-get') && process.getuid?.() === 0) {
    say(`Installing ${packages.join(', ')} from the system's packages …`);
    const done = spawnSync('sh', ['-c', command], { encoding: 'utf8', maxBuffer: 64 << 20 });
    if (done.status === 0) return;
    stop(`installing ${packages.join(', ')} failed:\n${done.stderr.trim().slice(-1000)}`);
  }
  stop(`the tests need ${missing.join(' and ')}. Install: sudo sh -c '${command}'`);
}

/** Types, Svelte and lint; prints what is wrong. Returns how many of the three passed. */
function checks({ say, run, bin }) {
  const steps = [
    ['types', 'tsc', ['--noEmit', '-p', '.']],
    ['svelte', 'svelte-check', ['--tsconfig', 'tsconfig.json', '--fail-on-warnings', '--output', 'human']],
    ['lint', 'biome', ['check', '--error-on-warnings', '.']],
  ];
  let passed = 0;
  for (const [name, tool, args] of steps) {
    const result = run(bin(tool), args, { quiet: true });
    say(`check ${name}: ${result.ok ? 'ok' : 'FAILED'}`);
    if (result.ok) passed++;
    else say(result.output.trim().slice(-8000));
  }
  return { passed, failed: steps.length - passed };
}

export function check(tools) {
  return checks(tools).failed === 0;
}

/** Bundles a test's own command as the server is, and runs it. Returns its exit code. */
async function runBundled(root, name, args) {
  const { rolldown } = await import('rolldown');
  const file = join(root, `dist/${name}/${name}.mjs`);
  const external = ['typescript', 'rolldown'];
  const bundle = await rolldown({ input: join(root, `test/${name}/index.ts`), platform: 'node', external });
  await bundle.write({ file, format: 'esm' });
  return spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
}

/** `npm run test:fuzz`. */
export const fuzz = ({ root }, args) => runBundled(root, 'fuzz', args);

/** `npm run test:sim`. */
export const simulate = ({ root }, args) => runBundled(root, 'sim', args);

/** What runs on either database; `--native` runs it on the one of DATABASE_URL. */
const nativeTests = ['test/store', 'test/sql', 'test/bench/database.test.ts'];

/**
 * @param args `--only unit|flow|e2e` runs one part without the checks, `--native` the tests of the store on a real
 *   database; everything else goes to vitest
 */
export function test(tools, args) {
  const { root, say, stop, bin, buildServer, buildWeb } = tools;
  const ci = process.env.CI === 'true';
  const native = args[0] === '--native';
  const only = native ? 'native' : args[0] === '--only' ? args[1] : undefined;
  const rest = native ? [...nativeTests, ...args.slice(1)] : only === undefined ? args : args.slice(2);
  const projects = only === undefined ? [] : native ? ['unit'] : only === 'unit' ? ['sim', 'unit', 'web'] : [only];
  if (native && !process.env.DATABASE_URL) {
    stop(
      'test:native wants a TimescaleDB whose login may create databases: DATABASE_URL=postgres://USER:PASSWORD@HOST:PORT/DATABASE',
    );
  }
  if (!native) ensureTools(tools);
  buildServer();
  if (!native) buildWeb();

  const shared = existsSync(resolve(root, process.env.SIGNALWALL_SHARED ?? '../shared', 'captures'));
  if (!shared && ci) stop('CI=true needs the shared inputs: set SIGNALWALL_SHARED to their folder (default ../shared)');

  let { passed, failed } = only === undefined ? checks(tools) : { passed: 0, failed: 0 };
  const folder = mkdtempSync(join(tmpdir(), 'signalwall-test-'));
  const report = join(folder, 'report.json');
  const status = spawnSync(
    bin('vitest'),
    [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...projects.flatMap((p) => ['--project', p]),
      ...rest,
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  ).status;
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null;
  rmSync(folder, { recursive: true, force: true });
  const skipped = result === null ? 0 : result.numPendingTests + result.numTodoTests;
  passed += result?.numPassedTests ?? 0;
  failed += result?.numFailedTests ?? 0;
  // A suite that fails to load has no failed test of its own; the runner's status tells.
  if (status !== 0 && (result === null || result.numFailedTests === 0)) failed += 1;
  if (!shared) say('not run: shared inputs absent');
  if (skipped > 0 && ci) {
    say(`${skipped} tests were skipped, which CI does not allow`);
    failed += skipped;
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0;
}

/**
 * `npm run test:oracle`: `decode --messages` beside tshark, with the table of what was compared. Arguments: captures to
 * compare in place of the project's own, `--packets N` of the simulated city (20,000).
 */
export function oracle(tools, args) {
  const { root, bin, buildServer } = tools;
  ensureTools(tools);
  buildServer();
  const at = args.indexOf('--packets');
  const files = args.filter((_, i) => at < 0 || (i !== at && i !== at + 1)).map((file) => resolve(file));
  const env = {
    ...process.env,
    SIGNALWALL_ORACLE_FILES: files.join('\n'),
    SIGNALWALL_ORACLE_PACKETS: at < 0 ? '20000' : args[at + 1],
  };
  const run = ['run', '--project', 'unit', '--reporter=default', 'test/oracle/oracle.test.ts'];
  return spawnSync(bin('vitest'), run, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0;
}
