import { IdentityText } from '../../server/cli/identity-text.ts';
import { MessageLines } from '../../server/cli/message-line.ts';
import { makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import type { MapMessage } from '../../server/decode/map-message.ts';
import type { MessageSink, SignalMessage } from '../../server/decode/message.ts';
import { defaultDecodeLimits } from '../../server/decode/state.ts';
import { parsePlmn } from '../../server/events/plmn.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { NumberPlan } from '../../server/reference/number-plan.ts';
import { Digest, RecordError } from './digest.ts';
import { probe } from './probe.ts';
import { type Measured, measureTables, tablesOver } from './tables.ts';

/** So small that every table overflows within a run, as it would within a year. */
export const decodeLimits = {
  ...defaultDecodeLimits,
  reassemblyMax: 16,
  linksMax: 16,
  sctpDirectionsMax: 16,
  tcpConnectionsMax: 16,
  tcpWaitBytesMax: 4096,
  reassemblyBytesMax: 262_144,
};
/** Smaller than a configuration may ask for. */
const correlateLimits = {
  ...makeConfig(),
  connectionsMax: 64,
  tmsiMax: 64,
  cellsMax: 64,
  dialoguesMax: 64,
  msisdnMax: 64,
  registrationsMax: 64,
  roamersMax: 64,
};

/**
 * Steps that a frame may cost whatever it holds, and for each of its octets: ordinary damage stays below 8; elements of
 * indefinite length are looked through once for each of their sixteen levels.
 */
const stepsAnyway = 400;
const stepsPerOctet = 24;

/** Steps that a frame of so many octets may cost. */
export function stepsMaxOf(octets: number): number {
  return stepsAnyway + stepsPerOctet * octets;
}

/** Steps of a frame with everything behind the decoder: a slice of the sweep, rows, lines. */
const correlateStepsMax = 1_000_000;

const roomBytes = 8192;
const marginBytes = 256;
/** What stands around a frame where something does. */
const filler = 0xa5;
/** Every so many frames the lines of `decode --messages` are written too. */
const linesEvery = 8;

/** One message goes to three places; whatever one of them throws is a finding. */
class FullSink implements MessageSink {
  readonly digest = new Digest();
  readonly correlator: MessageSink;
  readonly #lines = new MessageLines(new IdentityText(false, new NumberPlan('139', '460-00')));
  lines = false;
  written = 0;

  constructor(correlator: MessageSink) {
    this.correlator = correlator;
  }

  message(m: SignalMessage): void {
    this.digest.message(m);
    if (this.lines) this.written += JSON.stringify(this.#lines.of(m)).length;
    this.correlator.message(m);
  }

  map(m: SignalMessage, c: MapMessage): void {
    this.digest.map(m, c);
    if (this.lines) this.written += JSON.stringify(this.#lines.ofComponent(m, c)).length;
    this.correlator.map?.(m, c);
  }

  fault(...fault: Parameters<Digest['fault']>): void {
    this.digest.fault(...fault);
    this.correlator.fault?.(...fault);
  }
}

/**
 * What the inputs of a block are given to: two decoders with small tables, one of them with the correlator behind it.
 * The first sees a frame with nothing behind it, so that a read over its end fails or gives nothing; the second sees it
 * between other octets. They must agree.
 */
export class Target {
  readonly digest: Digest;
  readonly correlator: Correlator;
  rows = 0;
  /** Steps of the frame before, of the first decoder alone. */
  steps = 0;
  readonly #first: Decoder;
  readonly #second: Decoder;
  readonly #sink: FullSink;
  readonly #other = new Digest();
  readonly #edge = new Uint8Array(roomBytes);
  readonly #amid = new Uint8Array(roomBytes).fill(filler);

  constructor() {
    this.correlator = new Correlator({
      config: correlateLimits,
      sorted: false,
      defaultPlmn: parsePlmn('460-00'),
      pseudonymiser: new Pseudonymiser(new Uint8Array(32).fill(7)),
      sink: {
        event: (timeUs) => {
          if (!Number.isFinite(timeUs)) throw new RecordError('a row without a time');
          this.rows++;
        },
      },
    });
    this.#sink = new FullSink(this.correlator);
    this.digest = this.#sink.digest;
    this.#first = new Decoder(this.#sink, decodeLimits);
    this.#second = new Decoder(this.#other, decodeLimits);
  }

  get frames(): number {
    return this.#first.stats.frames;
  }

  /**
   * Gives both decoders a frame.
   *
   * @throws whatever gets out of a decoder or a sink, and `RecordError` where the two disagree
   */
  give(linkType: number, bytes: Uint8Array, length: number, timeUs: number): void {
    const edge = roomBytes - length;
    this.#edge.set(bytes.subarray(0, length), edge);
    this.#amid.set(bytes.subarray(0, length), marginBytes);
    this.#amid.fill(filler, marginBytes + length, 2 * marginBytes + length);
    this.#sink.lines = this.frames % linesEvery === 0;

    // The correlator may do work by the clock, for other connections than this one: the second decoder is counted.
    probe.steps = 0;
    probe.stepsMax = correlateStepsMax;
    this.#first.frame(timeUs, linkType, this.#edge, edge, roomBytes);
    probe.steps = 0;
    probe.stepsMax = stepsMaxOf(length);
    this.#second.frame(timeUs, linkType, this.#amid, marginBytes, marginBytes + length);
    this.steps = probe.steps;
    probe.stepsMax = Number.POSITIVE_INFINITY;
    if (this.digest.value !== this.#other.value) throw new RecordError('depends on octets outside the frame');
  }

  /** All tables of both decoders and of the correlator; what is over its limit is thrown. */
  checkTables(): Measured {
    const measured = measureTables({ first: this.#first, second: this.#second, correlator: this.correlator }, [
      this.#edge.buffer,
      this.#amid.buffer,
    ]);
    const over = tablesOver(measured);
    if (over.length > 0) throw new RecordError(`too large: ${over.join(', ')}`);
    const { openConnections, knownTmsis, knownCells, openDialogues, knownNumbers, registrations } =
      this.correlator.stats;
    const known: [what: string, count: number, max: number][] = [
      ['open connections', openConnections, correlateLimits.connectionsMax],
      ['TMSIs', knownTmsis, correlateLimits.tmsiMax],
      ['cells', knownCells, correlateLimits.cellsMax],
      ['open dialogues', openDialogues, correlateLimits.dialoguesMax],
      ['telephone numbers', knownNumbers, correlateLimits.msisdnMax],
      ['registrations', registrations, correlateLimits.registrationsMax],
    ];
    for (const [what, count, max] of known) if (count > max) throw new RecordError(`too many ${what}: ${count}`);
    return measured;
  }
}
