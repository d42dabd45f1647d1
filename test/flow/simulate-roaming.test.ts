import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PcapWriter } from '../../fixtures/make/pcap-writer.ts';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import type { FrameSink } from '../../server/capture/frame.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalwall-roaming-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Frames of transfer points, 10.3.0.x, at either end. */
const isCore = (bytes: Uint8Array, start: number) => bytes[start + 27] === 3 || bytes[start + 31] === 3;

const updateLocation = 2;
const cancelLocation = 3;
const purgeMs = 67;
const isOwnNumber = (digits: string) => digits.startsWith('861009');
const isOwnImsi = (imsi: string) => imsi.startsWith('00101');

interface Open {
  operation: number;
  imsi: string;
  called: string;
  calling: string;
  /** Number of the VLR that a cancelLocation in between went to. */
  left: string;
}

/** What the dialogues mean for roaming, as told by tshark's fields alone: `timeUs imsi what`. */
async function roamingByTshark(path: string): Promise<string[]> {
  const fields = ['frame.time_epoch', 'tcap.otid', 'tcap.dtid', 'gsm_old.localValue', 'e212.imsi'];
  const more = ['sccp.called.digits', 'sccp.calling.digits', 'gsm_old.returnError_element'];
  const tshark = spawn('tshark', [
    ...['-n', '-r', path, '-Y', 'tcap', '-T', 'fields', '-E', 'occurrence=f', '-E', 'separator=/t'],
    ...[...fields, ...more].flatMap((field) => ['-e', field]),
  ]);
  tshark.stderr.resume();
  const open = new Map<string, Open>();
  const updating = new Map<string, Open>();
  const rows: string[] = [];
  for await (const line of createInterface({ input: tshark.stdout })) {
    const [time, otid, dtid, code, imsi, called, calling, error] = line.split('\t');
    const [seconds, fraction] = time.split('.');
    const timeUs = Number(seconds) * 1e6 + Number(fraction.slice(0, 6));
    if (otid !== '' && dtid === '') {
      const dialogue = { operation: Number(code), imsi, called, calling, left: '' };
      open.set(otid, dialogue);
      if (dialogue.operation === updateLocation) updating.set(imsi, dialogue);
      const update = updating.get(imsi);
      if (dialogue.operation === cancelLocation && update !== undefined) update.left = called;
    } else if (otid === '' && dtid !== '') {
      const dialogue = open.get(dtid);
      open.delete(dtid);
      if (dialogue === undefined || error !== '') continue;
      const what = meaning(dialogue, updating.has(dialogue.imsi));
      if (what !== '') rows.push(`${timeUs} ${dialogue.imsi} ${what}`);
      if (dialogue.operation === updateLocation) updating.delete(dialogue.imsi);
    }
  }
  return rows;
}

function meaning({ operation, imsi, called, calling, left }: Open, isUpdating: boolean): string {
  const own = isOwnImsi(imsi);
  if (operation === updateLocation) {
    if (!own) return isOwnNumber(left) ? '' : 'roam-in';
    // The last two digits are the node's.
    if (!isOwnNumber(calling)) return left.slice(0, -2) === calling.slice(0, -2) ? '' : 'roam-out';
    return left === '' || isOwnNumber(left) ? '' : 'roam-back';
  }
  if (operation === cancelLocation && !own && !isUpdating) return isOwnNumber(called) ? 'cancelled' : '';
  if (operation === purgeMs) return own === isOwnNumber(calling) ? '' : 'cancelled';
  return '';
}

test('the roaming truth is what the dialogues between registers say', async () => {
  const path = join(folder, 'core.pcap');
  const writer = new PcapWriter(1);
  const sink: FrameSink = {
    frame(timeUs, linkType, bytes, start, end) {
      if (isCore(bytes, start)) writer.frame(timeUs, linkType, bytes, start, end);
    },
  };
  const truth: string[] = [];
  const countries = new Set<string>();
  const feed = openSimulation(
    { population: 15_000, date: '2026-10-17', from: '18:00', hours: 1.5 },
    {
      truth: (simulation) => ({
        roaming(timeUs, phone, what, network) {
          truth.push(`${timeUs} ${simulation.imsi(phone)} ${what}`);
          countries.add(simulation.networks[network].country);
        },
      }),
    },
  );
  while ((await feed.read(sink, Number.POSITIVE_INFINITY, 100_000)) !== 'end');
  await writeFile(path, Buffer.concat(writer.take(true)));

  expect(await roamingByTshark(path)).toEqual(truth);
  for (const what of ['roam-out', 'roam-in', 'roam-back', 'cancelled']) {
    expect(truth.filter((row) => row.endsWith(what)).length, what).toBeGreaterThan(0);
  }
  expect(truth.length).toBe(feed.stats.registrations);
  expect(countries.size).toBeGreaterThan(5);
});
