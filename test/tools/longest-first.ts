import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files of more than some ten seconds, below `test/`, in the order in which they begin. Where nothing is known of
 * earlier runs vitest goes by project and size, and would leave one of these for the end, when the other processor has
 * nothing left to do. Those of `e2e` wait much of their time: each stands beside one that computes.
 */
export const longest: readonly string[] = [
  'e2e/restart.test.ts',
  'flow/kill.test.ts',
  'bench/bench.test.ts',
  'e2e/bugs.test.ts',
  'cli/decode.test.ts',
  'flow/count-xdr-sql.test.ts',
  'e2e/wall.test.ts',
  'decode/ordinary-lane.test.ts',
  'sim/planted.test.ts',
  'e2e/layout.test.ts',
  'flow/loss.test.ts',
  'cli/erase.test.ts',
  'e2e/command-line.test.ts',
  'occupancy/region-edit-sql.test.ts',
  'flow/count-truth-sql.test.ts',
  'e2e/push-feed.test.ts',
  'api/region-past.test.ts',
  'flow/cold-start.test.ts',
  'e2e/regions.test.ts',
  'flow/identities.test.ts',
  'flow/simulate-tshark.test.ts',
  'e2e/real-input.test.ts',
];

/** Order of the test files: the {@link longest} first, the others as vitest has it. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = longest.indexOf(relative(import.meta.dirname, moduleId).replace('../', ''));
      return rank < 0 ? longest.length : rank;
    };
    const groupOf = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => groupOf(a) - groupOf(b) || rankOf(a) - rankOf(b));
  }
}
