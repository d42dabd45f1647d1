import type { Config } from '../config.ts';
import type { DecodeError, Layer } from '../decode/decode-error.ts';
import type { MapMessage } from '../decode/map-message.ts';
import type { SignalMessage } from '../decode/message.ts';
import type { DecodeStats } from '../decode/stats.ts';
import { causeListName, causeValue } from '../events/cause.ts';
import { type EventSink, noCause, type Peer } from '../events/event-batch.ts';
import { eventKinds, kindCode, outcomes, peerClasses } from '../events/kinds.ts';
import { formatPlmn } from '../events/plmn.ts';
import { formatIso } from '../reference/country-codes.ts';
import { OriginClassifier } from '../reference/origin.ts';
import { csvLine } from './csv.ts';
import type { CoverageCounter } from './decode-coverage.ts';
import type { FrameOffsets } from './frame-offsets.ts';
import type { IdentityText } from './identity-text.ts';
import type { MessageLine, MessageLines } from './message-line.ts';
import type { PlainSubscribers } from './plain-subscribers.ts';

/** Keys of an event's line, in the order of its CSV columns. */
export const eventColumns = [
  'timeUs',
  'type',
  'outcome',
  'cause',
  'durationMs',
  'subscriber',
  'cell',
  'origin',
  'frame',
  'peerClass',
  'country',
  'area',
  'causeOf',
] as const;

/** Located events as lines; rows that only prove a place are part of some event and have none. */
export class EventLines implements EventSink {
  /** The frame that is being decoded: the one that completes the next event. */
  frame = 0;
  readonly #csv: boolean;
  readonly #lines: string[] | null;
  readonly #identities: IdentityText;
  readonly #subscribers: PlainSubscribers;
  readonly #coverage: CoverageCounter;
  readonly #origins: OriginClassifier;

  constructor(options: {
    config: Config;
    csv: boolean;
    identities: IdentityText;
    subscribers: PlainSubscribers;
    coverage: CoverageCounter;
    /** Where lines go; null: nobody wants them. */
    lines: string[] | null;
  }) {
    this.#csv = options.csv;
    this.#lines = options.lines;
    this.#identities = options.identities;
    this.#subscribers = options.subscribers;
    this.#coverage = options.coverage;
    this.#origins = new OriginClassifier(options.config.homePlmns);
  }

  event(
    timeUs: number,
    subLo: number,
    subHi: number,
    cgi: string,
    plmn: number,
    kind: number,
    outcome: number,
    cause: number,
    _flags: number,
    durationMs: number,
    _typeAllocationCode: number,
    _bytes: number,
    _cellSymbol?: number,
    peer?: Readonly<Peer>,
  ): void {
    this.#coverage.event(subLo, subHi, cgi, kind);
    if (this.#lines === null || kind === kindCode.sighting) return;
    const imsi = this.#subscribers.imsiOf(subLo, subHi);
    const line: Record<(typeof eventColumns)[number], string | number | undefined> = {
      timeUs,
      type: eventKinds[kind],
      outcome: outcome === 0 ? undefined : outcomes[outcome],
      cause: cause === noCause ? undefined : causeValue(cause),
      durationMs,
      subscriber: imsi === '' ? undefined : this.#identities.identity(imsi),
      cell: cgi === '' ? undefined : cgi,
      origin: imsi === '' ? undefined : this.#origins.classify(plmn).class,
      frame: this.frame,
      peerClass: peer === undefined || peer.peerClass === 0 ? undefined : peerClasses[peer.peerClass],
      country: peer === undefined ? undefined : formatIso(peer.country) || undefined,
      area: peer === undefined ? undefined : this.#areaOf(kind, peer.area),
      causeOf: causeListName(cause) || undefined,
    };
    this.#lines.push(this.#csv ? csvLine(eventColumns.map((column) => line[column])) : `${JSON.stringify(line)}\n`);
  }

  /** Area code or segment of a peer, which is the head of a number; the foreign network's PLMN of roaming. */
  #areaOf(kind: number, area: number): string | undefined {
    if (area === 0) return undefined;
    const isRoaming = kind >= kindCode['roam-out'] && kind <= kindCode['roam-end'];
    return isRoaming ? formatPlmn(area) : this.#identities.head(String(area));
  }
}

/**
 * Columns of a message's CSV line: nested keys joined by a dot. A place stands in one field that says what each of its
 * numbers is (`mcc=460 mnc=00 lac=4097 ci=513`), places of a list apart by `; `.
 */
export const messageColumns = [
  'frame',
  'timeUs',
  'opc',
  'dpc',
  'sccp.type',
  'sccp.slr',
  'sccp.dlr',
  'sccp.called.digits',
  'sccp.called.ssn',
  'sccp.calling.digits',
  'sccp.calling.ssn',
  'protocol',
  'message',
  'layer3',
  'imsi',
  'tmsi',
  'imei',
  'imeisv',
  'cell',
  'cells',
  'lai',
  'cause',
  'calledNumber',
  'callingNumber',
  'connectedNumber',
  'tpDestination',
  'tpOriginator',
  'otid',
  'dtid',
  'component',
  'invokeId',
  'operation',
  'error',
  'msisdn',
  'msc',
  'vlr',
  'sgsn',
  'hlr',
  'roamingNumber',
  'fault.code',
  'fault.layer',
  'fault.offset',
] as const;

/** Flaws of these layers lie inside an SCCP message; others lose it. */
const sccpAndAbove: ReadonlySet<Layer> = new Set(['sccp', 'bssap', 'bssmap', 'dtap', 'ranap', 'tcap', 'map']);

/**
 * Messages as lines. A line is held until the next message or the end of its frame, because a flaw in a TCAP message
 * is told behind the components that were read of it.
 */
export class MessageWriter {
  readonly #csv: boolean;
  readonly #lines: string[];
  readonly #format: MessageLines;
  readonly #offsets: FrameOffsets;
  readonly #stats: () => DecodeStats;
  #held: MessageLine | null = null;
  /** Which SCCP message of the capture the held line belongs to. */
  #heldOf = 0;
  /** A flaw whose message is still to be delivered. */
  #flaw: MessageLine['fault'];

  constructor(options: {
    csv: boolean;
    lines: string[];
    format: MessageLines;
    offsets: FrameOffsets;
    stats: () => DecodeStats;
  }) {
    this.#csv = options.csv;
    this.#lines = options.lines;
    this.#format = options.format;
    this.#offsets = options.offsets;
    this.#stats = options.stats;
  }

  message(message: SignalMessage): void {
    this.#hold(this.#format.of(message));
  }

  map(message: SignalMessage, component: MapMessage): void {
    this.#hold(this.#format.ofComponent(message, component));
  }

  /** @param delivered whether the message itself still comes, with what was read before the flaw */
  fault(message: SignalMessage, flaw: DecodeError, delivered: boolean): void {
    const { code, layer } = flaw;
    this.#flaw = { code, layer, offset: this.#offsets.inFrame(flaw.offset) };
    if (delivered) return;
    const isInside = sccpAndAbove.has(layer);
    if (isInside && this.#held !== null && this.#heldOf === this.#stats().layers.sccp) {
      this.#held.fault = this.#flaw;
      this.#flaw = undefined;
    } else this.#hold(isInside ? this.#format.ofSccp(message) : this.#format.ofFrame(message));
  }

  /** The frame is done with. */
  endFrame(): void {
    const line = this.#held;
    if (line === null) return;
    this.#held = null;
    this.#lines.push(
      this.#csv ? csvLine(messageColumns.map((column) => fieldOf(line, column))) : `${JSON.stringify(line)}\n`,
    );
  }

  #hold(line: MessageLine): void {
    this.endFrame();
    if (this.#flaw !== undefined) line.fault = this.#flaw;
    this.#flaw = undefined;
    this.#held = line;
    this.#heldOf = this.#stats().layers.sccp;
  }
}

function fieldOf(line: MessageLine, column: (typeof messageColumns)[number]): string | number | undefined {
  if (column === 'cell' || column === 'lai') return line[column] === undefined ? undefined : placeText(line[column]);
  if (column === 'cells') return line.cells?.map(placeText).join('; ');
  let value: unknown = line;
  for (const key of column.split('.')) value = (value as Record<string, unknown> | undefined)?.[key];
  return value as string | number | undefined;
}

/** A place with the names of its parts: a LAC alone and a CI alone are different places. */
function placeText(place: NonNullable<MessageLine['cell']>): string {
  return Object.entries(place)
    .map(([part, value]) => `${part}=${value}`)
    .join(' ');
}
