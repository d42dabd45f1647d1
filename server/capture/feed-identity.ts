import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FeedSpec, isLive } from './feed-uri.ts';

/** Octets of a file's beginning and of its end that tell it from others, beside its size. */
const sampleBytes = 64 * 1024;

/** Size and a digest of the first `size` octets of a file; null where it has fewer. Absent size: all of it. */
function fileFingerprint(path: string, size?: number): string | null {
  const file = openSync(path, 'r');
  try {
    const bytes = size ?? fstatSync(file).size;
    if (bytes > fstatSync(file).size) return null;
    const hash = createHash('sha256').update(String(bytes));
    const sample = Buffer.alloc(Math.min(sampleBytes, bytes));
    for (const position of [0, bytes - sample.length]) {
      hash.update(sample.subarray(0, readSync(file, sample, 0, sample.length, position)));
    }
    return `${bytes}-${hash.digest('hex').slice(0, 24)}`;
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
      return `pcap:${fileFingerprint(spec.path)}`;
    case 'xdr':
      return `xdr:${fileFingerprint(spec.path)}:${spec.plmn}:${spec.offsetMinutes}`;
    case 'sim':
      return spec.uri;
    case 'stdin':
      return 'pcap:-';
    case 'push':
      return `push:${spec.id}`;
    case 'pcap+tcp':
    case 'pcap+listen':
      return `${spec.kind}://${spec.host}:${spec.port}`;
  }
}

/**
 * Whether the feed is a file that was stored under `identity` when it was shorter: its beginning is the same and more
 * has been written to it since.
 */
export function hasGrown(spec: FeedSpec, identity: string): boolean {
  if (spec.kind === 'sim' || isLive(spec) || !identity.startsWith(`${spec.kind}:`) || identity === feedIdentity(spec))
    return false;
  const then = identity.split(':')[1];
  const size = /^(\d+)-/.exec(then);
  return size !== null && fileFingerprint(spec.path, Number(size[1])) === then;
}
