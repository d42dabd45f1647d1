import { describe, expect, test } from 'vitest';
import { formatStats } from '../../server/cli/decode-stats.ts';
import { LinkMarks } from '../../server/decode/link-marks.ts';
import { LinkTable } from '../../server/decode/links.ts';
import { SccpSides } from '../../server/decode/sccp-sides.ts';
import { ranapSubsystem, sccp } from '../../server/decode/sccp-tables.ts';
import { SccpUsers } from '../../server/decode/sccp-users.ts';
import { SctpAssociations } from '../../server/decode/sctp-associations.ts';
import { DecodeStats, type Evictable } from '../../server/decode/stats.ts';
import { collector } from './collect.ts';
import { dataChunk, ethernet, ipv4, m3uaData, sctp, unitdata } from './wire.ts';

const reset = unitdata([0, 4, 0x30, 4, 1, 0x20]);

/** What a table counts that is filled by `fill`, by name. */
function evictions(fill: (count: (what: Evictable, n: number) => void) => void): Record<string, number> {
  const stats = new DecodeStats();
  fill((what, n) => stats.evict(what, n));
  return Object.fromEntries(stats.evicted);
}

function times(n: number, each: (i: number) => void): void {
  for (let i = 0; i < n; i++) each(i);
}

describe('what a full table lets go is counted', () => {
  test('links: all of them, when one more comes', () => {
    const { decoder, give } = collector({ linksMax: 16 });
    times(17, (i) => give(ethernet(ipv4(sctp([dataChunk(i, m3uaData(1 + i, 500, reset))])))));
    expect(Object.fromEntries(decoder.stats.evicted)).toEqual({ links: 16 });
  });

  test('networks of point codes: of those of which no link was learnt for longest', () => {
    const max = 4096;
    const table = () => {
      const counted: Record<string, number> = {};
      return {
        counted,
        links: new LinkTable(max, (what, n) => {
          counted[what] = (counted[what] ?? 0) + n;
        }),
      };
    };
    const { links, counted } = table();
    times(3 * max, (i) => links.symbolOf(2 * i + 1, 2 * i + 2, 7));
    // Two codes a link; the newest of them stay, and what is forgotten is told.
    expect(counted['networks of point codes']).toBeGreaterThanOrEqual(6 * max - 2 * max);
    expect(counted['networks of point codes']).toBeLessThanOrEqual(6 * max - max);
  });

  test('SCTP directions: the least recently used of its set', () => {
    const { decoder, give } = collector({ sctpDirectionsMax: 16 });
    times(200, (i) => give(ethernet(ipv4(sctp([dataChunk(i, m3uaData(100, 200, reset))], { tag: 1000 + i })))));
    expect(Object.fromEntries(decoder.stats.evicted)).toEqual({ 'SCTP directions': 200 - 16 });
  });

  test('SCTP paths and tags: those that were learnt longest ago', () => {
    const counted = evictions((count) => {
      const associations = new SctpAssociations(64, count);
      times(200, (i) => associations.senderOf(i + 1, true, i + 1, 77));
    });
    for (const table of ['SCTP paths', 'SCTP tags']) {
      expect(counted[table]).toBeGreaterThanOrEqual(200 - 64);
      expect(counted[table]).toBeLessThanOrEqual(200 - 32);
    }
  });

  test('SCCP users of connections, and of links', () => {
    const of = (fill: (users: SccpUsers) => void) => evictions((count) => fill(new SccpUsers(new LinkMarks(), count)));
    const connections = of((users) => times(300_000, (i) => users.remember(5, true, i, ranapSubsystem)));
    expect(connections['SCCP users']).toBeGreaterThanOrEqual(300_000 - 131_072);
    const links = of((users) => times(20_000, (i) => users.speaksOf(i + 1, ranapSubsystem)));
    expect(links['SCCP users of links']).toBeGreaterThanOrEqual(20_000 - 8192);
    expect([links['SCCP users'], connections['SCCP users of links']]).toEqual([undefined, undefined]);
  });

  test('whose an SCCP reference is where nothing else tells the sides apart', () => {
    let forgotten = 0;
    const sides = new SccpSides((n) => {
      forgotten += n;
    });
    times(1_200_000, (i) => sides.fromInitiator(sccp.CR, -1, i));
    expect(forgotten).toBeGreaterThanOrEqual(1_200_000 - 524_288);
  });

  test('and nothing is counted while there is room', () => {
    const { decoder, give } = collector({ linksMax: 16, sctpDirectionsMax: 16 });
    times(300, (i) => give(ethernet(ipv4(sctp([dataChunk(i, m3uaData(1 + (i % 15), 500, reset))])))));
    expect(decoder.stats.evicted.size).toBe(0);
  });
});

test('`decode --stats` shows every name under which something gave way', () => {
  const stats = new DecodeStats();
  stats.evict('SCTP directions', 7);
  stats.evict('links', 16);
  const counts = { understood: 0, malformed: 0, unhandled: 0, 'without signalling': 0 };
  const args = [
    { eventless: 0, faults: new Map([['AREA_EVICTED', 3]]) },
    { counts, events: { 'roaming registrations': 0 }, types: new Map(), operations: new Map() },
  ] as unknown as [Parameters<typeof formatStats>[1], Parameters<typeof formatStats>[2]];
  const lines = formatStats(stats, ...args, new Map(), true).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining(['evicted,SCTP directions,7,', 'evicted,links,16,', 'correlation,AREA_EVICTED,3,']),
  );
});
