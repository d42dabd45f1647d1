import { segmentHeadBytes } from '../../server/journal/segment.ts';
import type { Path } from './coverage.ts';
import { refusals } from './database.ts';
import type { Chance } from './schedule.ts';
import { littleAside, regionOf, type World } from './world.ts';

type Trouble = (world: World, chance: Chance) => void;

/** Where rows are set aside. */
const aside = 'quarantine/';

const kill: Trouble = (world) => {
  if (world.server !== null) world.end(world.server, 'process');
};
const powerCut: Trouble = (world) => {
  if (world.server !== null) world.end(world.server, 'power');
};
/** What the killed process has written stays where it is, not synced, until the power goes. */
const killThenCut: Trouble = (world, chance) => {
  kill(world, chance);
  fullDisk(world, chance);
  if (chance.once(2) && !world.machine.small) world.machine.disk.free = 0;
  world.schedule.after(Math.min(chance.between(100, 1_200), world.calmMs - world.schedule.nowMs - 1), () =>
    powerCut(world, chance),
  );
};
const anEnd = (world: World, chance: Chance) => () => (chance.once(2) ? kill(world, chance) : powerCut(world, chance));
/** Just behind a step that matters: a file made, renamed or removed, names synced. */
const endAtStep: Trouble = (world, chance) => {
  const what = (['open', 'rename', 'remove', 'remove', 'syncFolder'] as const)[chance.below(5)];
  world.machine.trap = { what, under: '', run: anEnd(world, chance) };
};
/** The same of rows that are being set aside: their batch has not been handed on, and comes again at another time. */
const endAside: Trouble = (world, chance) => {
  const what = (['sync', 'rename', 'syncFolder', 'syncFolder'] as const)[chance.below(4)];
  world.machine.trap = { what, under: aside, run: anEnd(world, chance) };
};
const stop: Trouble = (world) => {
  if (world.server?.running) world.stop(world.server);
};

/** For a while, but not longer than things may go wrong. */
function forAWhile(world: World, chance: Chance, msMax: number, over: () => void): number {
  const ms = Math.min(chance.between(20, msMax), world.calmMs - world.schedule.nowMs);
  world.schedule.after(ms, over);
  return ms;
}

const outage: Trouble = (world, chance) => {
  world.schedule.note('--- the database goes away');
  world.database.goAway();
  forAWhile(world, chance, 2_000, () => {
    world.schedule.note('--- the database is back');
    world.database.up = true;
  });
};
/** A database comes back as it was some commits ago: not further than the journal still has what it lacks. */
const backup: Trouble = (world, chance) => {
  const { database, follower } = world;
  if (database.embedded || database.restoring) return;
  world.schedule.note('--- a backup of the database is put back');
  database.restoring = true;
  database.goAway();
  database.up = true;
  const { letGo } = follower;
  forAWhile(world, chance, 300, () => {
    database.restoring = false;
    const { commits } = database;
    const ledgerAt = (length: number) => commits.slice(0, length).findLast(({ ledger }) => ledger !== null)?.ledger;
    const has = (length: number) => {
      const ledger = ledgerAt(length);
      return ledger?.journal === follower.id ? ledger.offset >= letGo : letGo === 0 && world.lost === null;
    };
    // Who had lost his journal goes on behind what was stored.
    const least = Math.max(1, world.lost?.commits ?? 0);
    const most = chance.once(2) ? 1 + chance.below(12) : commits.length;
    let left = commits.length;
    while (left > least && commits.length - left < most && has(left - 1)) left--;
    const isTold = ledgerAt(left)?.batch !== ledgerAt(commits.length)?.batch;
    // That cells and regions are gone of a start behind which nothing was stored yet, nobody learns before the next start.
    if (!isTold && commits.slice(left).some(({ cells, regions }) => cells.length + regions.length > 0)) return;
    if (isTold) world.schedule.coverage.meet('commits taken back');
    database.goBack(commits.length - left);
  });
};
const hang: Trouble = (world, chance) => {
  world.schedule.note('--- the database hangs');
  world.database.hangs = true;
  forAWhile(world, chance, 3_000, () => world.database.recover());
};
const lostAnswers: Trouble = (world, chance) => {
  world.schedule.note('--- answers to commits get lost');
  world.database.losesAnswers = 1 + chance.below(3);
};
const refused: Trouble = (world, chance) => {
  world.schedule.note('--- the database refuses');
  // As many as it takes to come down to one row by halves.
  world.database.refuses = 1 + chance.below(chance.once(2) ? 20 : 3);
  world.database.refusesCopies = chance.once(2);
  world.database.refusal = refusals[chance.below(refusals.length)];
};
const fullDisk: Trouble = (world, chance) => {
  // What there is would never come back.
  if (world.machine.small) return;
  world.schedule.note('--- the disk is full');
  world.machine.disk.free = chance.below(6_000);
  forAWhile(world, chance, 2_500, () => {
    world.schedule.note('--- the disk has room again');
    if (!world.machine.small) world.machine.disk.free = Number.POSITIVE_INFINITY;
  });
};
/** As good as no room is left and nobody ever makes any: there is what the server itself gives back. */
const smallDisk: Trouble = (world, chance) => {
  const { disk } = world.machine;
  if (world.listGrows) return;
  void disk.list('snapshots').then((names) => {
    // With one, the next has no place; and those of a journal that is lost are never given back.
    if (names.filter((name) => name.endsWith('.snapshot')).length < 2 || world.lost !== null || world.machine.small)
      return;
    world.schedule.note('--- the disk is full for good');
    world.schedule.coverage.meet('a disk full for good');
    world.machine.small = true;
    // Room for the next snapshot, a segment and the reserve there must be.
    const newest = names.sort().findLast((name) => name.endsWith('.snapshot'))!;
    disk.free = disk.contents(`snapshots/${newest}`).length + 8_000 + chance.below(4_000);
  });
};
const slowDisk: Trouble = (world, chance) => {
  world.schedule.note('--- the disk is slow');
  world.machine.slowUntilMs = world.schedule.nowMs + forAWhile(world, chance, 1_500, () => undefined);
};
const failingDisk: Trouble = (world, chance) => {
  world.schedule.note('--- the disk fails');
  // Of a sync more is lost than of the others.
  const kinds = ['write', 'sync', 'sync', 'sync', 'open', 'rename', 'syncFolder', 'remove'] as const;
  const what = kinds[chance.below(kinds.length)];
  // Rows are set aside: their name may be there, and not last.
  world.machine.failing = chance.once(3) ? { what: 'syncFolder', under: aside } : { what, under: '' };
  world.machine.failure = chance.once(2) ? 'EIO' : 'ENOSPC';
};
/** Once, of a segment. A start reads much, and the store behind it. */
const unread: Trouble = (world, chance) => {
  const failing = { what: 'read', under: 'journal/0', skip: chance.below(60) } as const;
  Object.assign(world.machine, { failing, failure: 'EIO' });
  kill(world, chance);
};
const unreadSnapshot: Trouble = (world, chance) => {
  const failing = { what: 'read', under: 'snapshots/0', skip: chance.below(12) } as const;
  Object.assign(world.machine, { failing, failure: 'EIO' });
  kill(world, chance);
};
/** Segments, oldest first; and how many of them stand wholly before the newest snapshot: the store alone may need those. */
async function segmentsOf({ machine }: World): Promise<{ paths: string[]; older: number }> {
  const { disk } = machine;
  const startOf = (name: string) => Number.parseInt(name, 10);
  const names = (await disk.list('journal')).filter((name) => name.endsWith('.journal')).sort();
  const snapshots = (await disk.list('snapshots')).filter((name) => name.endsWith('.snapshot')).map(startOf);
  const newest = Math.max(-1, ...snapshots);
  const older = names.filter((_, i) => i + 1 < names.length && startOf(names[i + 1]) <= newest).length;
  return { paths: names.map((name) => `journal/${name}`), older };
}
/** A file of the journal is gone for a while, and somebody brings it back. */
const missing: Trouble = (world, chance) => {
  const { machine, schedule } = world;
  void segmentsOf(world).then(({ paths, older }) => {
    if (older === 0 || world.lost !== null || machine.missing) return;
    machine.missing = true;
    const path = paths[chance.below(older)];
    schedule.note(`--- ${path} is missing`);
    const bringBack = machine.disk.takeAway(path);
    kill(world, chance);
    forAWhile(world, chance, 3_000, () => {
      machine.missing = false;
      // Of a journal that is no more it is no use.
      if (world.lost === null) bringBack();
    });
  });
};
/** The head of a file of the journal is damaged, maybe of the newest. */
const headless: Trouble = (world, chance) => {
  const { disk } = world.machine;
  void segmentsOf(world).then(({ paths }) => {
    const path = paths[chance.below(paths.length)];
    if (path === undefined || disk.contents(path).length <= segmentHeadBytes) return;
    world.schedule.note(`--- the head of ${path} is damaged`);
    disk.corrupt(path, (bytes) => {
      bytes[chance.below(segmentHeadBytes)] ^= 1 << chance.below(8);
    });
    kill(world, chance);
  });
};
/** An operator takes the files of rows set aside away, as far as their batches are acknowledged. */
const takeAside: Trouble = (world, chance) => {
  void world.quarantine.take();
  // Where there is little room, rows wait for it.
  if (world.config.pushAsideBytesMax === littleAside || world.machine.small)
    world.schedule.after(chance.between(200, 800), () => takeAside(world, chance));
};
const badNetwork: Trouble = (world, chance) => {
  for (const client of world.clients)
    client.badUntilMs = world.schedule.nowMs + forAWhile(world, chance, 2_000, () => undefined);
};
/** Somebody, or a time server, sets the clock; later it is right again. */
const clockStep: Trouble = (world, chance) => {
  const offUs = Math.floor(chance.between(-1, 1) * (chance.once(2) ? 3_600e6 : 100e6));
  const set = (byUs: number) => {
    world.clock.offUs += byUs;
    world.clockSetMs = world.schedule.nowMs;
  };
  set(offUs);
  forAWhile(world, chance, 2_000, () => set(-offUs));
};

/** The journal's folder is gone; everything else is there. */
const loseJournal: Trouble = (world, chance) => {
  // A journal that was lost twice, or with it what the database still had to keep, has lost rows for good.
  if (world.lost !== null || world.server === null || world.machine.small) return;
  kill(world, chance);
  world.loseJournal();
};

/** The disk has changed an octet of the newest snapshot, and the process is killed. */
const rot: Trouble = (world, chance) => {
  const { disk } = world.machine;
  void disk.list('snapshots').then((names) => {
    const files = names.filter((name) => name.endsWith('.snapshot')).sort();
    const before = Number.parseInt(files.at(-2) ?? '-1', 10);
    // A full journal gives the older ones up, maybe just now.
    const journal = world.server?.running ? world.server.journal! : null;
    const base = journal === null || journal.full ? Number.POSITIVE_INFINITY : journal.base;
    // Without the one before, and the journal from there on, there would be none to go on from.
    if (before < base || world.lost !== null) return;
    world.schedule.note('--- a snapshot rots');
    world.machine.rotten = true;
    disk.corrupt(`snapshots/${files.at(-1)}`, (bytes) => {
      bytes[chance.below(bytes.length)] ^= 1 << chance.below(8);
    });
    kill(world, chance);
  });
};

/** Any regions, nested, overlapping, or as they were; some keep their cells. */
const edit: Trouble = (world, chance) => {
  const some = () => world.cells.filter(() => chance.once(2));
  const kept = world.regions.filter(() => chance.once(2));
  const others = Array.from({ length: chance.below(3) }, (_, i) => regionOf(`e${i}`, some()));
  world.edit([...kept, ...others.filter(({ cells }) => cells!.length > 0)]);
};

/** An edit, and what may become of it while it is on its way: to disk, to the counters, to the database. */
const editAndEnd: Trouble = (world, chance) => {
  edit(world, chance);
  const ms = chance.between(0, chance.once(3) ? 150 : 8);
  world.schedule.after(Math.min(ms, world.calmMs - world.schedule.nowMs - 1), () =>
    chance.once(2) ? kill(world, chance) : powerCut(world, chance),
  );
};

const all: readonly [Path, Trouble, weight: number][] = [
  ['a kill', kill, 6],
  ['a power cut', powerCut, 10],
  ['a power cut behind a kill', killThenCut, 5],
  ['an end right behind a step', endAtStep, 5],
  ['an end while rows are set aside', endAside, 4],
  ['SIGTERM', stop, 2],
  ['an outage of the database', outage, 4],
  ['a database that hangs', hang, 2],
  ['a lost answer to a commit', lostAnswers, 4],
  ['a refusal of the database', refused, 5],
  ['a full disk', fullDisk, 2],
  ['a small disk', smallDisk, 3],
  ['a slow disk', slowDisk, 2],
  ['a failing disk', failingDisk, 4],
  ['a bad network', badNetwork, 2],
  ['a step of the clock', clockStep, 2],
  ['other regions', edit, 4],
  ['an end right behind an edit', editAndEnd, 3],
  ['a rotten snapshot', rot, 2],
  ['a lost journal', loseJournal, 1],
];

/** In some worlds, by the seed: what happens in the others stays as it was. */
const more: typeof all = [
  ['a database of before', backup, 14],
  ['a segment that is not given', unread, 10],
];
const damage: typeof all = [
  ['a missing segment', missing, 40],
  ['a segment without its head', headless, 12],
  ['a snapshot that is not given', unreadSnapshot, 20],
];

/** What goes wrong in a world, and when. */
export function troubles(world: World, chance: Chance): void {
  const drawn = [...all, ...(world.hasMore ? more : []), ...(world.hasDamage ? damage : [])].flatMap(
    ([path, trouble, weight]) => Array.from({ length: weight }, () => ({ path, trouble })),
  );
  for (let n = 2 + chance.below(8); n > 0; n--) {
    const { path, trouble } = drawn[chance.below(drawn.length)];
    world.schedule.after(chance.between(20, world.calmMs - 100), () => {
      world.schedule.coverage.meet(path);
      trouble(world, chance);
    });
  }
  world.schedule.after(chance.between(300, world.calmMs - 50), () => world.giveAll());
  world.schedule.after(chance.between(300, world.calmMs), () => takeAside(world, chance));
  world.schedule.after(world.calmMs, () => {
    const { database, machine } = world;
    database.recover();
    Object.assign(database, { up: true, restoring: false, losesAnswers: 0, refuses: 0 });
    Object.assign(machine, { failing: null, trap: null, slowUntilMs: 0 });
    // Whoever is told that the disk is small finds room for what has come to be known since, and no more.
    machine.disk.free += machine.small ? 40_000 : Number.POSITIVE_INFINITY;
    // What is set aside takes room too, and who makes room looks there.
    if (machine.small) takeAside(world, chance);
    world.schedule.note('--- calm');
  });
}
