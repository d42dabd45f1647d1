/** A process of its own, so that the peak of its memory is: the whole server, with more subscribers than it is sized for. */
import '../../server/v8-flags.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { makeConfig } from '../../server/config.ts';
import { computedMs } from './computed-ms.ts';
import { type MadeFeed, startMadeFeed } from './made-feed.ts';
import { movesOf } from './made-rows.ts';
import { forgetPeak, peakMib } from './peak-memory.ts';
import { regionList } from './presence-city.ts';
import { limitOf, usageFigures, watchUsage } from './usage.ts';
import { startWhole, type WholeServer } from './whole-server.ts';

export interface LargeJob {
  subscribers: number;
  perSecond: number;
  keepEvents: 'off' | 'all';
  /** Wall time that is measured, and that the store gets before to store what filled the table. */
  measuredMs: number;
  settlingMsMax: number;
  reorderWindowMs: number;
}

/** What it says: figures, and what the others wait for. */
export interface LargeFigures {
  figures: [name: string, value: number, unit: string][];
  limit: string;
}

/** So often the event loop and the counters are looked at, ms. */
const lookEveryMs = 2;
/** Everybody is first seen within so much of event time: as T3212 has it. */
const filledInS = 3600;
/** The store is with the feed where it is so little behind, event time in ms. */
const settledMs = 2_000;

/** Longest time computed between two turns of the event loop, and longest in which the counters' clock stood, ms. */
function watchStanding(server: WholeServer) {
  const longest = { pauseMs: 0, standMs: 0 };
  let turnMs = computedMs();
  let clockUs = -1;
  let movedMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = computedMs();
    longest.pauseMs = Math.max(longest.pauseMs, nowMs - turnMs - lookEveryMs);
    turnMs = nowMs;
    const wallMs = performance.now();
    longest.standMs = Math.max(longest.standMs, wallMs - movedMs);
    const now = server.view().clockUs;
    if (now === clockUs) return;
    clockUs = now;
    movedMs = wallMs;
  }, lookEveryMs);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

async function run(job: LargeJob): Promise<LargeFigures> {
  const { subscribers, perSecond, keepEvents, measuredMs, settlingMsMax, reorderWindowMs } = job;
  const config = makeConfig({ where: 'bench', settings: { keepEvents, reorderWindowMs } });
  const feed = { subscribers, moves: movesOf(subscribers, perSecond), perSecond, pacePerS: perSecond };
  let made: MadeFeed | null = null;
  const start = (fail: (error: Error) => void) => {
    // Who appears is a crossing for minutes: all at once are more than there is room for, and than ever appear.
    made = startMadeFeed({ ...feed, unpacedPerSecond: subscribers / filledInS }, fail);
    return made;
  };
  const server = await startWhole({
    ...{ config, cells: null, regions: regionList(), live: true },
    feed: { start, threads: ['made'] },
  });
  const { client, failed, store } = server;
  let frames = 0;
  const wait = async (ms: number) => {
    await Promise.race([failed, pause(ms)]);
    frames += client.messages.splice(0).length;
  };
  try {
    // Everybody once as fast as they are taken; then as fast as they come.
    while (server.rows() < subscribers) await wait(20);
    made!.pace();
    const filledMs = performance.now();
    const isSettled = () => store.status.state === 'up' && store.status.lagMs < settledMs;
    do await wait(Math.min(1000, measuredMs));
    while (!isSettled() && performance.now() - filledMs < settlingMsMax);
    forgetPeak();
    const used = watchUsage(server);
    const standing = watchStanding(server);
    const rows = server.rows();
    const snapshots = server.snapshots();
    frames = 0;
    const untilMs = performance.now() + measuredMs;
    while (performance.now() < untilMs) await wait(Math.min(100, measuredMs));
    const usage = used();
    const { pauseMs, standMs } = standing();
    const seconds = usage.ms / 1000;
    const figures: LargeFigures['figures'] = [
      ['present', server.view().present, 'subscribers'],
      ['eventsPerS', (server.rows() - rows) / seconds, 'events/s'],
      ['framesPerS', frames / seconds, 'frames/s'],
      ['peakMiB', peakMib(), 'MiB of the process, its feed and its database with it'],
      ['snapshots', server.snapshots() - snapshots, 'snapshots meanwhile'],
      ['longestPauseMs', pauseMs, 'ms computed between two turns of the event loop'],
      ['longestStandMs', standMs, 'ms in which nothing was counted'],
      ['storeLagS', store.status.lagMs / 1000, 's behind'],
      ...usageFigures(usage),
    ];
    return { figures, limit: limitOf(usage) };
  } finally {
    await server.close();
  }
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2]) as LargeJob)));
