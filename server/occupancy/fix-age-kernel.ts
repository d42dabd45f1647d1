import { minuteUs, secondUs } from '../clock.ts';
import { groupRows } from '../presence/group-loads.ts';
import { seenBytes, seenFrom, seenTo } from '../presence/row-kernel.ts';
import * as w from '../wasm-code.ts';

/** Fix ages are known to this step: a count of "≤ 5 min" at 12:00:07 takes in sightings from 11:55:00 on. */
export const fixAgeStepUs = 30 * secondUs;
export const fresh5Steps = (5 * minuteUs) / fixAgeStepUs;
export const fresh30Steps = (30 * minuteUs) / fixAgeStepUs;

const pageBytes = 65_536;
const rowsBytes = groupRows * seenBytes;

/** Columns of {@link FixAges} in a memory of their own, and what renews them there, several times faster than JavaScript. */
export interface FixAgeKernel {
  /**
   * The first `n` rows of `stage.seen`: out of the cell then, into the cell now. @param step the clock's
   * @returns how many more are older than the city's histogram reaches: none, or fewer
   */
  see(n: number, step: number): number;
  /** A step of cells begins: the ones that are now too old leave each count. */
  turn(step: number): number;
}

const { add, and, gotoWhen, isBelow, Label, Local, load32, loadFloat, set, shiftLeft, store32, subtract } = w;

/** Adds to a word of the memory. */
const count = (address: w.Value, offset: number, change: w.Value): w.Code =>
  store32(address, offset, add(load32(address, offset), change));

interface Layout {
  readonly cities: number;
  readonly cells: number;
  readonly ring: number;
  readonly cityAt: number;
  readonly fresh5At: number;
  readonly fresh30At: number;
  readonly byStepAt: number;
}

/** What depends on the sizes is a constant of the module: there is one for each size that the cells ever have. */
function moduleOf({ byStepAt, cells, cities, cityAt, fresh30At, fresh5At, ring }: Layout): WebAssembly.Module {
  const [n, step, at, end, cell, seen, age, old, older] = Array.from({ length: 9 }, () => new Local());
  const next = new Label();
  const column = (of: w.Value): w.Code => add(w.multiply(and(of, ring - 1), 4 * cells), cell);
  const module = new w.ModuleCode();
  module.defined(
    'see',
    [n, step],
    set(end, w.multiply(n, seenBytes)),
    w.loop(
      next,
      set(seen, w.truncate(w.floatDivide(loadFloat(at, 0), w.float(fixAgeStepUs)))),
      set(age, subtract(step, seen)),
      set(cell, shiftLeft(load32(at, seenFrom), 2)),
      // Without branches: within a step and a cell nothing changes in the end.
      set(old, isBelow(age, fresh30Steps + 1)),
      count(column(seen), byStepAt, subtract(0, old)),
      count(cell, fresh30At, subtract(0, old)),
      count(cell, fresh5At, subtract(0, isBelow(age, fresh5Steps + 1))),
      set(cell, shiftLeft(load32(at, seenTo), 2)),
      count(column(step), byStepAt, 1),
      count(cell, fresh30At, 1),
      count(cell, fresh5At, 1),
      set(old, isBelow(age, cities)),
      set(older, subtract(older, subtract(1, old))),
      count(shiftLeft(and(seen, cities - 1), 2), cityAt, subtract(0, old)),
      count(shiftLeft(and(step, cities - 1), 2), cityAt, 1),
      set(at, add(at, seenBytes)),
      gotoWhen(isBelow(at, end), next),
    ),
    w.giveBack(older),
  );
  const [stale5, stale30, done] = [new Local(), new Local(), new Label()];
  const firstOf = (of: w.Value): w.Code => w.multiply(and(of, ring - 1), 4 * cells);
  const leaves = (from: w.Value): w.Code => subtract(0, load32(add(from, cell), byStepAt));
  module.defined(
    'turn',
    [step],
    set(stale5, firstOf(subtract(step, fresh5Steps + 1))),
    set(stale30, firstOf(subtract(step, fresh30Steps + 1))),
    w.block(
      done,
      w.loop(
        next,
        gotoWhen(w.isAtLeast(cell, 4 * cells), done),
        count(cell, fresh5At, leaves(stale5)),
        count(cell, fresh30At, leaves(stale30)),
        store32(add(stale30, cell), byStepAt, 0),
        set(cell, add(cell, 4)),
        w.goto(next),
      ),
    ),
    w.giveBack(0),
  );
  return module.compile(true);
}

const modules = new Map<string, WebAssembly.Module>();

/** Columns of 0, shared like the other memories so that nothing is ever detached. */
export function layFixAges(cities: number, cells: number, ring: number) {
  const cityAt = rowsBytes;
  const fresh5At = cityAt + 4 * cities;
  const fresh30At = fresh5At + 4 * cells;
  const byStepAt = fresh30At + 4 * cells;
  const key = `${cities},${cells},${ring}`;
  const module = modules.get(key) ?? moduleOf({ cities, cells, ring, cityAt, fresh5At, fresh30At, byStepAt });
  modules.set(key, module);
  const pages = Math.ceil((byStepAt + 4 * cells * ring) / pageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const words = (at: number, length: number) => new Uint32Array(memory.buffer, at, length);
  const { exports } = new WebAssembly.Instance(module, { owner: { memory } });
  return {
    kernel: exports as unknown as FixAgeKernel,
    rows: new Uint8Array(memory.buffer, 0, rowsBytes),
    columns: {
      city: words(cityAt, cities),
      fresh5: words(fresh5At, cells),
      fresh30: words(fresh30At, cells),
      byStep: words(byStepAt, cells * ring),
    },
  };
}
