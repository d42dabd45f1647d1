#!/usr/bin/env node
/**
 * What every npm script starts: installs the npm packages if they are not there, builds what is missing or older
 * than its sources, then runs the command. Node built-ins only, because nothing else exists on a fresh clone.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const say = (line) => process.stderr.write(`${line}\n`);
const stop = (line) => {
  say(line);
  process.exit(1);
};

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 11)) {
  stop(`Signalwall needs Node.js 20.11 or newer; this is ${process.version}. Install a current one from nodejs.org.`);
}

function run(command, args, { quiet = false, env = {} } = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...process.env, ...env },
  });
  return { ok: result.status === 0, output: `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}` };
}

const bin = (name) => join(root, 'node_modules', '.bin', name);
const digest = (...parts) => createHash('sha256').update(parts.join('\n')).digest('hex');

/**
 * Installs the lockfile's versions unless they are there. `npm install --no-save` and not `npm ci`, because `npm ci`
 * refuses a lockfile when the registry lacks an optional binary of some other platform. No install script is run.
 */
export function ensurePackages() {
  const want = digest(readFileSync(join(root, 'package-lock.json'), 'utf8'), process.version, process.arch);
  const stamp = join(root, 'node_modules', '.signalwall');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return;
  say('Installing npm packages …');
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev'];
  const installed = run('npm', ['install', ...flags], { quiet: true });
  if (!installed.ok) {
    const why = installed.output.trim().slice(0, 2000);
    stop(`npm install failed; check the network and the npm registry, then try again:\n${why}`);
  }
  writeFileSync(stamp, want);
}

function sources(folder, out = []) {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) sources(path, out);
    else out.push(`${path}:${statSync(path).mtimeMs}:${statSync(path).size}`);
  }
  return out;
}

/** Runs `build` unless its sources are those of the last run. */
function once(name, folders, product, build) {
  const listed = folders.flatMap((folder) => (existsSync(join(root, folder)) ? sources(join(root, folder)) : []));
  const want = digest(...listed, readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const stamp = join(root, 'dist', `.${name}`);
  if (existsSync(join(root, product)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return;
  build();
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, want);
}

export function buildServer() {
  once('server', ['server', 'shared', 'fixtures', 'test/bench', 'test/kill'], 'dist/server/signalwall.js', () => {
    rmSync(join(root, 'dist/server'), { recursive: true, force: true });
    const built = run(bin('rolldown'), ['--config', 'rolldown.config.mjs'], { quiet: true });
    if (!built.ok) stop(`the server does not build:\n${built.output.trim()}`);
  });
}

export function buildWeb() {
  once('web', ['web', 'shared'], 'dist/web/index.html', () => {
    say('Building the web application …');
    const built = run(bin('vite'), ['build', '--logLevel', 'warn'], { quiet: true });
    if (!built.ok) stop(`the web application does not build:\n${built.output.trim()}`);
  });
}

async function main() {
  const [command, ...args] = process.argv.slice(2);
  ensurePackages();
  const runCli = async (argv) => {
    buildServer();
    process.argv = [process.argv[0], 'signalwall', ...argv];
    await import(pathToFileURL(join(root, 'dist/server/signalwall.js')).href);
  };
  switch (command) {
    case 'start':
      buildWeb();
      return runCli(['serve', ...args]);
    case 'signalwall':
      if (args[0] === 'serve') buildWeb();
      return runCli(args);
    case 'build':
      buildServer();
      return buildWeb();
    case 'bench':
      buildServer();
      process.argv = [process.argv[0], 'bench', ...args];
      await import(pathToFileURL(join(root, 'dist/server/bench.js')).href);
      return undefined;
    case 'kill':
      buildServer();
      buildWeb();
      process.argv = [process.argv[0], 'kill', ...args];
      await import(pathToFileURL(join(root, 'dist/server/kill.js')).href);
      return undefined;
    case 'fuzz': {
      const { fuzz } = await import('./bootstrap-test.mjs');
      process.exitCode = await fuzz({ root }, args);
      return undefined;
    }
    case 'sim': {
      const { simulate } = await import('./bootstrap-test.mjs');
      process.exitCode = await simulate({ root }, args);
      return undefined;
    }
    case 'oracle': {
      const { oracle } = await import('./bootstrap-test.mjs');
      process.exitCode = oracle({ root, say, stop, bin, buildServer }, args) ? 0 : 1;
      return undefined;
    }
    case 'check':
    case 'test': {
      const { check, test } = await import('./bootstrap-test.mjs');
      const tools = { root, say, stop, run, bin, buildServer, buildWeb };
      process.exitCode = (await (command === 'check' ? check(tools) : test(tools, args))) ? 0 : 1;
      return undefined;
    }
    default:
      return stop(
        'usage: node server/bootstrap.mjs start | test | fuzz | sim | kill | signalwall | check | oracle | build | bench',
      );
  }
}

await main();
