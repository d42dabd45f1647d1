import type { Plant } from '../fuzz/build.ts';

/** A bug as somebody might write it; each is one text in one file, or several. */
export interface PlantedBug {
  name: string;
  plants: readonly Plant[];
  /** It shows in one of the first so many worlds. */
  within: number;
}

function bug(name: string, ...plants: [file: string, find: string, replace: string][]): PlantedBug {
  return { name, plants: plants.map(([file, find, replace]) => ({ file, find, replace })), within: 1_000 };
}
/** It takes two or three rare things in one world: `npm test` plays as many. */
function rareBug(...args: Parameters<typeof bug>): PlantedBug {
  return { ...bug(...args), within: 3_000 };
}

const journal = 'server/journal/journal.ts';
const core = 'server/core/core.ts';
const writer = 'server/store/writer.ts';
const pushFeed = 'server/events/push-feed.ts';
const asideFiles = 'server/cli/aside-files.ts';

export const plantedBugs: readonly PlantedBug[] = [
  bug('records count as committed before they are synced', [
    'server/journal/segment-writer.ts',
    '      await this.#file?.sync();\n',
    '',
  ]),
  bug('a group whose sync has failed is not written again', [
    journal,
    'this.#writer.write(chunks)',
    'this.#writer.write(chunks.splice(0))',
  ]),
  bug('what a failed sync has lost is taken for on disk at the next start', [
    'server/journal/recover.ts',
    'await makeLast(file, Math.max(0, noted - start), end)',
    'await file.sync()',
  ]),
  bug('a feed gets its credit before its rows are on disk', ['server/events/hub.ts', 'await kept;', '']),
  bug(
    'a record is applied before it is on disk',
    [
      'server/core/event-log.ts',
      'return entry !== undefined && entry.to <= this.#journal.committed ? entry : null;',
      'return entry ?? null;',
    ],
    [
      'server/core/event-log.ts',
      `    if (this.#at >= this.#journal.committed) return null;
    const index`,
      '    const index',
    ],
  ),
  bug('what a killed process has written counts as committed without a sync', [
    'server/journal/recover.ts',
    'await makeLast(file, Math.max(0, noted - start), end);',
    '',
  ]),
  rareBug('records are not checked', [
    'server/journal/record.ts',
    'if (view.getUint32(8, true) !== checksum(offset, payloadBytes, kind, back, payload)) return null;',
    'if (payloadBytes === 0 && kind === 0) return null;',
  ]),
  bug('a new segment is used before its folder is synced', [
    'server/journal/segment.ts',
    '    await disk.syncFolder(folder);\n  } catch (error) {',
    '  } catch (error) {',
  ]),
  bug('segments are removed before the new base lasts', [
    journal,
    `      if (await this.#note(this.#segments[gone].start))
        for (const segment of this.#segments.splice(0, gone)) await removeSegment(disk, segment);`,
    `      const { start } = this.#segments[gone];
      for (const segment of this.#segments.splice(0, gone)) await removeSegment(disk, segment);
      await this.#note(start);`,
  ]),
  bug('the journal forgets what the database has, though no snapshot has it', [
    core,
    'Math.min(neededFrom, storedTo())',
    'storedTo()',
  ]),
  bug('the journal forgets what snapshots have, though the database has not', [
    core,
    'Math.min(neededFrom, storedTo())',
    'neededFrom',
  ]),
  bug('the journal forgets what no checkpoint of an embedded database has', [
    'server/store/durable-offset.ts',
    "await this.#options.pool.query('checkpoint');",
    '',
  ]),
  bug('a full journal is let go only with the next record', [core, 'void this.release();', '']),
  bug('state and offset of a snapshot are of two moments', [
    core,
    'await snapshots.write(offset, staging, journal.leaveBytes);',
    'await snapshots.write(journal.committed, staging, journal.leaveBytes);',
  ]),
  bug('a snapshot is renamed before it is synced', ['server/core/snapshot-file.ts', '  await file.sync();\n', '']),
  bug(
    'a snapshot that found no room is left there half written',
    ['server/core/snapshots.ts', 'await this.#makeRoom(snapshotBytes(staging) + leaveBytes);', ''],
    ['server/core/snapshots.ts', 'await this.#disk.remove(temporary).catch(heardElsewhere);', ''],
  ),
  bug('a replay appends derived records again', [
    core,
    'this.#derived = Math.max(this.#state.derived, await newestDerived(journal, offset));',
    'this.#derived = this.#state.derived;',
  ]),
  bug('the ledger moves before the transaction of its rows', [
    writer,
    `    await client.query('begin');
    if (!(await moveLedger(client, this.#options.ledger, to)))
      throw new Error('the ledger has been moved: does another server write to this database?');`,
    `    if (!(await moveLedger(client, this.#options.ledger, to)))
      throw new Error('the ledger has been moved: does another server write to this database?');
    await client.query('begin');`,
  ]),
  bug('nobody asks how a commit has ended whose answer was lost', [writer, 'if (this.#unknown) {', 'if (false) {']),
  bug('the ledger of another journal is believed', [
    'server/cli/open-log.ts',
    'if (row.journal === journal.id) {',
    'if (row.journal !== "") {',
  ]),
  bug('a file is read again from its beginning', [
    'server/events/batch-writer.ts',
    'if (this.known <= 0 || timeUs > this.knownUs) return false;',
    'if (this.known >= 0) return false;',
  ]),
  bug('a batch that comes again is taken again', [
    pushFeed,
    'if (epoch === life && seq <= last) return true;',
    'if (epoch === life && seq <= last) return false;',
  ]),
  bug('a batch is taken though one is missing before it', [
    pushFeed,
    'if (seq === next) return false;',
    'if (seq >= next) return false;',
  ]),
  bug('a batch is acknowledged before it is on disk', [
    pushFeed,
    '    this.#taken = place;',
    '    this.#taken = place;\n    this.#acked = place;',
  ]),
  bug('a batch of a life that is over is taken', [pushFeed, 'if (epoch < life) {', 'if (epoch < 0) {']),
  bug('somebody who is seen late moves', [
    'server/events/sorter.ts',
    'while (end < stop && timeUs[end] >= releasedUs) end++;',
    'end = stop;',
  ]),
  bug('a journal that begins does not know the cells of the database', [
    'server/core/begin-run.ts',
    'if (isFirst) await appendCells(append, start.stored, false);',
    'if (isFirst) await Promise.resolve();',
  ]),
  bug('a restart takes a feed for new', [
    'server/cli/push-feeds.ts',
    'acked: position,',
    'acked: { epoch: 0, seq: 0 },',
  ]),
  bug('a batch is taken in part', [
    'server/events/push-reader.ts',
    'for (const row of rows ?? []) {',
    'for (const row of (rows ?? []).slice(0, 7)) {',
  ]),
  bug('rows far ahead are taken', [
    'server/events/push-reader.ts',
    'if (timeUs[i] > untilUs) ahead++;',
    'if (false) ahead++;',
  ]),
  bug('rows far behind what is counted are taken', [
    'server/events/push-reader.ts',
    'const fromUs = Math.max(youngUs, this.#countsFromUs());',
    'const fromUs = Math.max(youngUs, Math.min(0, this.#countsFromUs()));',
  ]),
  bug('rows of long ago are left out and set aside nowhere', [
    'server/events/push-reader.ts',
    'rows.filter((i) => !isKept(i)),',
    'rows.filter((i) => timeUs[i] > untilUs),',
  ]),
  bug('rows set aside count, too', [
    'server/events/push-reader.ts',
    'return { batch: gathered(batch, kept), newCells, aside,',
    'return { batch, newCells, aside,',
  ]),
  bug('rows are acknowledged that could not be set aside', [
    'server/events/push-aside.ts',
    'const kept = await this.#aside.keep(nameOf(place), text);',
    'const kept = (await this.#aside.keep(nameOf(place), text)) || true;',
  ]),
  bug('rows are set aside in a file that is not synced', [asideFiles, '      await file.sync();\n', '']),
  bug('rows are set aside in a folder that is not synced', [
    asideFiles,
    '    await disk.syncFolder(this.#path);\n    this.#held +=',
    '    this.#held +=',
  ]),
  bug('rows of a batch that comes again are set aside beside those of its first attempt', [
    asideFiles,
    'await file.write(bytes, 0);',
    `const before = await disk.open(path, 'read').catch(() => null);
      const old = new Uint8Array(before === null ? 0 : await before.size());
      await before?.read(old, 0);
      await file.write(Buffer.concat([old, bytes]), 0);`,
  ]),
  bug('what a failed attempt has set aside stays where its rows count', [
    pushFeed,
    'await this.#aside.drop(place);',
    '',
  ]),
  bug('a row that is too late for any counter counts as traffic', [
    'server/events/sorter.ts',
    'if (batch.timeUs[row] < this.releasedUs - this.latenessUs) {',
    'if (batch.timeUs[row] < this.releasedUs - 3 * this.latenessUs) {',
  ]),
  bug('late rows are stored again behind a commit of which nobody knew whether it had happened', [
    writer,
    'if (isSameRow(stored, to)) return 0;',
    `if (isSameRow(stored, to)) {
        const events = copiesOf(batch).filter(({ table }) => table === 'event');
        if (events.length === 0 || batch.eventMinUs > batch.clockUs - 5_000_000) return 0;
        await client.query('begin');
        await this.#copy(client, batch, events);
        await client.query('commit');
        return 0;
      }`,
  ]),
  rareBug('a database that goes away while it joins is taken for joined', [
    'server/store/late-store.ts',
    '      await store.close().catch(heardElsewhere);\n      throw error;',
    '      return store;',
  ]),
  bug('a database that has lost what it had confirmed is written on as it is', [
    writer,
    'if (stored.batch < this.#options.ledger.batch) throw new DatabaseBehind(stored, this.#options.ledger);',
    'if (stored.batch < this.#options.ledger.batch) this.#options.ledger = stored;',
  ]),
  rareBug('what is stored counts as stored for good while nobody knows which database comes back', [
    'server/store/durable-offset.ts',
    'return isSure() ? stored() : -1;',
    'return stored();',
  ]),
  bug('a record that the disk does not give is passed over', [
    'server/core/store-reader.ts',
    'const { at } = this.#reader;',
    'const at = records.committed;',
  ]),
  bug('a database that comes late gets only what comes from then on', [
    'test/sim/server.ts',
    'await join(opened as DatabaseStore, storeOffset(journal, core, opened, log));',
    'await join(opened as DatabaseStore, journal.committed);',
  ]),
  bug('an edit of the regions counts from when it is asked for, not from its place in the journal', [
    'server/core/region-editor.ts',
    '      const version = state.regionsVersion + 1;',
    '      const version = state.regionsVersion + 1;\n      state.regions = [...regions];\n      counting.setRegions();',
  ]),
  bug('an edit is answered before it is on disk', [
    'server/core/region-editor.ts',
    'await this.#core.whenApplied(this.#records.append(',
    'void (this.#records.append(',
  ]),
  bug('a start undoes the edits of the one before', [
    'server/core/begin-run.ts',
    'start.regions !== null && bringsOthers(state, start.regions)',
    'start.regions !== null',
  ]),
  bug(
    'a journal on a nearly full disk looks for room only where somebody waits',
    ['server/journal/disk-room.ts', 'if (this.#freeBytes < this.#leastBytes) this.lookLater();', ''],
    [core, 'void journal.look();', ''],
  ),
  bug('a snapshot has no room for cells that are known and silent', [
    'server/occupancy/engine.ts',
    'if (this.registry.count > this.figures.heardUs.length) this.grow();',
    '',
  ]),
  bug('origins of an interval that is told again are left out', [
    'server/store/intake.ts',
    'if (origins !== undefined) writeOrigins(',
    'if (origins !== undefined && !again) writeOrigins(',
  ]),
  bug('trips and dwell of an interval that is told again stay beside those of before', [
    'server/store/rows.ts',
    "  'region_flow',\n  'region_dwell',\n] as const",
    '] as const',
  ]),
  bug('what was foretold is told again as if it were news', [
    'server/core/counting.ts',
    'startUs < this.#foretoldToUs',
    'startUs < this.#foretoldToUs - 1e12',
  ]),
  bug('an hour of facts is taken before the transaction that counts it', [
    'server/store/facts-upkeep.ts',
    `    await transaction(pool, async (client) => {
      const taken = await client.query(namedQuery('facts-take'), ['hour', start]);
      if (lost`,
    `    const taken = await pool.query(namedQuery('facts-take'), ['hour', start]);
    await transaction(pool, async (client) => {
      if (lost`,
  ]),
  bug('hours of a batch whose refused rows were looked for are not counted again', [
    writer,
    'await markEventHours(client, batch.eventHours);',
    'if (careful === null) await markEventHours(client, batch.eventHours);',
  ]),
  bug('stays do not reach what is kept of subscribers', [writer, "{ table: 'stay_queue', columns, rows },", '']),
  bug('a row is set aside whatever the database says', [
    'server/store/careful-copy.ts',
    'const ofValues = /^2[23]/;',
    'const ofValues = /^[2-5]/;',
  ]),
  bug('who looks for refused rows takes the half that was refused for stored', [
    'server/store/careful-copy.ts',
    "await client.query('rollback to savepoint part');",
    "if (to - from !== 2) await client.query('rollback to savepoint part');\n      else return;",
  ]),
  bug('what was learnt is stored only where all events are', [
    'server/store/intake.ts',
    'writeLearnt(open.copies, batch, i);',
    'if (oneIn === 1) writeLearnt(open.copies, batch, i);',
  ]),
  bug('activity waits for more of it', [
    'server/store/intake.ts',
    'if (this.#activity.rows > 0) this.#activity.drain',
    'if (this.#activity.rows > 20) this.#activity.drain',
  ]),
  bug('a region that an edit has taken away keeps its cells', [
    'server/store/regions.ts',
    'await saveMembership(client, [...ids, ...gone], cellsOf, noNewCell, fromUs);',
    'await saveMembership(client, ids, cellsOf, noNewCell, fromUs);',
  ]),
  bug('each batch has a timer of its own for sending again', [
    'test/sim/client.ts',
    'if (this.#cancel === null) this.#wait();',
    'this.#wait();',
  ]),
  bug('a segment that is missing has no place in the log', [
    'server/journal/recover.ts',
    'segments.push({ start: expected, path: missing, isMissing: true });',
    '',
  ]),
  bug('what is missing of the journal is passed over', [
    'server/journal/reader.ts',
    'throw unreadable(segment.path, this.#at - segment.start, error);',
    'this.#at = end;\n        return await this.next();',
  ]),
];
