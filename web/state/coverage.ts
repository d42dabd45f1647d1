import type { WallStatus } from '../../shared/protocol.ts';
import { t } from '../app/i18n.svelte.ts';
import { formatShare } from '../parts/format.ts';

/** Fewer cells than this are heard only where something is down. */
const cellsLowShare = 0.9;

export interface Coverage {
  readonly cells: string;
  readonly cellsLow: boolean;
  readonly links: string;
  readonly linksDead: boolean;
}

/** Words on the cells that have been heard within their time, and the links that bring signalling. */
export function coverageOf(
  status: Pick<WallStatus, 'cellsHeardShare' | 'linksAlive' | 'linksKnown' | 'warmingUp'> | null,
): Coverage {
  const { cellsHeardShare: share, linksAlive: alive, linksKnown: known, warmingUp } = status ?? unknown;
  return {
    cells: t('coverage.cells', { share: formatShare(share, true).text }),
    // Until presence is complete not every cell has had its time.
    cellsLow: !warmingUp && share >= 0 && share < cellsLowShare,
    links: known === 0 ? t('coverage.linksUnknown') : t('coverage.links', { alive, known }),
    linksDead: alive < known,
  };
}

const unknown = { cellsHeardShare: -1, linksAlive: 0, linksKnown: 0, warmingUp: true };
