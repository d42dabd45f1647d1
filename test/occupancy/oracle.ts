/**
 * The slow and obvious way from sightings to counters, straight from the definitions in DESIGN §2: plain objects,
 * every interval and every area looked at for every subscriber. Nothing of server/ is used.
 */
export interface OracleSighting {
  timeUs: number;
  subscriber: string;
  cell: string;
  detach?: boolean;
}

export interface OracleRow {
  present: number;
  entries: number;
  exits: number;
  appeared: number;
  vanished: number;
  visitors: number;
  fresh5: number;
}

export interface OracleStay {
  subscriber: string;
  cell: string;
  firstInUs: number;
  lastInUs: number;
  firstOutUs: number;
  events: number;
  /** Null: vanished or detached. */
  toCell: string | null;
}

/** From where on areas are counted, as if nothing had been known before but where everybody is. */
export interface OracleBegin {
  /** Sightings before it. */
  index: number;
  timeUs: number;
}

export interface OracleOptions {
  /** In order of (time, arrival). */
  sightings: OracleSighting[];
  /** Areas by name with the cells in them. */
  areas: Map<string, Set<string>>;
  everyUs: number;
  holdDownUs: number;
  ttlUs: (cell: string) => number;
  /** Absent: from the first sighting on. */
  begin?: OracleBegin;
}

interface Segment {
  cell: string;
  fromUs: number;
  toUs: number;
}

interface Life {
  segments: Segment[];
  appearances: { timeUs: number; cell: string }[];
  vanishings: { timeUs: number; cell: string }[];
  /** In order; a null `from` is an appearance, a null `to` a vanishing; `sighting` is the one before or at it. */
  steps: { timeUs: number; from: string | null; to: string | null; sighting: number }[];
  /** Where it was when counting began, since when, and its segment. */
  before: { cell: string; sinceUs: number; segment: number } | null;
}

interface OwnSighting extends OracleSighting {
  /** Place among all sightings. */
  place: number;
}

const fiveMinutesUs = 300_000_000;
/** Fix ages are told to the half minute. */
const ageStepUs = 30_000_000;

/**
 * Whether one who is nowhere is seen elsewhere too at that very time: of sightings at one time the later to arrive wins,
 * and its cell is where the subscriber appears. A detach ends a presence, so what follows it is another appearance. All
 * are told on one side of `begin`.
 */
function isSuperseded(sightings: OwnSighting[], i: number, begin?: OracleBegin): boolean {
  const { timeUs, cell, place } = sightings[i];
  const isBefore = (other: number) => begin !== undefined && other < begin.index;
  for (let k = i; sightings[k].detach !== true; k++) {
    const next = sightings[k + 1];
    if (next === undefined || next.timeUs !== timeUs || isBefore(next.place) !== isBefore(place)) return false;
    if (next.cell !== cell) return true;
  }
  return false;
}

function lifeOf(sightings: OwnSighting[], ttlUs: (cell: string) => number, begin?: OracleBegin): Life {
  const life: Life = { segments: [], appearances: [], vanishings: [], steps: [], before: null };
  let gone = true;
  sightings.forEach((sighting, i) => {
    const { timeUs, cell } = sighting;
    if (gone && isSuperseded(sightings, i, begin)) {
      life.segments.push({ cell, fromUs: timeUs, toUs: timeUs });
      return;
    }
    if (gone) {
      life.appearances.push({ timeUs, cell });
      life.steps.push({ timeUs, from: null, to: cell, sighting: i });
    } else if (sightings[i - 1].cell !== cell) {
      life.steps.push({ timeUs, from: sightings[i - 1].cell, to: cell, sighting: i });
    }
    const nextUs = i + 1 < sightings.length ? sightings[i + 1].timeUs : Number.POSITIVE_INFINITY;
    const endUs = sighting.detach === true ? timeUs : timeUs + ttlUs(cell);
    gone = sighting.detach === true || nextUs >= endUs;
    life.segments.push({ cell, fromUs: timeUs, toUs: Math.min(nextUs, endUs) });
    if (gone) {
      life.vanishings.push({ timeUs: endUs, cell });
      life.steps.push({ timeUs: endUs, from: cell, to: null, sighting: i });
    }
  });
  return begin === undefined ? life : lifeSince(life, sightings, begin);
}

/** The part of a life from `begin` on. */
function lifeSince(life: Life, sightings: OwnSighting[], begin: OracleBegin): Life {
  // A vanish by time comes before whatever happens at that time.
  const isAfter = (sighting: number, timeUs: number, isVanish: boolean) =>
    sightings[sighting].place >= begin.index ||
    (isVanish && sightings[sighting].detach !== true && timeUs > begin.timeUs);
  const first = life.steps.findIndex(({ sighting, timeUs, to }) => isAfter(sighting, timeUs, to === null));
  const at = first < 0 ? life.steps.length : first;
  const stepBefore = life.steps.slice(0, at).at(-1);
  const newest = sightings.findLastIndex(({ place }) => place < begin.index);
  const steps = life.steps.slice(at);
  const isHere = stepBefore !== undefined && stepBefore.to !== null;
  return {
    segments: life.segments,
    steps,
    appearances: steps.filter(({ from }) => from === null).map(({ timeUs, to }) => ({ timeUs, cell: to! })),
    vanishings: steps.filter(({ to }) => to === null).map(({ timeUs, from }) => ({ timeUs, cell: from! })),
    before: isHere ? { cell: stepBefore.to!, sinceUs: stepBefore.timeUs, segment: newest } : null,
  };
}

interface Crossing {
  timeUs: number;
  entry: boolean;
  /** Place among the subscriber's steps. */
  step: number;
}

/** Crossings of one subscriber at one area's border that count. */
function crossingsOf(life: Life, cells: Set<string>, holdDownUs: number): Crossing[] {
  const held: Crossing[] = [];
  let pending: Crossing | null = null;
  for (const [step, { timeUs, from, to }] of life.steps.entries()) {
    if (from === null) continue;
    if (to === null) {
      if (pending !== null) held.push(pending);
      pending = null;
      continue;
    }
    if (cells.has(from) === cells.has(to)) continue;
    const crossing = { timeUs, entry: cells.has(to), step };
    if (pending !== null && crossing.entry !== pending.entry && timeUs - pending.timeUs < holdDownUs) {
      pending = null;
      continue;
    }
    if (pending !== null) held.push(pending);
    pending = crossing;
  }
  if (pending !== null) held.push(pending);
  return held;
}

function bySubscriber(sightings: OracleSighting[]): OwnSighting[][] {
  const groups = new Map<string, OwnSighting[]>();
  for (const [place, found] of sightings.entries()) {
    const sighting = { ...found, place };
    const group = groups.get(sighting.subscriber);
    if (group === undefined) groups.set(sighting.subscriber, [sighting]);
    else group.push(sighting);
  }
  return [...groups.values()];
}

/** Rows by interval end (µs), then by area, from the first to the last sighting's interval. */
export function countByDefinition(options: OracleOptions): Map<number, Map<string, OracleRow>> {
  const { sightings, areas, everyUs, holdDownUs, ttlUs, begin } = options;
  const table = new Map<number, Map<string, OracleRow>>();
  if (sightings.length === 0) return table;
  const startOf = (timeUs: number) => Math.floor(timeUs / everyUs) * everyUs;
  const lastUs = startOf(sightings[sightings.length - 1].timeUs);
  const lives = bySubscriber(sightings).map((own) => ({ own, life: lifeOf(own, ttlUs, begin) }));
  for (let s = startOf(sightings[0].timeUs); s <= lastUs; s += everyUs) {
    const e = s + everyUs;
    const row = new Map<string, OracleRow>();
    table.set(e, row);
    for (const [name, cells] of areas) {
      const counts = { present: 0, entries: 0, exits: 0, appeared: 0, vanished: 0, visitors: 0, fresh5: 0 };
      row.set(name, counts);
      for (const { own, life } of lives) {
        const inside = life.segments.filter(({ cell }) => cells.has(cell));
        if (inside.some(({ fromUs, toUs }) => fromUs < e && toUs >= e && fromUs < toUs)) {
          counts.present++;
          const newest = own.filter(({ timeUs }) => timeUs < e).at(-1)!;
          if (newest.timeUs >= Math.floor(e / ageStepUs) * ageStepUs - fiveMinutesUs) counts.fresh5++;
        }
        // Whoever was there when counting began is a visitor, unless it left at the interval's very start.
        const visits = life.segments.some(({ cell, fromUs, toUs }, i) => {
          if (!cells.has(cell)) return false;
          if (begin !== undefined && own[i].place < begin.index)
            return i === life.before?.segment && toUs > s && fromUs < e;
          return Math.max(fromUs, s) < Math.min(toUs, e);
        });
        if (visits) counts.visitors++;
        const within = ({ timeUs }: { timeUs: number }) => timeUs >= s && timeUs < e;
        counts.appeared += life.appearances.filter((a) => cells.has(a.cell)).filter(within).length;
        counts.vanished += life.vanishings.filter((v) => cells.has(v.cell)).filter(within).length;
        for (const { entry } of crossingsOf(life, cells, holdDownUs).filter(within)) {
          if (entry) counts.entries++;
          else counts.exits++;
        }
      }
    }
  }
  return table;
}

export interface OracleTrip {
  from: string;
  to: string;
  timeUs: number;
}

interface HeldStay {
  area: string;
  fromUs: number;
  leftUs: number;
  /** The step that ended it; infinite: none has. */
  leftStep: number;
  isVanish: boolean;
}

/** Stays in an area: from an appearance or a held entry to the held exit or the vanish. Steps count from `firstStep` on. */
function heldStaysOf(area: string, cells: Set<string>, life: Life, holdDownUs: number, firstStep = 0): HeldStay[] {
  const held = new Map(crossingsOf(life, cells, holdDownUs).map(({ step, entry }) => [step, entry]));
  const stays: HeldStay[] = [];
  let fromUs = life.before !== null && cells.has(life.before.cell) ? life.before.sinceUs : Number.NaN;
  const end = (leftUs: number, leftStep: number, isVanish: boolean): void => {
    if (!Number.isNaN(fromUs)) stays.push({ area, fromUs, leftUs, leftStep: leftStep + firstStep, isVanish });
    fromUs = Number.NaN;
  };
  for (const [step, { timeUs, from, to }] of life.steps.entries()) {
    if (from === null ? cells.has(to!) : held.get(step) === true) fromUs = timeUs;
    if (to === null || held.get(step) === false) end(timeUs, step, to === null);
  }
  end(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, false);
  return stays;
}

/** Whether one was there before and behind a crossing; a vanish at its very time comes behind it. */
function isAround(
  { fromUs, leftUs, leftStep, isVanish }: HeldStay,
  { timeUs, step }: { timeUs: number; step: number },
) {
  return fromUs < timeUs && (leftUs > timeUs || (isVanish && leftStep > step));
}

/**
 * Trips: entries that held into one area, at most `tripUs` after the subscriber's newest held exit since it appeared, from
 * another in which it is not; and exits that held from one area while in another, to which it came while in the first.
 * With `edit` the areas of `after` take the place of those of `before` there: their crossings are told apart
 * by `before:` and `after:` in front of their names, and what of `before` had not settled makes no trip.
 */
export function tripsByDefinition(
  options: OracleOptions,
  tripUs: number,
  edit?: { begin: OracleBegin; before: Map<string, Set<string>>; after: Map<string, Set<string>> },
): OracleTrip[] {
  const trips: OracleTrip[] = [];
  for (const own of bySubscriber(options.sightings)) {
    const life = lifeOf(own, options.ttlUs);
    const exits: { area: string; step: number; timeUs: number }[] = [];
    const entries: { area: string; step: number; timeUs: number }[] = [];
    const stays: HeldStay[] = [];
    const put = (area: string, crossings: Crossing[], firstStep: number): void => {
      for (const { timeUs, entry, step } of crossings)
        (entry ? entries : exits).push({ area, step: step + firstStep, timeUs });
    };
    for (const [area, cells] of options.areas) {
      put(area, crossingsOf(life, cells, options.holdDownUs), 0);
      stays.push(...heldStaysOf(area, cells, life, options.holdDownUs));
    }
    if (edit !== undefined) {
      const { begin, before, after } = edit;
      const known = own.filter(({ place }) => place < begin.index);
      for (const [area, cells] of before) {
        const lifeBefore = lifeOf(known, options.ttlUs);
        stays.push(...heldStaysOf(`before:${area}`, cells, lifeBefore, options.holdDownUs));
        const held = crossingsOf(lifeBefore, cells, options.holdDownUs);
        const settled = held.filter(({ timeUs }) => timeUs + options.holdDownUs <= begin.timeUs);
        put(`before:${area}`, settled, 0);
      }
      const since = lifeOf(own, options.ttlUs, begin);
      const firstStep = life.steps.length - since.steps.length;
      for (const [area, cells] of after) {
        put(`after:${area}`, crossingsOf(since, cells, options.holdDownUs), firstStep);
        stays.push(...heldStaysOf(`after:${area}`, cells, since, options.holdDownUs, firstStep));
      }
    }
    for (const { area, step, timeUs } of entries) {
      const appeared = life.steps.findLastIndex(({ from }, i) => from === null && i <= step);
      const before = exits.filter((exit) => exit.step <= step && exit.step > appeared);
      const leftUs = Math.max(...before.map((exit) => exit.timeUs));
      if (timeUs - leftUs > tripUs) continue;
      // Left twice at that moment, where nothing is held down, an area is left once.
      for (const from of new Set(before.filter((exit) => exit.timeUs === leftUs).map((exit) => exit.area)))
        if (from !== area && !stays.some((stay) => stay.area === from && isAround(stay, { timeUs, step })))
          trips.push({ from, to: area, timeUs });
    }
    for (const exit of exits) {
      const left = stays.find(({ area, leftStep }) => area === exit.area && leftStep === exit.step)!;
      for (const other of stays)
        if (other.area !== exit.area && isAround(other, exit) && other.fromUs > left.fromUs)
          trips.push({ from: exit.area, to: other.area, timeUs: exit.timeUs });
    }
  }
  return trips;
}

/** By interval end (µs), then `from>to`. */
export function tripTable(trips: OracleTrip[], everyUs: number): Map<number, Map<string, number>> {
  const table = new Map<number, Map<string, number>>();
  for (const { from, to, timeUs } of trips) {
    const endUs = (Math.floor(timeUs / everyUs) + 1) * everyUs;
    const row = table.get(endUs) ?? new Map<string, number>();
    table.set(endUs, row);
    row.set(`${from}>${to}`, (row.get(`${from}>${to}`) ?? 0) + 1);
  }
  return table;
}

export interface OracleDwell {
  area: string;
  fromUs: number;
  /** Null where it still lasts. */
  outUs: number | null;
  lastInUs: number;
}

/** Stays in areas as known at `untilUs`: from an appearance or a held entry to the held exit or the vanish. */
export function dwellByDefinition(options: OracleOptions, untilUs: number): OracleDwell[] {
  const stays: OracleDwell[] = [];
  for (const own of bySubscriber(options.sightings)) {
    const life = lifeOf(own, options.ttlUs, options.begin);
    life.steps = life.steps.filter(({ timeUs }) => timeUs <= untilUs);
    for (const [area, cells] of options.areas) {
      for (const { fromUs, leftUs, leftStep } of heldStaysOf(area, cells, life, options.holdDownUs)) {
        const step = life.steps.at(leftStep);
        const inside = own.slice(0, (step?.sighting ?? 0) + 1).filter(({ cell }) => cells.has(cell));
        if (step === undefined) stays.push({ area, fromUs, outUs: null, lastInUs: -1 });
        else stays.push({ area, fromUs, outUs: leftUs, lastInUs: inside.at(-1)!.timeUs });
      }
    }
  }
  return stays;
}

/** Stays in cells that ended before `untilUs` (by a later sighting, always), without those of no length. */
export function staysByDefinition(options: OracleOptions, untilUs: number): OracleStay[] {
  const stays: OracleStay[] = [];
  for (const own of bySubscriber(options.sightings)) {
    let open: OracleStay | null = null;
    let isNowhere = true;
    own.forEach((sighting, i) => {
      if (isNowhere && isSuperseded(own, i)) return;
      const { subscriber, timeUs, cell } = sighting;
      const dayUs = 86_400_000_000;
      if (open !== null && timeUs - open.firstInUs >= dayUs) {
        stays.push({ ...open, firstOutUs: timeUs, toCell: cell });
        open = null;
      }
      open ??= { subscriber, cell, firstInUs: timeUs, lastInUs: timeUs, firstOutUs: -1, events: 0, toCell: null };
      open.lastInUs = timeUs;
      open.events++;
      const next = own[i + 1];
      const endUs = sighting.detach === true ? timeUs : timeUs + options.ttlUs(cell);
      const gone = next === undefined || next.timeUs >= endUs;
      isNowhere = gone || sighting.detach === true;
      if (!gone && sighting.detach !== true && next.cell === cell) return;
      open.firstOutUs = gone || sighting.detach === true ? endUs : next.timeUs;
      open.toCell = gone || sighting.detach === true ? null : next.cell;
      const ended = gone || sighting.detach === true ? open.firstOutUs < untilUs : true;
      if (ended) stays.push(open);
      open = null;
    });
  }
  return stays;
}
