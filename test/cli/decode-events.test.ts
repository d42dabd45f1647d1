import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { runCli } from '../tools/serve.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';

const file = 'captures/osmo-lab/osmo_msc_a_iface.pcap';
const cell = '001-01-1-1';

/**
 * Each procedure of the laboratory capture, found by hand in tshark's dissection: the frame that completes it, what it
 * is, how it ended, its cause, and its cell. The handover's target is named by its LAC alone, which is no cell
 * (3GPP TS 48.008 §3.2.2.17, discriminator 0101); the caller ends its call there.
 */
const procedures = [
  [18, 'location update', 'success', undefined, cell],
  [27, 'location update', 'success', undefined, cell],
  [36, 'periodic update', 'success', undefined, cell],
  [45, 'periodic update', 'success', undefined, cell],
  [55, 'supplementary service', 'success', undefined, cell],
  [67, 'mo sms', 'success', undefined, cell],
  [79, 'mt sms', 'success', undefined, cell],
  [108, 'handover', 'success', undefined, undefined],
  [125, 'mo call', 'success', 16, undefined],
  [127, 'mt call', 'success', 16, cell],
  [161, 'mt call', 'success', 16, cell],
  [163, 'mo call', 'success', 16, cell],
  [165, 'detach', 'success', undefined, cell],
  [171, 'detach', 'success', undefined, cell],
  [183, 'location update', 'rejected', 2, '001-01-1-7'],
  [194, 'location update', 'success', undefined, cell],
];

test.runIf(sharedPresent)(
  'every procedure of the laboratory capture is one event with its outcome and cause',
  async () => {
    const { stdout } = await runCli(['decode', sharedPath(file)]);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string | number>);
    expect(events.map((one) => [one.frame, one.type, one.outcome, one.cause, one.cell])).toEqual(procedures);
    // Whose it is, is known of each.
    expect(events.filter(({ subscriber }) => !/^00101\*$/.test(String(subscriber)))).toEqual([]);
  },
);

test.runIf(sharedPresent)('and tshark sees as many of each kind begin', () => {
  const beginnings: [string, string][] = [
    ['location update', 'gsm_a.dtap.updating_type == 0'],
    ['periodic update', 'gsm_a.dtap.updating_type == 1'],
    ['mo call', 'gsm_a.dtap.service_type == 1'],
    ['mt call', 'gsm_a.dtap.msg_cc_type == 8'],
    ['mo sms', 'gsm_a.rp.msg_type == 0'],
    ['mt sms', 'gsm_a.rp.msg_type == 1'],
    ['supplementary service', 'gsm_a.dtap.service_type == 8'],
    ['handover', 'gsm_a.bssmap.msgtype == 0x11'],
    ['detach', 'gsm_a.dtap.msg_mm_type == 0x01'],
  ];
  for (const [type, filter] of beginnings) {
    const args = ['-n', '-r', sharedPath(file), '-Y', filter, '-T', 'fields', '-e', 'frame.number'];
    const frames = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe' }).trim().split('\n');
    const ours = procedures.filter(([, name]) => name === type);
    expect([type, frames.length]).toEqual([type, ours.length]);
  }
});
