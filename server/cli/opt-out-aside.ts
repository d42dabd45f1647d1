import type { Timers } from '../clock.ts';
import { inSlices } from '../core/in-slices.ts';
import type { PushAside } from '../events/push-aside.ts';
import type { OptOuts } from '../privacy/opt-outs.ts';

const named = ['subscriber', 'plmn', 'typeAllocationCode', 'peer', 'peerClass', 'country', 'area'];

/** Lines between two turns of the event loop: some 10 µs each while the code is cold. */
const sliceLines = 256;

/**
 * Rows that are set aside (`events/push-lines.ts`) go another way than those that are counted: of somebody who has opted
 * out they are nobody's too, and a row of somebody else's loses such a peer.
 */
export function asideOfOthers(aside: PushAside, list: OptOuts, timers: Timers): PushAside {
  return {
    folder: aside.folder,
    keep: async (name, text) => aside.keep(name, list.none ? text : await inSlices(textOfOthers(text, list), timers)),
    drop: (name) => aside.drop(name),
  };
}

function* textOfOthers(text: string, list: OptOuts): Generator<void, string> {
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    lines[i] = lineOfOthers(lines[i], list);
    if (i % sliceLines === sliceLines - 1) yield;
  }
  return lines.join('\n');
}

function lineOfOthers(line: string, list: OptOuts): string {
  if (line === '') return line;
  const row = JSON.parse(line) as Record<string, unknown>;
  if (typeof row.subscriber === 'string' && list.hasSubscriber(row.subscriber)) {
    for (const name of named) delete row[name];
    return JSON.stringify({ ...row, sighting: false, detach: false });
  }
  if (typeof row.peer !== 'string' || !list.hasOtherParty(row.peer)) return line;
  const { peer: _, area: __, ...rest } = row;
  return JSON.stringify(rest);
}
