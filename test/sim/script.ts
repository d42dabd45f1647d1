import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { beginUs, type Chance } from './schedule.ts';

/** One row of a feed, as it is sent. */
export interface SimEvent {
  /** No two in a world have the same; it stands in the column of octets. */
  id: number;
  timeUs: number;
  subscriber: number;
  cell: string;
  detach: boolean;
}

/** What a feed says in its life, in order of arrival. */
export interface Script {
  identity: string;
  kind: 'acknowledged' | 'file';
  events: SimEvent[];
  /** Of an acknowledged one: where its batches begin, and where the last one ends. */
  cuts: number[];
}

const secondUs = 1_000_000;

/** Who is where and who tells, by the seed. @param spanS length of the story in event time */
export function writeScripts(chance: Chance, spanS: number): { scripts: Script[]; cells: string[] } {
  const cells = Array.from({ length: 3 + chance.below(5) }, (_, i) => `001-01-${100 + (i % 3) * 100}-${i + 1}`);
  const subscribers = 3 + chance.below(10);
  const acknowledged = chance.below(4);
  const files = acknowledged === 0 ? 1 + chance.below(2) : chance.below(2);
  const scripts: Script[] = [];
  let id = 0;
  for (let feed = 0; feed < acknowledged + files; feed++) {
    const n = 20 + chance.below(70);
    const events: (SimEvent & { arrivalUs: number })[] = [];
    for (let i = 0; i < n; i++) {
      const timeUs = beginUs + chance.below(spanS) * secondUs + (chance.once(3) ? chance.below(secondUs) : 0);
      // Most come in order, some late, some far too late.
      const lateS = chance.once(12) ? chance.below(chance.once(4) ? 200 : 30) : chance.below(2);
      events.push({
        ...{ id: 0, timeUs, arrivalUs: timeUs + lateS * secondUs },
        subscriber: 1 + chance.below(subscribers),
        cell: cells[chance.below(cells.length)],
        detach: chance.once(9),
      });
    }
    events.sort((a, b) => a.arrivalUs - b.arrivalUs);
    const cuts = [0];
    while (cuts[cuts.length - 1] < n) cuts.push(Math.min(n, cuts[cuts.length - 1] + 1 + chance.below(8)));
    scripts.push({
      identity: `feed ${feed}`,
      kind: feed < acknowledged ? 'acknowledged' : 'file',
      events: events.map(({ arrivalUs: _, ...event }) => ({ ...event, id: ++id })),
      cuts,
    });
  }
  return { scripts, cells };
}

export function flagsOf({ detach }: SimEvent): number {
  return eventFlag.sighting | (detach ? eventFlag.detach : 0) | eventFlag.traffic;
}

export function kindOf({ detach }: SimEvent): number {
  return detach ? kindCode.detach : kindCode.sighting;
}

/** Rows as a feed hands them to the hub. @param symbolOf the feed's own number of a cell */
export function batchOf(events: readonly SimEvent[], symbolOf: (cell: string) => number): EventBatch {
  const batch = new EventBatch(events.length);
  for (const event of events) {
    const { id, timeUs, subscriber, cell } = event;
    batch.push(timeUs, subscriber, 7, symbolOf(cell), 0, kindOf(event), 0, 0, flagsOf(event), 0, 0, id);
  }
  return batch;
}
