import { SignalMessage } from '../../server/decode/message.ts';
import type { Job, Report } from './jobs.ts';
import { Random } from './random.ts';
import { Chaos } from './sequence-chaos.ts';
import { Orderly } from './sequence-orderly.ts';
import { SequenceError, SequenceTarget } from './sequence-target.ts';

const messagesMax = 300;
const orderlyMessagesMax = 900;

/** One sequence, by its number, given to a correlator of its own. */
export function playSequence(seed: number, index: number): SequenceTarget {
  const random = new Random();
  random.begin(seed, index);
  const message = new SignalMessage();
  const isOrderly = index % 3 === 0;
  const target = new SequenceTarget(isOrderly || random.below(2) === 0, isOrderly);
  const steps = 1 + random.below(isOrderly ? orderlyMessagesMax : messagesMax);
  if (isOrderly) {
    const orderly = new Orderly(random, message, target);
    for (let step = 0; step < steps; step++) orderly.step();
    orderly.finish();
  } else {
    const chaos = new Chaos(random, message, target);
    for (let step = 0; step < steps; step++) chaos.step();
  }
  target.finish();
  return target;
}

/** Sequences `part`, `part + of`, … of a run, each twice: what comes out must be the same. */
export function runSequences(report: Report, job: Job & { kind: 'sequences' }): void {
  for (let index = job.only ?? job.part; index < job.sequences; index += job.of) {
    report.inputs++;
    try {
      const first = playSequence(job.seed, index);
      const second = playSequence(job.seed, index);
      if (first.digest !== second.digest) throw new SequenceError('does not do the same twice');
      report.messages += first.messages;
      report.rows += first.rows.length;
      if (first.stepsMost > report.slowest.steps) {
        report.slowest = { steps: first.stepsMost, octets: 1, input: `sequence ${index}` };
      }
    } catch (error) {
      const line = error instanceof Error ? (error.stack ?? '').split('\n').find((each) => each.includes(' at ')) : '';
      report.failure = `${error} (${line?.trim()}): sequence ${index} of seed ${job.seed}`;
      return;
    }
  }
}
