import type { LayoutRegion } from '../../shared/protocol.ts';
import { isCount } from '../parts/format.ts';

/** Kinds in the order of an event day: where the event is, then where its crowd comes from and goes to. */
const kindOrder = ['venue', 'hall', 'community', 'campus', 'office', 'group', 'estate', 'industrial'];

/** Places of the regions in the order of the list: by kind, in it by present count, unknown ones last. */
export function orderRegions(regions: readonly LayoutRegion[], present: (place: number) => number): number[] {
  const rank = (place: number) => {
    const at = kindOrder.indexOf(regions[place]!.kind);
    return at < 0 ? kindOrder.length : at;
  };
  const weight = (place: number) => (isCount(present(place)) ? present(place) : -1);
  return regions.map((_, place) => place).sort((a, b) => rank(a) - rank(b) || weight(b) - weight(a) || a - b);
}

/** Place of the region that the wall is about: the largest venue, else the first region; -1 without any. */
export function mainRegion(regions: readonly LayoutRegion[]): number {
  let main = -1;
  for (const [place, { kind, capacity }] of regions.entries()) {
    if (kind !== 'venue') continue;
    if (main < 0 || (capacity ?? 0) > (regions[main]!.capacity ?? 0)) main = place;
  }
  return main < 0 && regions.length > 0 ? 0 : main;
}

/** One page of the list: the chosen region stands on top of each page, the others are spread over the pages. */
export interface Page {
  readonly places: number[];
  readonly page: number;
  readonly pages: number;
}

/** Page `wanted` (any integer: it wraps around) of `order` with `rows` rows. */
export function pageOf(order: readonly number[], chosen: number, rows: number, wanted: number): Page {
  const room = Math.max(1, rows);
  if (order.length <= room) return { places: pinned(order, chosen), page: 0, pages: 1 };
  const others = order.filter((place) => place !== chosen);
  const pin = order.includes(chosen) && room > 1 ? [chosen] : [];
  const size = room - pin.length;
  const pages = Math.ceil(others.length / size);
  const page = ((wanted % pages) + pages) % pages;
  // The last page is filled up from the one before it, so that it has no hole.
  const start = Math.min(page * size, Math.max(0, others.length - size));
  return { places: [...pin, ...others.slice(start, start + size)], page, pages };
}

function pinned(order: readonly number[], chosen: number): number[] {
  return order.includes(chosen) ? [chosen, ...order.filter((place) => place !== chosen)] : [...order];
}
