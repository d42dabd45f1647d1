import { runChecks } from './checks.ts';
import { exhaustiveBytesMax, loadCorpus, type Seed } from './corpus.ts';
import { runFiles } from './files.ts';
import { blockInputs, emptyReport, type Job, type Report } from './jobs.ts';
import { changes, Mutator } from './mutator.ts';
import { probe } from './probe.ts';
import { runSequences } from './sequences.ts';
import { Target } from './target.ts';

const startUs = 1_700_000_000_000_000;
/** Frames with fewer octets are not compared by their cost for each octet. */
const slowBytesMin = 40;

/** Time of a frame: a millisecond behind the one before, an hour on now and then, and back again. */
function timeOf(n: number): number {
  return startUs + n * 1000 + ((n >> 12) % 5 === 4 ? 3_600_000_000 : 0);
}

const messageOf = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** Where an error came from: functions and lines, which no octet of the input stands in. */
function placeOf(error: unknown): string {
  const line =
    error instanceof Error ? (error.stack ?? '').split('\n').find((each) => each.includes(' at ')) : undefined;
  return line === undefined ? '' : ` (${line.trim()})`;
}

/** Gives inputs to targets, and keeps count of what they did. */
class Runner {
  readonly report: Report = emptyReport();
  readonly #faults = new Map<string, number>();
  readonly #tables = new Map<string, number>();
  #target = new Target();

  get stepsOfLast(): number {
    return this.#target.steps;
  }

  /** @returns false where the input did what none may */
  give(linkType: number, bytes: Uint8Array, length: number, describe: () => string): boolean {
    const { report } = this;
    const target = this.#target;
    report.inputs++;
    try {
      target.give(linkType, bytes, length, timeOf(target.frames));
    } catch (error) {
      report.failure = `${messageOf(error)}${placeOf(error)}: ${describe()}`;
      return false;
    }
    const { slowest } = report;
    if (length >= slowBytesMin && target.steps * slowest.octets > slowest.steps * length) {
      report.slowest = { steps: target.steps, octets: length, input: describe() };
    }
    return true;
  }

  /** Ends a block: the target's tables are looked at, and the next one gets a new target. */
  endBlock(last: boolean): boolean {
    const { report } = this;
    const target = this.#target;
    try {
      for (const [path, size] of target.checkTables().tables) {
        this.#tables.set(path, Math.max(size, this.#tables.get(path) ?? 0));
      }
    } catch (error) {
      report.failure = `${messageOf(error)} after ${report.inputs} inputs`;
      return false;
    }
    if (globalThis.gc !== undefined) {
      globalThis.gc();
      report.heap.push(process.memoryUsage().heapUsed);
    }
    const { digest } = target;
    report.messages += digest.messages;
    report.components += digest.components;
    report.rows += target.rows;
    for (const [code, count] of digest.faults) this.#faults.set(code, (this.#faults.get(code) ?? 0) + count);
    if (!last) this.#target = new Target();
    return true;
  }

  end(seconds: number): Report {
    const { report } = this;
    report.seconds = seconds;
    for (const [code, count] of report.faults) this.#faults.set(code, (this.#faults.get(code) ?? 0) + count);
    report.faults = [...this.#faults];
    report.tables = [...this.#tables];
    report.depth = probe.depth;
    return report;
  }
}

const hexOf = (bytes: Uint8Array, length: number) => Buffer.from(bytes.subarray(0, length)).toString('hex');

function runDamage(runner: Runner, corpus: readonly Seed[], { part, of, every }: Job & { kind: 'damage' }): void {
  const bytes = new Uint8Array(exhaustiveBytesMax);
  let seeds = 0;
  for (let i = part; i < corpus.length; i += of * every) {
    const { name, ours, linkType, bytes: whole } = corpus[i];
    if (whole.length > exhaustiveBytesMax) continue;
    bytes.set(whole);
    for (let length = 0; length <= whole.length; length++) {
      const describe = () => `${name}, cut behind ${length} octets${ours ? `: ${hexOf(bytes, length)}` : ''}`;
      if (!runner.give(linkType, bytes, length, describe)) return;
    }
    for (let bit = 0; bit < whole.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      const describe = () => `${name}, bit ${bit} flipped${ours ? `: ${hexOf(bytes, whole.length)}` : ''}`;
      if (!runner.give(linkType, bytes, whole.length, describe)) return;
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
    if (++seeds % 64 === 0 && !runner.endBlock(false)) return;
  }
  runner.endBlock(true);
}

function runMutations(runner: Runner, corpus: readonly Seed[], job: Job & { kind: 'mutations' }): void {
  const mutator = new Mutator(corpus);
  const describe = (index: number) => () => {
    const { from, other, done, length, linkType } = mutator;
    const sources = [corpus[from], ...(other < 0 ? [] : [corpus[other]])];
    const what = done.map((kind) => changes[kind]).join(', ');
    const octets = sources.every(({ ours }) => ours) ? `: ${hexOf(mutator.bytes, length)}` : '';
    const names = sources.map(({ name }) => name).join(' + ');
    return `input ${index} of seed ${job.seed} (${names}; ${what}; link type ${linkType})${octets}`;
  };
  const { inputs, part, of, only } = job;
  const firstBlock = only === undefined ? part : Math.floor(only / blockInputs);
  for (let block = firstBlock; block * blockInputs < inputs; block += of) {
    const end = Math.min(inputs, (block + 1) * blockInputs);
    for (let index = block * blockInputs; index < end; index++) {
      mutator.make(job.seed, index);
      if (!runner.give(mutator.linkType, mutator.bytes, mutator.length, describe(index))) return;
      if (index === only) {
        const { steps, length } = { steps: runner.stepsOfLast, length: mutator.length };
        runner.report.slowest = { steps, octets: length, input: `nothing wrong with ${describe(index)()}` };
      }
    }
    if (!runner.endBlock((block + of) * blockInputs >= inputs)) return;
  }
}

/** Does a job; never throws on what an input does. */
export async function runJob(job: Job): Promise<Report> {
  const beganMs = performance.now();
  const runner = new Runner();
  if (job.kind === 'checks') runner.report.failure = runChecks();
  else if (job.kind === 'sequences') runSequences(runner.report, job);
  else if (job.kind === 'files') await runFiles(runner.report, job.seed, job.inputs);
  else {
    const corpus = await loadCorpus();
    if (job.kind === 'damage') runDamage(runner, corpus, job);
    else runMutations(runner, corpus, job);
  }
  return runner.end((performance.now() - beganMs) / 1000);
}
