import type { FrameSink } from '../capture/frame.ts';
import type { Config } from '../config.ts';
import { Correlator } from '../correlate/correlator.ts';
import { Decoder } from '../decode/decoder.ts';
import type { SignalMessage } from '../decode/message.ts';
import { sccp } from '../decode/sccp-tables.ts';
import { parsePlmn } from '../events/plmn.ts';
import { NumberPlan } from '../reference/number-plan.ts';
import { CoverageCounter } from './decode-coverage.ts';
import { EventLines, MessageWriter } from './decode-output.ts';
import { FrameOffsets } from './frame-offsets.ts';
import { IdentityText } from './identity-text.ts';
import { MessageLines } from './message-line.ts';
import { PlainSubscribers } from './plain-subscribers.ts';

/** Decoding and correlation of one feed on this thread, with `frame` as its entrance. */
export interface DecodePipeline extends FrameSink {
  decoder: Decoder;
  correlator: Correlator;
  coverage: CoverageCounter;
}

/** Came back undelivered: it has happened to nobody. */
const isReturned = ({ sccpType }: SignalMessage) =>
  sccpType === sccp.UDTS || sccpType === sccp.XUDTS || sccpType === sccp.LUDTS;

/** @param lines where lines are appended */
export function pipeline(
  options: { what: 'events' | 'messages' | 'stats'; csv: boolean; showIdentities: boolean; config: Config },
  lines: string[],
): DecodePipeline {
  const { config, csv, what } = options;
  const identities = new IdentityText(options.showIdentities, new NumberPlan(config.onNetPrefixes, config.homePlmns));
  const subscribers = new PlainSubscribers();
  const coverage = new CoverageCounter();
  const wanted = what === 'events' ? lines : null;
  const events = new EventLines({ config, csv, identities, subscribers, coverage, lines: wanted });
  const offsets = new FrameOffsets();
  const correlator = new Correlator({
    config,
    sorted: true,
    defaultPlmn: parsePlmn(config.homePlmns.split(',')[0]),
    pseudonymiser: subscribers,
    sink: events,
  });
  const messages: MessageWriter | null =
    what === 'messages'
      ? new MessageWriter({ csv, lines, format: new MessageLines(identities), offsets, stats: () => decoder.stats })
      : null;
  const decoder: Decoder = new Decoder(
    {
      wantsReturned: messages !== null,
      message: (message) => {
        coverage.understood();
        messages?.message(message);
        if (isReturned(message)) return;
        events.frame = message.frame;
        correlator.message(message);
      },
      map: (message, component) => {
        coverage.understood();
        coverage.component(component);
        messages?.map(message, component);
        if (isReturned(message)) return;
        events.frame = message.frame;
        correlator.map(message, component);
      },
      fault: (message, flaw, delivered) => {
        coverage.malformed();
        messages?.fault(message, flaw, delivered);
      },
    },
    config,
  );
  return {
    decoder,
    correlator,
    coverage,
    frame(timeUs, linkType, bytes, start, end) {
      if (messages === null) decoder.frame(timeUs, linkType, bytes, start, end);
      else {
        const placed = offsets.place(bytes, start, end);
        decoder.frame(timeUs, linkType, placed.bytes, placed.start, placed.end);
        messages.endFrame();
      }
      coverage.frame(decoder.stats);
    },
  };
}
