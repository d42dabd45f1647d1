import type { MapMessage } from '../decode/map-message.ts';
import { mapOperationNames } from '../decode/map-tables.ts';
import type { DecodeStats } from '../decode/stats.ts';
import { componentTypeNames, tcapUser } from '../decode/tcap-tables.ts';

/** What became of the frames of a capture, each counted once, the worst first. */
export interface Coverage {
  /** Something in it was malformed. */
  malformed: number;
  /** Something in it is well-formed, but nothing that is decoded here. */
  unhandled: number;
  /** It held signalling messages, and all were understood. */
  understood: number;
  /** It held none: acknowledgements, heartbeats, parts of a message that another frame completes. */
  silent: number;
}

/** Tells what became of each frame from what the decoder says while it is in it. */
export class CoverageCounter {
  readonly counts: Coverage = { malformed: 0, unhandled: 0, understood: 0, silent: 0 };
  /** MAP components by operation, and others by their kind. */
  readonly operations = new Map<string, number>();
  #messages = false;
  #faults = false;
  #unhandled = 0;

  /** A message was delivered. */
  understood(): void {
    this.#messages = true;
  }

  component({ user, componentType, operation }: MapMessage): void {
    if (user !== tcapUser.map || componentType < 0) return;
    const kind = componentTypeNames[componentType] ?? `component ${componentType}`;
    const name = operation < 0 ? kind : `${mapOperationNames[operation] ?? `operation ${operation}`} ${kind}`;
    this.operations.set(name, (this.operations.get(name) ?? 0) + 1);
  }

  malformed(): void {
    this.#faults = true;
  }

  /** The frame is done with. */
  frame(stats: DecodeStats): void {
    const { unhandledTotal } = stats;
    if (this.#faults) this.counts.malformed++;
    else if (unhandledTotal > this.#unhandled) this.counts.unhandled++;
    else if (this.#messages) this.counts.understood++;
    else this.counts.silent++;
    this.#messages = false;
    this.#faults = false;
    this.#unhandled = unhandledTotal;
  }
}
