import { isDeepStrictEqual } from 'node:util';
import { carriers } from '../../fixtures/make/wire/carriers/carriers.ts';
import { conversation } from '../../fixtures/make/wire/carriers/conversation.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { collector, type Plain } from '../decode/collect.ts';
import { mapCollector } from '../decode/map-collect.ts';
import { allTcapVectors } from '../decode/map-vectors.ts';
import { decodeAlone, ranapVectors } from '../decode/ranap-vectors.ts';
import { frameOfVector, vectors } from '../decode/vectors.ts';
import { bssmapMessage, dataChunk, dataForm1, ethernet, frameOf, ipv4, sctp } from '../decode/wire.ts';
import { hostileInputs } from './hostile.ts';
import { probe } from './probe.ts';
import { stepsMaxOf, Target } from './target.ts';

/** One thing that must hold; what does not is told in words. */
type Check = () => string | null;

const errorText = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** What SCCP says around a vector, and the decoder of every message. */
const aroundVectors = new Set([
  ...['frame', 'timeUs', 'link', 'fromLower', 'opc', 'dpc', 'sccpType', 'calledSsn', 'callingSsn'],
  ...['sourceLocalReference', 'destinationLocalReference'],
]);

/** Whether a message says what its vector says, and nothing more. */
function says(message: Plain | undefined, expected: Plain): boolean {
  if (message === undefined) return false;
  const own = Object.entries(message).filter(([name]) => !aroundVectors.has(name));
  return isDeepStrictEqual(Object.fromEntries(own), expected);
}

/** All in one decoder, one after the other and back again: nothing of a message may be left in the next one. */
function layer3(): string | null {
  const { messages, decoder, give } = collector();
  for (const [i, vector] of [...vectors, ...vectors.toReversed()].entries()) {
    messages.length = 0;
    give(frameOfVector(vector, i));
    if (messages.length !== 1 || decoder.stats.faults.size > 0 || !says(messages[0], vector.decoded))
      return vector.name;
  }
  return null;
}

function ranap(): string | null {
  const wrong = ranapVectors.find(({ octets, decoded }) => {
    const { message, fault } = decodeAlone(octets);
    return fault !== '' || !says(message, decoded);
  });
  return wrong?.name ?? null;
}

function tcap(): string | null {
  const { give } = mapCollector();
  const wrong = allTcapVectors.find(
    ({ bytes, called, calling, components }) => !isDeepStrictEqual(give(bytes, called, calling), components),
  );
  return wrong?.name ?? null;
}

/** What belongs to a carrier and not to what it carries, and what not every carrier tells. */
const carrierFields = new Set(['frame', 'timeUs', 'link', 'opc', 'dpc', 'fromLower', 'callingSsn']);

function bare(messages: Plain[]): Plain[] {
  return messages.map((message) =>
    Object.fromEntries(Object.entries(message).filter(([name]) => !carrierFields.has(name))),
  );
}

/** @param copies of each frame */
function carried(linkType: number, frames: readonly number[][], copies: number): Plain[] {
  const { messages, give } = collector();
  for (const [i, frame] of frames.entries()) {
    for (let copy = 0; copy < copies; copy++) give(frame, 1_700_000_000_000_000 + i * 10_000 + copy, linkType);
  }
  return bare(messages);
}

/** Every carrier gives the same messages; a probe that sees SCTP or TCP packets twice gives them once. */
function everyCarrier(): string | null {
  const [first] = carriers;
  const expected = carried(first.linkType, first.frames(conversation), 1);
  if (expected.length !== conversation.length) return first.name;
  for (const { name, linkType, frames } of carriers) {
    if (!isDeepStrictEqual(carried(linkType, frames(conversation), 1), expected)) return name;
    const isOrdered = !/^(MTP|SCCP)/.test(name);
    if (isOrdered && !isDeepStrictEqual(carried(linkType, frames(conversation), 2), expected)) return `${name}, twice`;
  }
  return null;
}

/** A message in three segments is read once, whole, and a long one does not hide it. */
function segments(): string | null {
  const whole = bssmapMessage([0x52, 8, 8, 9, 0x10, 0x10, 0, 0, 0, 0, 0x24, 0x1a, 3, 5, 0x10, 1]);
  const { messages, give } = collector();
  for (const [i, [from, to]] of [
    [0, 4],
    [4, 9],
    [9, whole.length],
  ].entries()) {
    give(frameOf(dataForm1(9, whole.slice(from, to), to < whole.length), { tsn: i }));
  }
  return messages.length === 1 && messages[0].imsi === 1_010_000_000_042 ? null : 'a message in three segments';
}

function hostile(): string | null {
  for (const { name, linkType, frames, fault } of hostileInputs()) {
    const target = new Target();
    try {
      for (const [i, frame] of frames.entries()) {
        target.give(linkType, Uint8Array.from(frame), frame.length, 1_700_000_000_000_000 + i * 1000);
      }
      target.checkTables();
      if (fault !== undefined && !target.digest.faults.has(fault)) return `${name}: no ${fault}`;
    } catch (error) {
      return `${name}: ${errorText(error)}`;
    }
  }
  return null;
}

/** With limits as they are by default a flood of fragments costs no more than any other frame. */
function flood(): string | null {
  const decoder = new Decoder({ message: () => undefined });
  const perFrame = 70;
  for (let n = 0; n < 200; n++) {
    const chunks = Array.from({ length: perFrame }, (_, i) =>
      dataChunk(n * perFrame + i, [0], { flags: n + i === 0 ? 2 : 0 }),
    );
    const frame = Uint8Array.from(ethernet(ipv4(sctp(chunks))));
    probe.steps = 0;
    probe.stepsMax = stepsMaxOf(frame.length);
    decoder.frame(1_700_000_000_000_000 + n, 1, frame, 0, frame.length);
  }
  return null;
}

/** Steps that any of the checks may take altogether: an endless loop ends here. */
const checkStepsMax = 50_000_000;

/** What is wrong first, in words; null: nothing. */
export function runChecks(): string | null {
  const checks: [name: string, check: Check][] = [
    ['layer 3', layer3],
    ['RANAP', ranap],
    ['TCAP', tcap],
    ['carriers', everyCarrier],
    ['segments', segments],
    ['hostile', hostile],
    ['flood', flood],
  ];
  for (const [name, check] of checks) {
    probe.steps = 0;
    probe.stepsMax = checkStepsMax;
    try {
      const wrong = check();
      if (wrong !== null) return `${name}: ${wrong}`;
    } catch (error) {
      return `${name}: ${errorText(error)}`;
    }
  }
  probe.stepsMax = Number.POSITIVE_INFINITY;
  return null;
}
