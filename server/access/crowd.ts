import type { CrowdRole, CrowdRow } from '../../shared/crowd.ts';
import { crowdRoles } from '../../shared/crowd.ts';
import { unknownCount } from '../../shared/protocol.ts';
import type { PastRoles, RegionCrowd } from '../../shared/region-answers.ts';
import { blurNext, blurOnce } from './blur.ts';
import { jsonFigure } from './json-figure.ts';

/** Who is in a region at a minute, before suppression. */
export interface ExactCrowd {
  readonly id: string;
  readonly atUs: number;
  readonly present: number | null;
  readonly crowd: number | null;
  readonly roles: PastRoles | null;
}

/** `GET /api/regions/ID/crowd` as it may be shown. */
export function publishCrowd({ id, atUs, present, crowd, roles }: ExactCrowd, minCount: number): RegionCrowd {
  const shown = (value: number | null) => (value === null ? null : jsonFigure(blurOnce(value, minCount)));
  if (roles === null) return { id, atUs, present: shown(present), crowd: shown(crowd), roles };
  const named = [...crowdRoles, 'subscribers'] as const;
  const counts = Object.fromEntries(named.map((name) => [name, shown(roles[name])]));
  const told = { ...roles, ...counts, lasting: shown(roles.lasting), crowd: shown(roles.crowd) } as PastRoles;
  return { id, atUs, present: shown(present), crowd: shown(crowd), roles: told };
}

/** The crowds that screens see: a figure moves as all others do, and a region's row only when it was counted anew. */
export class CrowdExit {
  /** By place in the layout; the same row until it changes. */
  readonly rows = new Map<number, CrowdRow>();
  readonly #minCount: number;
  readonly #exact = new Map<number, ExactCrowd>();

  constructor(minCount: number) {
    this.#minCount = minCount;
  }

  /** The places mean other regions from here on. */
  clear(): void {
    this.rows.clear();
    this.#exact.clear();
  }

  /** Takes over what is counted of these regions; who is in it no more is unknown. */
  publish(regions: readonly { readonly id: string }[], crowds: ReadonlyMap<string, ExactCrowd>): void {
    for (const [region, { id }] of regions.entries()) {
      const exact = crowds.get(id);
      const before = this.rows.get(region);
      if (exact === this.#exact.get(region)) continue;
      if (exact !== undefined) {
        this.#exact.set(region, exact);
        this.rows.set(region, this.#row(region, exact, before));
      } else {
        this.#exact.delete(region);
        this.rows.set(region, { region, atUs: before!.atUs, crowd: null, roles: null });
      }
    }
  }

  #row(region: number, { atUs, crowd, roles }: ExactCrowd, before: CrowdRow | undefined): CrowdRow {
    const next = (shown: number | null | undefined, value: number) =>
      blurNext(shown ?? unknownCount, value, this.#minCount);
    const shown = crowdRoles.map((role) => [role, roles && next(before?.roles?.[role], roles[role])]);
    return {
      ...{ region, atUs },
      crowd: crowd === null ? null : next(before?.crowd, crowd),
      roles: roles && (Object.fromEntries(shown) as Record<CrowdRole, number>),
    };
  }
}
