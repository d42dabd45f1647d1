import type { Plant } from '../fuzz/build.ts';

/** A bug as somebody might write it; each is one text in one file, or several. */
export interface PlantedBug {
  name: string;
  plants: readonly Plant[];
}

function bug(name: string, ...plants: [file: string, find: string, replace: string][]): PlantedBug {
  return { name, plants: plants.map(([file, find, replace]) => ({ file, find, replace })) };
}

const journal = 'server/journal/journal.ts';
const core = 'server/core/core.ts';
const writer = 'server/store/writer.ts';

export const plantedBugs: readonly PlantedBug[] = [
  bug('records count as committed before they are synced', [
    journal,
    'await this.#untilRoom(() => this.#file!.sync());',
    '',
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
    'if (newest) await file.sync();',
    '',
  ]),
  bug('records are not checked', [
    'server/journal/record.ts',
    'if (view.getUint32(8, true) !== checksum(offset, payloadBytes, kind, back, payload)) return null;',
    'if (payloadBytes === 0 && kind === 0) return null;',
  ]),
  bug('a new segment is used before its folder is synced', [
    'server/journal/segment.ts',
    '  await disk.syncFolder(folder);\n  return file;',
    '  return file;',
  ]),
  bug('segments are removed before the new base lasts', [
    journal,
    `      await writeBase(disk, folder, { id: this.id, base });
      this.#base = base;
      for (const segment of this.#segments.splice(0, gone)) await disk.remove(segment.path);`,
    `      for (const segment of this.#segments.splice(0, gone)) await disk.remove(segment.path);
      await writeBase(disk, folder, { id: this.id, base });
      this.#base = base;`,
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
  bug('the journal forgets what an embedded database has not synced', [
    'server/store/durable-offset.ts',
    'await syncFiles(folder, this.#syncedMs);',
    '',
  ]),
  bug('a full journal is let go only with the next record', [core, 'void this.release();', '']),
  bug('state and offset of a snapshot are of two moments', [
    core,
    'await snapshots.write(offset, staging);',
    'await snapshots.write(journal.committed, staging);',
  ]),
  bug('a snapshot is renamed before it is synced', ['server/core/snapshot-file.ts', '  await file.sync();\n', '']),
  bug('a replay appends derived records again', [
    core,
    'this.#derived = Math.max(this.#state.derived, await this.#newestDerived(offset));',
    'this.#derived = this.#state.derived;',
  ]),
  bug('the ledger moves before the transaction of its rows', [
    writer,
    `    await client.query('begin');
    if (!(await moveLedger(client, this.#options.ledger.batch, to)))
      throw new Error('the ledger has been moved: does another server write to this database?');`,
    `    if (!(await moveLedger(client, this.#options.ledger.batch, to)))
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
  bug(
    'a batch that comes again is taken again',
    ['test/sim/ports.ts', 'else if (first + events.length <= this.#taken)', 'else if (first + events.length < 0)'],
    ['test/sim/ports.ts', 'events.slice(this.#taken - first)', 'events.slice(0)'],
  ),
  bug('a batch is taken though one is missing before it', [
    'test/sim/ports.ts',
    'if (first > this.#taken)',
    'if (first < 0)',
  ]),
  bug('each batch has a timer of its own for sending again', [
    'test/sim/client.ts',
    'if (this.#cancel === null) this.#wait();',
    'this.#wait();',
  ]),
];
