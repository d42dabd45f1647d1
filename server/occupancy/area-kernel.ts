import * as w from '../wasm-code.ts';

const pageBytes = 65_536;
/** Columns of 32 bits, one behind another: counters, what goes in and out of {@link AreaKernel.take}. */
const columns: readonly string[] = [
  ...['present', 'left', 'appeared', 'vanished', 'entries', 'exits', 'storedPresent', 'storedFresh5'],
  ...['fresh5', 'rowId', 'rowPresent', 'rowAppeared', 'rowVanished', 'rowVisitors', 'rowFresh5'],
];
const columnOf = (name: string) => columns.indexOf(name);

/** What is done with all areas when an interval closes, in WebAssembly over the memory of the counters. */
export interface AreaKernel {
  /**
   * Puts those areas `from` … `to − 1` (× 4) that have something to say into the columns `row…`, and notes what they say in
   * `stored…`. `fresh5` holds their counts by place behind `from`.
   *
   * @param whole 1: all who are not empty have @param room areas × 4 @returns how many, × 4
   */
  take(from: number, to: number, whole: number, room: number): number;
}

const { add, and, differs, gotoWhen, isAtLeast, Label, load32, load8, Local, multiply, or, set, shiftRight } = w;
const { store32, subtract } = w;

function compile(): WebAssembly.Module {
  const [from, to, whole, room, at, row, present, fresh5, says] = Array.from({ length: 9 }, () => new Local());
  const [done, next] = [new Label(), new Label()];
  const place = (name: string, of: w.Value): w.Code => add(multiply(room, columnOf(name)), of);
  const count = (name: string): w.Code => load32(place(name, at), 0);
  const tell = (name: string, value: w.Value): w.Code => store32(place(name, row), 0, value);
  const module = new w.ModuleCode();
  module.defined(
    'take',
    [from, to, whole, room],
    set(at, from),
    w.block(
      done,
      w.loop(
        next,
        gotoWhen(isAtLeast(at, to), done),
        set(present, count('present')),
        set(fresh5, load32(place('fresh5', subtract(at, from)), 0)),
        // Behind the columns stands whether something happened, an octet each.
        set(says, load8(add(multiply(room, columns.length), shiftRight(at, 2)), 0)),
        set(says, or(says, differs(present, count('storedPresent')))),
        set(says, or(says, differs(fresh5, count('storedFresh5')))),
        set(says, or(says, and(whole, differs(present, 0)))),
        // Without branches: of an area that has nothing to say the same is stored as before, and the next one's row is put
        // in place of its own.
        tell('rowId', shiftRight(subtract(at, from), 2)),
        tell('rowPresent', present),
        tell('rowAppeared', count('appeared')),
        tell('rowVanished', count('vanished')),
        tell('rowVisitors', add(present, count('left'))),
        tell('rowFresh5', fresh5),
        store32(place('storedPresent', at), 0, present),
        store32(place('storedFresh5', at), 0, fresh5),
        set(row, add(row, w.shiftLeft(says, 2))),
        set(at, add(at, 4)),
        w.goto(next),
      ),
    ),
    w.giveBack(row),
  );
  return module.compile();
}

let compiled: WebAssembly.Module | null = null;

/** Columns of 0 for so many areas. The memory never grows, so that nothing is ever detached. */
export function layAreas(areas: number) {
  compiled ??= compile();
  // A row is put down for each area, also behind the last that says something.
  const length = areas + 1;
  const pages = Math.ceil((length * (4 * columns.length + 1)) / pageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const words = (name: string) => new Uint32Array(memory.buffer, 4 * length * columnOf(name), areas);
  const { exports } = new WebAssembly.Instance(compiled, { owner: { memory } });
  return {
    kernel: exports as unknown as AreaKernel,
    room: 4 * length,
    counters: {
      present: words('present'),
      left: words('left'),
      appeared: words('appeared'),
      vanished: words('vanished'),
      entries: words('entries'),
      exits: words('exits'),
      storedPresent: words('storedPresent'),
      storedFresh5: words('storedFresh5'),
      touched: new Uint8Array(memory.buffer, 4 * length * columns.length, areas),
    },
    fresh5: words('fresh5'),
    rows: {
      id: words('rowId'),
      present: words('rowPresent'),
      appeared: words('rowAppeared'),
      vanished: words('rowVanished'),
      visitors: words('rowVisitors'),
      fresh5: words('rowFresh5'),
    },
  };
}
