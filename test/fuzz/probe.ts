/**
 * What instrumented code (`instrument.ts`) reports to: every turn of a loop and every call of a function is a step, and
 * every function knows how often it is inside itself.
 */
export const probe = {
  steps: 0,
  /** The next step over this is one too many: it throws, so that an endless loop ends. */
  stepsMax: Number.POSITIVE_INFINITY,
  /** Deepest recursion seen since it was last set to 0. */
  depth: 0,
};

/** How often one function may be inside itself: the depth that input can nest. */
const depthMax = 16;

/** Functions of the code under test, at most. */
const functionsMax = 4096;
const active = new Uint16Array(functionsMax);

/** Input made the decoder do more than it may. */
export class ProbeError extends Error {}

export function step(): void {
  if (++probe.steps > probe.stepsMax) throw new ProbeError(`more than ${probe.stepsMax} steps`);
}

export function enter(id: number): void {
  step();
  const depth = ++active[id];
  if (depth <= probe.depth) return;
  probe.depth = depth;
  if (depth > depthMax) throw new ProbeError(`deeper than ${depthMax}`);
}

export function leave(id: number): void {
  active[id]--;
}
