import type { PushAside } from '../events/push-aside.ts';
import type { OptOuts } from '../privacy/opt-outs.ts';

const named = ['subscriber', 'plmn', 'typeAllocationCode', 'peer', 'peerClass', 'country', 'area'];

/**
 * Rows that are set aside (`events/push-lines.ts`) go another way than those that are counted: of somebody who has opted
 * out they are nobody's too, and a row of somebody else's loses such a peer.
 */
export function asideOfOthers(aside: PushAside, list: OptOuts): PushAside {
  return {
    folder: aside.folder,
    keep: (name, text) =>
      aside.keep(
        name,
        list.none
          ? text
          : text
              .split('\n')
              .map((line) => ofOthers(line, list))
              .join('\n'),
      ),
    drop: (name) => aside.drop(name),
  };
}

function ofOthers(line: string, list: OptOuts): string {
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
