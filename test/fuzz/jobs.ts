/** What a fuzzing thread is asked to do, and what it tells. Plain data: both go from thread to thread. */
export type Job =
  /** Good inputs must come out as they should, and hostile ones that were thought out must cost little. */
  | { kind: 'checks' }
  /** Every truncation and every flipped bit of the seeds `part`, `part + of`, …; every `every`-th only. */
  | { kind: 'damage'; part: number; of: number; every: number }
  /** Inputs of the blocks `part`, `part + of`, … of a run; `only`: up to this input, which is told whatever it does. */
  | { kind: 'mutations'; seed: number; inputs: number; part: number; of: number; only?: number }
  /** Sequences of messages `part`, `part + of`, … of a run, given to correlators; `only`: from this one on. */
  | { kind: 'sequences'; seed: number; sequences: number; part: number; of: number; only?: number }
  /** Mutated capture files. */
  | { kind: 'files'; seed: number; inputs: number };

/** Inputs that share a decoder, from its beginning to its end. */
export const blockInputs = 50_000;

export interface Slowest {
  steps: number;
  octets: number;
  input: string;
}

export interface Report {
  inputs: number;
  seconds: number;
  messages: number;
  components: number;
  rows: number;
  /** Malformed input by code. */
  faults: [code: string, count: number][];
  /** By steps for each octet, of frames of 40 octets and more. */
  slowest: Slowest;
  /** Deepest recursion of any function. */
  depth: number;
  /** Octets on the heap after each block, the decoder's included; empty where nothing was measured. */
  heap: number[];
  /** Elements of the largest tables at their fullest. */
  tables: [path: string, elements: number][];
  /** The first input that did what none may; the thread stops there. */
  failure: string | null;
}

export function emptyReport(): Report {
  return {
    inputs: 0,
    seconds: 0,
    messages: 0,
    components: 0,
    rows: 0,
    faults: [],
    slowest: { steps: 0, octets: 1, input: '' },
    depth: 0,
    heap: [],
    tables: [],
    failure: null,
  };
}

/** Several threads' reports as one; the seconds are those of the longest. */
export function joinReports(reports: readonly Report[]): Report {
  const faults = new Map<string, number>();
  const tables = new Map<string, number>();
  for (const report of reports) {
    for (const [code, count] of report.faults) faults.set(code, (faults.get(code) ?? 0) + count);
    for (const [path, size] of report.tables) tables.set(path, Math.max(size, tables.get(path) ?? 0));
  }
  const sum = (name: 'inputs' | 'messages' | 'components' | 'rows') =>
    reports.reduce((total, report) => total + report[name], 0);
  const perOctet = ({ slowest }: Report) => slowest.steps / slowest.octets;
  return {
    inputs: sum('inputs'),
    seconds: Math.max(...reports.map(({ seconds }) => seconds)),
    messages: sum('messages'),
    components: sum('components'),
    rows: sum('rows'),
    faults: [...faults].sort(([a], [b]) => (a < b ? -1 : 1)),
    slowest: reports.reduce((a, b) => (perOctet(b) > perOctet(a) ? b : a)).slowest,
    depth: Math.max(...reports.map(({ depth }) => depth)),
    heap: reports.flatMap(({ heap }) => heap),
    tables: [...tables].sort(([, a], [, b]) => b - a),
    failure: reports.map(({ failure }) => failure).find((failure) => failure !== null) ?? null,
  };
}
