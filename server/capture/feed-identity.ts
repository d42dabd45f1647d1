import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { FeedSpec } from './feed-uri.ts';

/** Octets of a file's beginning and of its end that tell it from others, beside its size. */
const sampleBytes = 64 * 1024;

function fingerprint(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const hash = createHash('sha256').update(String(size));
    const sample = Buffer.alloc(sampleBytes);
    for (const position of [0, Math.max(0, size - sampleBytes)]) {
      hash.update(sample.subarray(0, readSync(file, sample, 0, sampleBytes, position)));
    }
    return hash.digest('hex').slice(0, 24);
  } finally {
    closeSync(file);
  }
}

/**
 * What a feed is, however its URI is spelt: the same file under another path is the same feed, another file under
 * the same name is another one. The options that change its events belong to it.
 */
export function feedIdentity(spec: FeedSpec): string {
  switch (spec.kind) {
    case 'pcap':
      return `pcap:${fingerprint(spec.path)}`;
    case 'xdr':
      return `xdr:${fingerprint(spec.path)}:${spec.plmn}:${spec.offsetMinutes}`;
    case 'sim':
      return spec.uri;
  }
}

/** Identity of the one stream that several feeds make together, in whatever order they are named. */
export function streamIdentity(specs: readonly FeedSpec[]): string {
  return [...new Set(specs.map(feedIdentity))].sort().join(' ');
}
