import { hiddenCount, unknownCount } from '../../shared/protocol.ts';

/** A published figure in JSON: -1 hidden, null unknown. */
export function jsonFigure(published: number): number | null {
  if (published === hiddenCount) return -1;
  return published === unknownCount ? null : published;
}
