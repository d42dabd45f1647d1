import { makeCity } from '../../../fixtures/make/city/index.ts';
import { feedNote, joinFeedNotes } from '../../../shared/feed-note.ts';
import type { Schematic } from '../../../shared/protocol.ts';
import { fakeTree } from './fake-areas.ts';
import { fakeLayout } from './fake-city.ts';
import { FakeFeed, kickOffUs } from './fake-feed.ts';

const minuteUs = 60_000_000;
const hourMs = 3_600_000;

/** What a wall can be shown in tests and pictures. */
export const scenarioNames = [
  'day',
  'city',
  'hidden',
  'people',
  'xdr',
  'waiting',
  'warming',
  'second',
  'second-warming',
  'first',
  'busy',
  'large',
  'empty',
  'away',
  'stale',
  'faults',
  'live',
  'probes',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export function makeScenario(name: ScenarioName, schematic: Schematic): FakeFeed {
  const xdr = name === 'xdr' || name === 'waiting';
  const empty = name === 'empty';
  const layout = fakeLayout({
    seed: 7,
    cells: empty ? 0 : xdr ? 5_595 : 10_012,
    positions: !xdr,
    regions: !empty && !xdr,
    minCount: name === 'hidden' ? 20 : 0,
    title: xdr ? '' : '天河体育中心 · 赛事保障',
    schematic: xdr || empty ? null : schematic,
  });
  if (name === 'busy' || name === 'people') layout.tree = fakeTree();
  if (name === 'busy') {
    for (const region of layout.regions) region.name += ' 与一个很长的名称，长得一行写不下';
  }
  if (name === 'city') {
    // The simulated city's own cells, regions and schematic under invented counts.
    const city = makeCity(1);
    layout.cells = city.cells.map(({ cgi, name, lon, lat, azimuth }) => ({ cgi, name, lon, lat, azimuth }));
    layout.regions = city.regions.map(({ id, name, kind, capacity, polygons }) => ({
      id,
      name,
      kind,
      capacity,
      polygons,
      cellCount: 1,
    }));
    layout.schematic = city.schematic;
  }
  const startUs = kickOffUs + (xdr ? 0 : 45 * minuteUs) + 8_000_000;
  const base = { seed: 11, startUs, stepUs: minuteUs, ...(!empty && { traffic: 3 }) };
  const xdrFeed = { id: 'xdr', uri: 'xdr:xdr-guangzhou-2015-08.csv.gz', speed: 600, speedReached: 600, progress: 0.31 };
  // A server that was ended a quarter of an hour ago and started again.
  const endedUs = startUs - 15 * minuteUs;
  const again = { fromUs: endedUs - 120 * minuteUs, storedUs: endedUs };
  switch (name) {
    case 'people':
      return new FakeFeed(layout, {
        ...base,
        startUs: kickOffUs - 50 * minuteUs,
        people: true,
        crowdMinutes: 7,
        places: true,
      });
    case 'second':
      return new FakeFeed(layout, { ...base, warmUp: again });
    case 'second-warming':
      return new FakeFeed(layout, {
        ...base,
        startUs: endedUs - 60 * minuteUs,
        stepUs: 0,
        warmUp: again,
        feed: { state: 'warming up', progress: 0.5 },
      });
    case 'first':
      return new FakeFeed(layout, {
        ...base,
        warmUp: { fromUs: startUs - 70 * minuteUs, storedUs: -1 },
        feed: { uri: 'tcp://10.0.0.1:5000', speed: 1, speedReached: 1 },
      });
    case 'busy':
      return new FakeFeed(layout, {
        ...base,
        crowdMinutes: 90,
        feed: { uri: `xdr:/a/folder/far/away/${'with-a-long-name/'.repeat(4)}xdr.csv.gz?plmn=460-01&tz=+08:00` },
        status: { present: 888_888, appeared: 888_888, eventsPerS: 8_888, lateEvents: 0, resolvedShare: 0.9974 },
      });
    case 'large':
      return new FakeFeed(layout, {
        ...base,
        people: true,
        crowdMinutes: 0,
        places: true,
        traffic: 400,
        status: {
          present: 8_881_132,
          fresh5: 2_900_555,
          fresh30: 6_400_555,
          appeared: 8_888_806,
          vanished: 6_666_455,
          eventsPerS: 1_234_567,
          unknownCells: 8_888,
          lateEvents: 8_888_888,
          resolvedShare: 0.9974,
        },
      });
    case 'warming':
      return new FakeFeed(layout, {
        ...base,
        status: { warmingUp: true },
        feed: { state: 'warming up', progress: 0.42 },
      });
    case 'away':
      return new FakeFeed(layout, {
        ...base,
        status: {
          store: { state: 'away', lagMs: 93_000, queuedRows: 48_213, droppedRows: 0, error: 'connect ECONNREFUSED' },
        },
      });
    case 'stale':
      return new FakeFeed(layout, { ...base, stepUs: 0, feed: { state: 'stale', dataAgeMs: 95_000, speed: 1 } });
    case 'faults':
      return new FakeFeed(layout, {
        ...base,
        feed: {
          state: 'behind',
          speedReached: 38.2,
          faults: { SCCP_TRUNCATED: 17, M3UA_LENGTH: 3, TRUNCATED_CAPTURE: 1 },
          faultsTotal: 21,
        },
        status: { unknownCells: 12, lateEvents: 1482 },
      });
    case 'live':
      return new FakeFeed(layout, {
        ...base,
        feed: { id: 'feed-1', uri: 'pcap+tcp://10.20.30.41:5555', speed: 1, note: 'connected to 10.20.30.41:5555' },
      });
    case 'probes':
      // Several live feeds with much to tell, and alarms beside them.
      return new FakeFeed(layout, {
        ...base,
        status: {
          store: { state: 'away', lagMs: 93_000, queuedRows: 48_213, droppedRows: 0, error: 'connect ECONNREFUSED' },
        },
        feed: {
          id: 'feed-1',
          uri: 'pcap+listen://0.0.0.0:5555',
          speed: 1,
          note: joinFeedNotes(
            feedNote('probes', {
              address: '0.0.0.0:5555',
              n: 3,
              max: 8,
              names: '10.20.30.41:51234, 10.20.30.42:40022, 10.20.30.43:60411',
            }),
            feedNote('ahead', { seconds: 312 }),
          ),
        },
        moreFeeds: [
          {
            id: 'feed-2',
            uri: 'pcap+tcp://10.20.30.50:5555',
            state: 'running',
            note: joinFeedNotes(
              feedNote('refused', { address: '10.20.30.50:5555' }),
              feedNote('next', { seconds: '4.0' }),
            ),
          },
          {
            id: 'feed-3',
            uri: 'pcap:/captures/last-year.pcap.gz',
            state: 'running',
            note: joinFeedNotes(
              feedNote('farDays', { time: '2027-11-21T12:00:00.000Z', days: 365, now: '2026-11-21T12:15:08.000Z' }),
              feedNote('apart'),
            ),
          },
          { id: 'feed-4', uri: 'pcap+tcp://10.20.30.60:5555', state: 'stale', dataAgeMs: 95_000 },
        ],
      });
    case 'xdr':
      return new FakeFeed(layout, { ...base, feed: xdrFeed });
    case 'waiting':
      return new FakeFeed(layout, {
        ...base,
        stepUs: 0,
        status: { eventUs: 0 },
        feed: { ...xdrFeed, clockUs: startUs, nextUs: startUs + 3 * hourMs * 1000, dataAgeMs: 6_000 },
      });
    case 'empty':
      return new FakeFeed(layout, {
        ...base,
        startUs: 0,
        stepUs: 0,
        status: {
          eventUs: 0,
          present: 0,
          fresh5: 0,
          fresh30: 0,
          appeared: 0,
          vanished: 0,
          origins: [],
          resolvedShare: -1,
          cellsHeardShare: -1,
          eventsPerS: 0,
          lateEvents: 0,
          fixAgeMedianMs: -1,
          fixAgeP90Ms: -1,
          warmingUp: true,
        },
        feed: { state: 'starting', dataAgeMs: hourMs / 3600 },
      });
    case 'hidden':
      return new FakeFeed(layout, { ...base, crowdMinutes: 1, places: true });
    case 'day':
      return new FakeFeed(layout, { ...base, crowdMinutes: 0 });
    default:
      return new FakeFeed(layout, base);
  }
}
