import { expect, test } from 'vitest';
import { parseFeedUri } from '../../server/capture/feed-uri.ts';
import { readReference } from '../../server/cli/reference-input.ts';
import { systemClock } from '../../server/clock.ts';
import { beginRun, type RunStart } from '../../server/core/begin-run.ts';
import type { Core } from '../../server/core/core.ts';
import type { EventLog } from '../../server/core/event-log.ts';
import { LogState } from '../../server/core/log-state.ts';
import type { LogRecord } from '../../server/journal/records.ts';
import type { Region } from '../../server/reference/read-regions.ts';

const region = (id: string, cells = ['460-00-1-1']): Region => ({
  ...{ id, name: id, kind: 'venue', capacity: null, polygons: null, cells },
});
const ids = (regions: readonly Region[]) => regions.map(({ id }) => id);

/** What the log says from start to start; no counters. */
function newLog() {
  const state = new LogState();
  let to = 0;
  const append = (record: LogRecord) => {
    to += 10;
    state.apply(record, to);
    return to;
  };
  const core = { state, goesOn: true, counts: true, fingerprint: 'f', whenApplied: async () => undefined };
  const start = async (regions: RunStart['regions'], cells: RunStart['cells'] = null) => {
    const told: string[] = [];
    const log = (level: string, line: string) => void told.push(`${level} ${line}`);
    await beginRun(core as unknown as Core, { append } as unknown as EventLog, systemClock, log, {
      ...{ stored: [], positions: [], after: null, feeds: [], historyFromUs: null },
      ...{ regions, cells },
    });
    return told;
  };
  const edit = (...regions: Region[]) =>
    append({ k: 'regions', regions, version: state.regionsVersion + 1, edit: { fromUs: 1, members: [] } });
  return { state, start, edit };
}

test('a start without a file of micro-regions leaves those that were drawn while the server ran, and those of an earlier file', async () => {
  const drawn = newLog();
  await drawn.start(null);
  drawn.edit(region('drawn'));
  expect(await drawn.start(null)).toEqual([expect.stringContaining('info The micro-regions are as they were edited')]);
  expect(ids(drawn.state.regions)).toEqual(['drawn']);

  const filed = newLog();
  await filed.start([region('a')]);
  expect(await filed.start(null)).toEqual([]);
  expect(ids(filed.state.regions)).toEqual(['a']);
  filed.edit(region('a'), region('drawn'));
  await filed.start(null);
  // The same file as before is no other one, whatever was between.
  await filed.start([region('a')]);
  expect(ids(filed.state.regions)).toEqual(['a', 'drawn']);
});

test('a start that brings other micro-regions than before says how many edited ones it takes away', async () => {
  const { state, start, edit } = newLog();
  await start([region('a')]);
  edit(region('a'), ...Array.from({ length: 7 }, (_, i) => region(`drawn${i}`)));
  const told = await start([region('a'), region('b')]);
  expect(told).toEqual([
    expect.stringMatching(/^warn .*: 7 of them go.*\(drawn0, drawn1, drawn2, drawn3, drawn4 and 2 more\)/),
  ]);
  expect(ids(state.regions)).toEqual(['a', 'b']);
  // Nothing was edited since: a file that follows a file needs no word.
  expect(await start([region('c')])).toEqual([]);
  expect(ids(state.regions)).toEqual(['c']);
});

test('an empty file takes all away once, and edits since then stand though it is given again', async () => {
  const { state, start, edit } = newLog();
  await start([region('a')]);
  await start([]);
  expect(state.regions).toEqual([]);
  edit(region('drawn'));
  await start([]);
  expect(ids(state.regions)).toEqual(['drawn']);

  const other = newLog();
  await other.start([]);
  other.edit(region('drawn'));
  await other.start([]);
  expect(ids(other.state.regions)).toEqual(['drawn']);
});

test('a cell list that lacks a cell of the regions that stand is refused before anything is written', async () => {
  const { state, start, edit } = newLog();
  await start(null);
  edit(region('prefix', ['460-00-*']), region('drawn', ['460-00-1-7']));
  const cell = (cgi: string) => ({ cgi, name: '', lon: 113, lat: 23, azimuth: null, radio: '', site: '' });
  await expect(start(null, [cell('460-00-1-1')])).rejects.toMatchObject({
    code: 'REGION_CELL_UNKNOWN',
    message: expect.stringContaining('region drawn, which stands since before, names the cell 460-00-1-7'),
  });
  expect(state.registry.count).toBe(0);
  await start(null, [cell('460-00-1-7')]);
  expect(ids(state.regions)).toEqual(['prefix', 'drawn']);
});

test('no file of regions is no set of them; the simulated city brings its own', async () => {
  const silent = () => undefined;
  expect((await readReference({}, [parseFeedUri('push:a', '460-00')], silent)).regions).toBeNull();
  const city = await readReference({}, [parseFeedUri('sim:event-day?seed=1', '001-01')], silent);
  expect(city.regions!.length).toBeGreaterThan(5);
});
