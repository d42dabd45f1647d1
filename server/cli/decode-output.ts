import type { Config } from '../config.ts';
import type { DecodeError } from '../decode/decode-error.ts';
import type { MapMessage } from '../decode/map-message.ts';
import type { SignalMessage } from '../decode/message.ts';
import type { EventSink } from '../events/event-batch.ts';
import { eventKinds, outcomes } from '../events/kinds.ts';
import { OriginClassifier } from '../reference/origin.ts';
import { csvLine } from './csv.ts';
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
] as const;

/** Located events as lines. */
export class EventLines implements EventSink {
  /** The frame that is being decoded: the one that completes the next event. */
  frame = 0;
  readonly #csv: boolean;
  readonly #lines: string[] | null;
  readonly #identities: IdentityText;
  readonly #subscribers: PlainSubscribers;
  readonly #origins: OriginClassifier;

  constructor(options: {
    config: Config;
    csv: boolean;
    identities: IdentityText;
    subscribers: PlainSubscribers;
    /** Where lines go; null: nobody wants them. */
    lines: string[] | null;
  }) {
    this.#csv = options.csv;
    this.#lines = options.lines;
    this.#identities = options.identities;
    this.#subscribers = options.subscribers;
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
  ): void {
    if (this.#lines === null) return;
    const imsi = this.#subscribers.imsiOf(subLo, subHi);
    const line: Record<(typeof eventColumns)[number], string | number | undefined> = {
      timeUs,
      type: eventKinds[kind],
      outcome: outcome === 0 ? undefined : outcomes[outcome],
      cause: cause === 0 ? undefined : cause,
      durationMs: kind === 0 ? undefined : durationMs,
      subscriber: imsi === '' ? undefined : this.#identities.text(imsi),
      cell: cgi === '' ? undefined : cgi,
      origin: imsi === '' ? undefined : this.#origins.classify(plmn).class,
      frame: this.frame,
    };
    this.#lines.push(this.#csv ? csvLine(eventColumns.map((column) => line[column])) : `${JSON.stringify(line)}\n`);
  }
}

/** Columns of a message's CSV line: nested keys joined by a dot; several cells stand in one field, apart by spaces. */
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

/** Messages as lines. */
export class MessageWriter {
  readonly #csv: boolean;
  readonly #lines: string[];
  readonly #format: MessageLines;
  #frameStart = 0;
  #frameEnd = 0;
  /** A flaw whose message is still to be delivered. */
  #flaw: MessageLine['fault'];

  constructor(options: { csv: boolean; lines: string[]; format: MessageLines }) {
    this.#csv = options.csv;
    this.#lines = options.lines;
    this.#format = options.format;
  }

  /** Where in its buffer the frame lies that is decoded next. */
  frameAt(start: number, end: number): void {
    this.#frameStart = start;
    this.#frameEnd = end;
  }

  message(message: SignalMessage): void {
    this.#write(this.#format.of(message));
  }

  map(message: SignalMessage, component: MapMessage): void {
    this.#write(this.#format.ofComponent(message, component));
  }

  /** @param delivered whether the message itself still comes, with what was read before the flaw */
  fault(message: SignalMessage, flaw: DecodeError, delivered: boolean): void {
    const inFrame = flaw.offset >= this.#frameStart && flaw.offset <= this.#frameEnd;
    this.#flaw = {
      code: flaw.code,
      layer: flaw.layer,
      offset: inFrame ? flaw.offset - this.#frameStart : flaw.offset,
    };
    if (!delivered) this.#write({ frame: message.frame, timeUs: message.timeUs });
  }

  #write(line: MessageLine): void {
    if (this.#flaw !== undefined) line.fault = this.#flaw;
    this.#flaw = undefined;
    this.#lines.push(
      this.#csv ? csvLine(messageColumns.map((column) => fieldOf(line, column))) : `${JSON.stringify(line)}\n`,
    );
  }
}

function fieldOf(line: MessageLine, column: (typeof messageColumns)[number]): string | number | undefined {
  if (column === 'cells') return (line.cells ?? (line.cell === undefined ? [] : [line.cell])).map(placeText).join(' ');
  if (column === 'lai') return line.lai === undefined ? undefined : placeText(line.lai);
  let value: unknown = line;
  for (const key of column.split('.')) value = (value as Record<string, unknown> | undefined)?.[key];
  return value as string | number | undefined;
}

/** `460-00-42285-28831`, without the parts that are absent. */
function placeText(place: NonNullable<MessageLine['cell']>): string {
  return [place.mcc, place.mnc, place.lac, place.ci ?? place.sac].filter((part) => part !== undefined).join('-');
}
