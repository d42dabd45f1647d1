import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { projectRoot } from '../../server/root.ts';

/** Root of the repository, from the sources and from what is built of them. */
export const root = projectRoot;

const sharedRoot = resolve(root, process.env.SIGNALWALL_SHARED ?? '../shared');

/** Whether the shared captures and records are here; under CI=true their absence is an error. */
export const sharedPresent = existsSync(join(sharedRoot, 'captures'));
if (!sharedPresent && process.env.CI === 'true') {
  throw new Error(`shared inputs absent at ${sharedRoot}: set SIGNALWALL_SHARED`);
}

/** Path of a shared input, e.g. `sharedPath('captures/osmo-lab/osmo_msc_a_iface.pcap')`. Use with `describe.runIf(sharedPresent)`. */
export function sharedPath(name: string): string {
  return join(sharedRoot, name);
}
