import { expect, it } from 'vitest';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import type { SimOptions } from '../../fixtures/make/types.ts';
import { makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { eventKinds } from '../../server/events/kinds.ts';
import { formatPlmn, parsePlmn } from '../../server/events/plmn.ts';
import { knobs } from '../../server/knobs.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { formatIso } from '../../server/reference/country-codes.ts';
import { testKey } from './steps.ts';

/** A roaming row may lie so far from the truth's, which is the answer's time, µs. */
const slackUs = 5_000_000;

const coldUs = 70_000_000;

interface Change {
  timeUs: number;
  /** Subscriber, what, country and operator. */
  what: string;
}

/** Roaming as the simulated city knows it, and as correlation tells it from the packets. */
async function roam(options: Partial<SimOptions>) {
  const pseudonymiser = new Pseudonymiser(testKey);
  const truth: Change[] = [];
  const feed = openSimulation(options, {
    truth: (simulation) => ({
      roaming(timeUs, phone, change, network) {
        const { country, plmn } = simulation.networks[network];
        const who = pseudonymiser.hex('imsi', simulation.imsi(phone)).slice(0, 16);
        truth.push({ timeUs, what: `${who} ${change === 'cancelled' ? 'roam-end' : change} ${country} ${plmn}` });
      },
    }),
  });
  const operators = feed.simulation.networks.map(({ prefix, plmn }) => `${prefix}=${plmn}`).join(',');
  const told: Change[] = [];
  const words = Buffer.alloc(8);
  const correlator = new Correlator({
    config: makeConfig({
      where: 'test',
      settings: {
        homePlmns: `${knobs.homePlmns.default},001-01`,
        nodeOperators: operators,
        connectionsMax: 100_000,
        tmsiMax: 1_000_000,
      },
    }),
    sorted: true,
    defaultPlmn: parsePlmn('460-00'),
    pseudonymiser,
    sink: {
      event(timeUs, subLo, subHi, _cgi, _plmn, kind, _outcome, _cause, _flags, _durationMs, _tac, _bytes, _cell, peer) {
        if (!eventKinds[kind].startsWith('roam-')) return;
        words.writeUInt32LE(subLo, 0);
        words.writeUInt32LE(subHi, 4);
        const network = `${formatIso(peer!.country)} ${formatPlmn(peer!.area)}`;
        told.push({ timeUs, what: `${words.toString('hex')} ${eventKinds[kind]} ${network}` });
      },
    },
  });
  const decoder = new Decoder(correlator);
  const sink = {
    frame: (timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number) =>
      decoder.frame(timeUs, linkType, bytes, start, end),
  };
  while ((await feed.read(sink, Number.POSITIVE_INFINITY, 4096)) !== 'end');
  await feed.close();
  correlator.flush();
  // Who is cancelled in the first minute may have registered elsewhere before it.
  const known = truth.filter(({ timeUs }) => timeUs >= feed.startUs + coldUs);
  return { truth: known, told: told.filter(({ timeUs }) => timeUs >= feed.startUs + coldUs) };
}

/** Rows of `all` that have none of the same meaning at about the same time in `others`. */
function missing(all: readonly Change[], others: readonly Change[]): string[] {
  return all
    .filter(({ timeUs, what }) => !others.some((one) => one.what === what && Math.abs(one.timeUs - timeUs) < slackUs))
    .map(({ timeUs, what }) => `${timeUs} ${what}`);
}

it('tells of a simulated city all that its truth says of roaming, and nothing else', async () => {
  const { truth, told } = await roam({ population: 30_000, hours: 1, from: '09:00' });
  expect(missing(truth, told)).toEqual([]);
  expect(missing(told, truth)).toEqual([]);
  expect(truth.length).toBeGreaterThan(10);
}, 60_000);
