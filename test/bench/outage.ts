import { setTimeout as pause } from 'node:timers/promises';
import { makeConfig } from '../../server/config.ts';
import { decodeFrame } from '../../shared/codec.ts';
import type { Bench, Figure } from './bench.ts';
import { type MadeFeed, startMadeFeed } from './made-feed.ts';
import { movesOf } from './made-rows.ts';
import { regionList, streams } from './presence-city.ts';
import { limitOf, usageFigures, watchUsage } from './usage.ts';
import { startWhole, type WholeServer } from './whole-server.ts';

interface Scale {
  subscribers: number;
  perSecond: number;
  /** Event time for which the database is away. */
  awayS: number;
  /** Longest time that it is watched as it catches up, by whatever then. */
  catchUpMsMax: number;
  settings: { reorderWindowMs: number; tickMs: number };
}

const phones = 15_000_000;
const scales: Record<'full' | 'small', Scale> = {
  // A city of 10,012 cells in the hour before kick-off: the sightings of its phones, 14,167 a second.
  full: {
    subscribers: phones,
    perSecond: Math.round((phones * streams.kickOff.perPhoneAndHour) / 3600),
    awayS: 3600,
    catchUpMsMax: 600_000,
    settings: { reorderWindowMs: 10_000, tickMs: 1_000 },
  },
  small: {
    subscribers: 20_000,
    perSecond: 10_000,
    awayS: 3,
    catchUpMsMax: 2_000,
    settings: { reorderWindowMs: 200, tickMs: 100 },
  },
};

/** It has caught up where what is in the journal is so little ahead of what is stored, event time in ms. */
const caughtUpMs = 2_000;

/** What the newest frame says of the database. */
const shown = ({ client }: WholeServer) => decodeFrame(client.messages.at(-1)!).status.store;

async function until(server: WholeServer, isSo: () => boolean, msMax = Number.POSITIVE_INFINITY): Promise<void> {
  const startMs = performance.now();
  while (!isSo() && performance.now() - startMs < msMax) {
    await Promise.race([server.failed, pause(20)]);
    // A frame a second is much in ten minutes.
    server.client.messages.splice(0, server.client.messages.length - 1);
  }
}

/** The hour without a database: its rows are counted and told as fast as they go. */
async function goWithout(server: WholeServer, rows: number): Promise<Figure[]> {
  const { client, journal } = server;
  const startMs = performance.now();
  const before = server.rows();
  let frames = 0;
  let newest = client.messages.at(-1);
  await until(server, () => {
    if (client.messages.at(-1) !== newest) frames++;
    newest = client.messages.at(-1);
    return server.rows() - before >= rows && frames > 0;
  });
  const seconds = (performance.now() - startMs) / 1000;
  const { present } = server.view();
  if (present === 0) throw new Error('nothing was counted while the database was away');
  return [
    { key: 'outage.countedPerS', value: (server.rows() - before) / seconds, unit: 'events/s while it is away' },
    { key: 'outage.framesPerS', value: frames / seconds, unit: 'frames/s while it is away' },
    { key: 'outage.journalMiB', value: (journal.next - journal.base) / 2 ** 20, unit: 'MiB in the journal' },
  ];
}

async function catchUp(server: WholeServer, { perSecond, catchUpMsMax }: Scale): Promise<Figure[]> {
  const { store } = server;
  const { eventUs } = store.ledger;
  const used = watchUsage(server);
  await until(server, () => store.status.state === 'up' && store.status.lagMs < caughtUpMs, catchUpMsMax);
  const usage = used();
  const seconds = usage.ms / 1000;
  const storedS = (store.ledger.eventUs - eventUs) / 1e6;
  if (catchUpMsMax === scales.full.catchUpMsMax) process.stdout.write(`  ${limitOf(usage)} limits how it catches up\n`);
  return [
    { key: 'outage.catchUpS', value: seconds, unit: 's' },
    { key: 'outage.storedPerS', value: (storedS * perSecond) / seconds, unit: 'events/s' },
    { key: 'outage.timesRealTime', value: storedS / seconds, unit: '× real time' },
    { key: 'outage.leftS', value: store.status.lagMs / 1000, unit: 's behind at the end' },
    ...usageFigures(usage).map(([name, value, unit]) => ({ key: `outage.${name}`, value, unit })),
  ];
}

export const outageBench: Bench = {
  name: 'outage',
  meaning:
    'an hour of event time of a city before a kick-off (15 million phones, 3.4 sightings an hour each) while the database is away, all events stored: what is counted and told meanwhile; then how fast that is stored while life goes on in real time; embedded (which is not asked meanwhile) unless DATABASE_URL is set',
  async run(scale): Promise<Figure[]> {
    const { subscribers, perSecond, awayS, settings } = scales[scale];
    const config = makeConfig({ where: 'bench', settings });
    let made: MadeFeed | null = null;
    const feed = {
      subscribers,
      moves: movesOf(subscribers, perSecond),
      perSecond,
      pacePerS: perSecond,
      unpacedPerSecond: perSecond,
    };
    const start = (fail: (error: Error) => void) => {
      made = startMadeFeed(feed, fail);
      return made;
    };
    const server = await startWhole({
      ...{ config, cells: null, regions: regionList(), live: true },
      feed: { start, threads: ['made'] },
    });
    try {
      // How far a new database is behind nobody knows before it has stored something.
      await until(server, () => server.store.ledger.eventUs >= 0);
      const mend = await server.cutDatabase();
      const figures = await goWithout(server, perSecond * awayS);
      made!.pace();
      await until(server, () => shown(server).lagMs >= awayS * 1000);
      const { lagMs, queuedRows, state } = shown(server);
      // The embedded one is there, and behind.
      if (process.env.DATABASE_URL && state !== 'away') throw new Error(`the wall shows a database that is ${state}`);
      await mend();
      return [
        { key: 'outage.eventsPerS', value: perSecond, unit: 'events/s' },
        { key: 'outage.events', value: queuedRows, unit: 'events not stored by then' },
        ...figures,
        { key: 'outage.shownLagS', value: lagMs / 1000, unit: 's behind on the wall' },
        ...(await catchUp(server, scales[scale])),
      ];
    } finally {
      await server.close();
    }
  },
};
