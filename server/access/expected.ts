import { hiddenCount } from '../../shared/protocol.ts';
import type { RegionExpected } from '../../shared/region-answers.ts';
import { expectedBand, type PastFigure, verdictOf, zOf } from '../estimate/band.ts';
import { blurOnce } from './blur.ts';

/** A band of a figure, and the figure, before suppression. */
export interface ExpectedFigures {
  readonly id: string;
  readonly atUs: number;
  readonly present: number | null;
  readonly past: readonly PastFigure[];
}

/**
 * What is expected of a region as it may be shown. Where small figures are hidden all of it is made from figures that
 * may be shown, so that neither the band nor z gives an exact one away; a hidden day counts as half of `minCount`.
 */
export function publishExpected({ id, atUs, present, past }: ExpectedFigures, minCount: number): RegionExpected {
  const known = (value: number) => {
    const shown = blurOnce(value, minCount);
    return shown === hiddenCount ? minCount / 2 : shown;
  };
  const band = expectedBand(past.map(({ day, value }) => ({ day, value: value === null ? null : known(value) })));
  const shown = present === null ? null : blurOnce(present, minCount);
  const hidden = shown === hiddenCount;
  const z = band === null || shown === null || hidden ? null : zOf(shown, band);
  const figure = (value: number) => (value > 0 && value < minCount ? -1 : Math.round(value));
  return {
    id,
    atUs,
    present: hidden ? -1 : shown,
    band: band && { median: figure(band.median), low: figure(band.low), high: figure(band.high), days: band.days },
    z: z === null ? null : Math.round(z * 10) / 10,
    verdict: z === null ? null : verdictOf(z),
  };
}
