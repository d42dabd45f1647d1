import type { Store, StoredRegion } from '../../../server/store/types.ts';
import { type Giver, giveTo } from './give.ts';
import { makeCells } from './synthetic.ts';
import { makeTestDatabase } from './test-database.ts';

/** A store that knows six cells, and what closes it. */
export async function openWithCells(): Promise<{ store: Store; give: Giver; close: () => Promise<void> }> {
  const base = await makeTestDatabase();
  const store = await base.open();
  await store.saveCells(makeCells(6));
  const close = async () => {
    await store.close();
    await base.remove();
  };
  return { store, give: giveTo(store), close };
}

/** @param level of a node of the region tree */
export function storedRegion(id: string, level?: 1 | 2 | 3 | 4): StoredRegion {
  return {
    ...{ id, name: id, kind: 'venue', capacity: null, polygons: null, cells: ['460-00-*'] },
    ...(level !== undefined && { level }),
  };
}

/** Which cells the regions hold, from … to in µs, -1: always; by region, cell and time. */
export function membershipOf(store: Store): Promise<{ id: string; cell_id: number; from: number; to: number }[]> {
  return store.sql(
    `select r.id, m.cell_id, case when m.valid_from = '-infinity' then -1 else extract(epoch from m.valid_from) * 1e6 end as from,
       case when m.valid_to = 'infinity' then -1 else extract(epoch from m.valid_to) * 1e6 end as to
     from micro_region_cell m join micro_region r using (region_id) order by r.id, m.cell_id, m.valid_from`,
  );
}
