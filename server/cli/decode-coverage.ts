import type { MapMessage } from '../decode/map-message.ts';
import { mapErrorNames, mapOperationNames } from '../decode/map-tables.ts';
import type { DecodeStats } from '../decode/stats.ts';
import { componentTypeNames, tcapUser } from '../decode/tcap-tables.ts';
import { noFrameCounts } from '../events/feed-messages.ts';
import { eventKinds, kindCode } from '../events/kinds.ts';

/** What is known of the events of a capture: who and where. Registrations that MAP tells of have no cell by nature. */
export interface Resolution {
  'subscriber and cell': number;
  'subscriber only': number;
  'cell only': number;
  neither: number;
  'roaming registrations': number;
}

/** What carries signalling here; `tcp` counts segments of IPA alone. ARP, UDP and the like reach none of them. */
function carriedBy({ layers }: DecodeStats): number {
  return layers.sctp + layers.tcp + layers.mtp2 + layers.mtp3 + layers.sccp;
}

/** Tells what became of each frame from what the decoder says while it is in it. */
export class FrameCoverage {
  readonly counts = noFrameCounts();
  #messages = false;
  #faults = false;
  #unhandled = 0;
  #carried = 0;

  /** A message was delivered. */
  understood(): void {
    this.#messages = true;
  }

  malformed(): void {
    this.#faults = true;
  }

  /** So many frames are done with, each of them understood and nothing else. */
  frames(count: number, stats: DecodeStats): void {
    this.counts.understood += count;
    this.#carried = carriedBy(stats);
  }

  /** The frame is done with. */
  frame(stats: DecodeStats): void {
    const { unhandledTotal } = stats;
    const carried = carriedBy(stats);
    if (this.#faults) this.counts.malformed++;
    else if (unhandledTotal > this.#unhandled && carried > this.#carried) this.counts.unhandled++;
    else if (this.#messages) this.counts.understood++;
    else this.counts['without signalling']++;
    this.#messages = false;
    this.#faults = false;
    this.#unhandled = unhandledTotal;
    this.#carried = carried;
  }
}

/** Coverage of frames, and what events and operations came of them. */
export class CoverageCounter extends FrameCoverage {
  readonly events: Resolution = {
    'subscriber and cell': 0,
    'subscriber only': 0,
    'cell only': 0,
    neither: 0,
    'roaming registrations': 0,
  };
  /** Events by type. */
  readonly types = new Map<string, number>();
  /** MAP components by operation or error, and others by their kind. */
  readonly operations = new Map<string, number>();

  component({ user, componentType, operation, error }: MapMessage): void {
    if (user !== tcapUser.map || componentType < 0) return;
    const kind = componentTypeNames[componentType] ?? `component ${componentType}`;
    let name = kind;
    // What is no code of MAP may be any number: it must not make a row each.
    if (operation >= 0) name = `${mapOperationNames[operation] ?? 'private operation'} ${kind}`;
    else if (error >= 0) name = `${mapErrorNames[error] ?? 'private error'} ${kind}`;
    this.operations.set(name, (this.operations.get(name) ?? 0) + 1);
  }

  /** One row of correlation; rows that only prove a place are part of some event. */
  event(subLo: number, subHi: number, cgi: string, kind: number): void {
    if (kind === kindCode.sighting) return;
    const type = eventKinds[kind];
    this.types.set(type, (this.types.get(type) ?? 0) + 1);
    const { events } = this;
    const isKnown = subLo !== 0 || subHi !== 0;
    if (type.startsWith('roam-')) events['roaming registrations']++;
    else if (isKnown) events[cgi === '' ? 'subscriber only' : 'subscriber and cell']++;
    else events[cgi === '' ? 'neither' : 'cell only']++;
  }
}
