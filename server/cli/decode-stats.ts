import type { CorrelatorStats } from '../correlate/correlator.ts';
import { bssmapNames } from '../decode/bssmap-tables.ts';
import { dtapNames, protocolNames } from '../decode/dtap-tables.ts';
import { ranapNames } from '../decode/ranap-tables.ts';
import { sccpNames } from '../decode/sccp-tables.ts';
import type { DecodeStats } from '../decode/stats.ts';
import { tcapTypeNames } from '../decode/tcap-tables.ts';
import type { FrameCounts } from '../events/feed-messages.ts';
import { csvLine } from './csv.ts';
import type { CoverageCounter, Resolution } from './decode-coverage.ts';

/** DTAP messages with their protocol in front: CC and SS have a RELEASE COMPLETE each. */
const dtapRowNames = Array.from({ length: 16 * 256 }, (_, code) => {
  return `${protocolNames[code >> 8]} ${dtapNames[code] ?? `type ${code & 0xff}`}`;
});

interface Row {
  group: string;
  name: string;
  count: number;
  /** Of the whole that the group's meaning names, 0 … 1. */
  share?: number;
}

/**
 * Counts by layer, message and fault, and how much was understood: as a table for people, or as CSV
 * `group,name,count,share`, in which group and name together are unique. Shares: in `coverage` of the frames that hold signalling, and of the events that have a
 * cell by nature with the connections that should have made one and did not, as their beginning is missing; in `frames` of all frames.
 *
 * @param left what the capture itself has lost or left out, by reason
 */
export function formatStats(
  stats: DecodeStats,
  correlated: CorrelatorStats,
  coverage: CoverageCounter,
  left: ReadonlyMap<string, number>,
  csv: boolean,
): string {
  const rows: Row[] = [];
  const add = (group: string, entries: Iterable<[string, number]>, whole?: number) => {
    for (const [name, count] of entries) {
      if (count > 0 || whole !== undefined) {
        rows.push({ group, name, count, ...(whole ? { share: count / whole } : {}) });
      }
    }
  };
  const { counts, events } = coverage;
  const located = total(events) - events['roaming registrations'];
  add('coverage', [['frames understood', counts.understood]], total(counts) - counts['without signalling']);
  const due = located + correlated.eventless;
  add('coverage', [['events with subscriber and cell', events['subscriber and cell']]], due);
  add('coverage', [['connections without an event', correlated.eventless]], due);
  add('frames', Object.entries(counts), stats.frames);
  add('events', Object.entries(events));
  add('event', coverage.types);
  add('layer', Object.entries(stats.layers));
  add('SCCP', named(stats.sccp, sccpNames));
  add('BSSMAP', named(stats.bssmap, bssmapNames));
  add('DTAP', named(stats.dtap, dtapRowNames));
  add('RANAP', named(stats.ranap, ranapNames));
  add('TCAP', named(stats.tcap, tcapTypeNames));
  add('MAP', coverage.operations);
  add('fault', stats.faults);
  add('capture', left);
  add('unhandled', stats.unhandled);
  add('duplicate', [['SCTP DATA', stats.duplicates]]);
  add('evicted', stats.evicted);
  add('correlation', correlated.faults);
  if (csv) {
    return (
      csvLine(['group', 'name', 'count', 'share']) +
      rows.map(({ group, name, count, share }) => csvLine([group, name, count, share?.toFixed(6)])).join('')
    );
  }
  const width = Math.max(...rows.map(({ name }) => name.length));
  let before = '';
  return rows
    .map(({ group, name, count, share }) => {
      const head = group === before ? '' : group;
      before = group;
      const part = share === undefined ? '' : `  ${(100 * share).toFixed(2).padStart(6)} %`;
      return `${head.padEnd(12)} ${name.padEnd(width)} ${count.toLocaleString('en').padStart(14)}${part}\n`;
    })
    .join('');
}

function total(counts: FrameCounts | Resolution): number {
  return Object.values(counts).reduce((sum: number, count: number) => sum + count, 0);
}

function named(counts: Uint32Array, names: readonly (string | undefined)[]): [string, number][] {
  const out: [string, number][] = [];
  counts.forEach((count, code) => {
    if (count > 0) out.push([names[code] ?? `type ${code}`, count]);
  });
  return out;
}
