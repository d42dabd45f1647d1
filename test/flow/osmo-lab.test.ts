import { describe, expect, it } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { type Row, Rows, testKey } from '../correlate/steps.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { expectedRows } from './osmo-oracle.ts';

const capture = sharedPath('captures/osmo-lab/osmo_msc_a_iface.pcap');
const pseudonymiser = new Pseudonymiser(testKey);

async function correlate(path: string, sorted: boolean): Promise<{ rows: Row[]; correlator: Correlator }> {
  const sink = new Rows();
  const correlator = new Correlator({
    config: makeConfig({ where: 'test', settings: { connectionsMax: 1000 } }),
    sorted,
    defaultPlmn: 0,
    pseudonymiser,
    sink,
  });
  const reader = await openCapture(path);
  const decoder = new Decoder(correlator);
  while ((await reader.read(decoder, Number.POSITIVE_INFINITY, 1000)) !== 'end');
  await reader.close();
  correlator.flush();
  return { rows: sink.rows, correlator };
}

const byTime = <T extends { timeUs: number; kind: string }>(rows: T[]) =>
  [...rows].sort((a, b) => a.timeUs - b.timeUs || a.kind.localeCompare(b.kind));

describe.runIf(sharedPresent)('the laboratory capture of an A interface', () => {
  it('gives exactly the rows that follow from what tshark sees in it, through the handover', async () => {
    const { rows, correlator } = await correlate(capture, true);
    const expected = expectedRows(capture).map(({ imsi, ...row }) => ({
      ...row,
      subscriber: imsi === '' ? '' : pseudonymiser.hex('imsi', imsi).slice(0, 16),
      plmn: '001-01',
      typeAllocationCode: 0,
      // Only these two tables of causes were looked at.
      causeOf: row.cause === null ? '' : row.outcome === 'rejected' ? 'MM' : 'CC',
    }));
    // The capture's numbers stay out of here; that calls and short messages have another party is told below.
    expect(byTime(rows).map(({ peer: _peer, ...row }) => row)).toEqual(byTime(expected));
    for (const { kind, peer } of rows) expect([kind, peer !== null]).toEqual([kind, /call|sms/.test(kind)]);
    expect(rows.map((row) => row.kind)).toEqual(expect.arrayContaining(['mo call', 'mt call', 'handover', 'detach']));
    expect(new Set(rows.map((row) => row.subscriber)).size).toBe(3);
    expect(correlator.stats).toMatchObject({ unresolved: 0, orphans: 0, openConnections: 0, handoverJoins: 1 });
    // Two rows behind the handover have no cell, and one phone comes with the TMSI of an area that is not served here.
    expect(Object.fromEntries(correlator.stats.faults)).toMatchObject({ CELL_UNKNOWN: 2 });
  });

  it('differs live only in the phone that has to be asked who it is', async () => {
    const sorted = byTime((await correlate(capture, true)).rows);
    const live = byTime((await correlate(capture, false)).rows);
    const differing = sorted.flatMap((row, i) => (JSON.stringify(row) === JSON.stringify(live[i]) ? [] : [i]));
    expect(live).toHaveLength(sorted.length);
    expect(differing).toHaveLength(1);
    const [at] = differing;
    expect(live[at]).toMatchObject({ kind: 'sighting', cell: sorted[at].cell, subscriber: sorted[at].subscriber });
    expect(live[at].timeUs).toBeGreaterThan(sorted[at].timeUs);
  });
});
