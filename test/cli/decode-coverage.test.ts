import { expect, test } from 'vitest';
import { FrameCoverage } from '../../server/cli/decode-coverage.ts';
import { DecodeStats } from '../../server/decode/stats.ts';

test('counts a frame of which nothing but its link or IP is known as one without signalling', () => {
  const stats = new DecodeStats();
  const coverage = new FrameCoverage();
  const frame = (...seen: ('sctp' | 'tcp' | 'mtp2' | 'mtp3' | 'sccp' | 'ip' | 'UDP')[]) => {
    for (const what of seen) {
      if (what === 'UDP') stats.unhandledAs(what);
      else stats.layers[what]++;
    }
    coverage.frame(stats);
  };
  frame('ip', 'UDP');
  frame('UDP');
  frame('ip', 'sctp');
  expect(coverage.counts).toEqual({ understood: 0, unhandled: 0, malformed: 0, 'without signalling': 3 });
  for (const carrier of ['sctp', 'tcp', 'mtp2', 'mtp3', 'sccp'] as const) frame(carrier, 'UDP');
  frame('ip', 'UDP');
  expect(coverage.counts).toEqual({ understood: 0, unhandled: 5, malformed: 0, 'without signalling': 4 });
  coverage.understood();
  frame('ip', 'sctp', 'sccp');
  coverage.malformed();
  frame('ip', 'UDP');
  expect(coverage.counts).toEqual({ understood: 1, unhandled: 5, malformed: 1, 'without signalling': 4 });
});
