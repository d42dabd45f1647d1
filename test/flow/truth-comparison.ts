import { openSimulation } from '../../fixtures/make/simulation.ts';
import { SimulationFeed } from '../../fixtures/make/simulation-feed.ts';
import type { TruthSink } from '../../fixtures/make/truth.ts';
import type { CitySimulation, SimOptions } from '../../fixtures/make/types.ts';
import { makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { eventFlag } from '../../server/events/kinds.ts';
import { parsePlmn } from '../../server/events/plmn.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';

export interface Comparison {
  /** Truth rows that an observer can know, and those it can't. */
  known: number;
  unknown: number;
  /** Rows of one side that the other lacks; `missingAt` and `surplusAt` are the times of these. */
  missing: string[];
  surplus: string[];
  packets: number;
  messages: Record<string, number>;
  unhandled: number;
  faults: string[];
}

/** Runs a simulation through decode and correlate (sorted) and sets its sightings beside the simulator's truth. */
export async function compareWithTruth(
  source: Partial<SimOptions> | { simulation: CitySimulation; endUs: number },
): Promise<Comparison> {
  const pseudonymiser = new Pseudonymiser(new Uint8Array(32).fill(7));
  // Rows as text: µs, pseudonym, cell, what. A surplus is a row seen more often than the truth has it.
  const balance = new Map<string, number>();
  const add = (row: string, by: number) => balance.set(row, (balance.get(row) ?? 0) + by);
  let known = 0;
  let unknown = 0;
  const truthOf = (simulation: CitySimulation): TruthSink => ({
    sighting(timeUs, phone, cell, what, isKnown) {
      if (!isKnown) {
        unknown++;
        return;
      }
      known++;
      const imsi = simulation.imsi(phone);
      pseudonymiser.imsi(Number(imsi), imsi.length);
      add(`${timeUs} ${pseudonymiser.hi} ${pseudonymiser.lo} ${simulation.city.cells[cell].cgi} ${what}`, 1);
    },
  });
  const feed =
    'simulation' in source
      ? new SimulationFeed(source.simulation, {
          seed: 1,
          endUs: source.endUs,
          commonIdShare: 0.5,
          truth: truthOf(source.simulation),
        })
      : openSimulation(source, { truth: truthOf });
  const correlator = new Correlator({
    config: makeConfig({ where: 'test', settings: { connectionsMax: 100_000, tmsiMax: 1_000_000 } }),
    sorted: true,
    defaultPlmn: parsePlmn('460-00'),
    pseudonymiser,
    sink: {
      event(timeUs, subLo, subHi, cgi, _plmn, _kind, _outcome, _cause, flags) {
        if ((flags & eventFlag.sighting) === 0) return;
        add(`${timeUs} ${subHi} ${subLo} ${cgi} ${flags & eventFlag.detach ? 'detach' : 'locate'}`, -1);
      },
    },
  });
  const decoder = new Decoder(correlator);
  while ((await feed.read(decoder, Number.POSITIVE_INFINITY, 4096)) !== 'end');
  await feed.close();
  correlator.flush();

  const rows = [...balance];
  return {
    known,
    unknown,
    missing: rows.flatMap(([row, count]) => (count > 0 ? [row] : [])),
    surplus: rows.flatMap(([row, count]) => (count < 0 ? [row] : [])),
    packets: feed.stats.packets,
    messages: feed.stats.messages,
    unhandled: decoder.stats.frames - feed.stats.packets,
    faults: [...decoder.stats.faults, ...correlator.stats.faults].map(([reason, count]) => `${reason} ${count}`),
  };
}
