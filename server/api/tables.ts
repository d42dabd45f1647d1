import { createHash } from 'node:crypto';
import { type Layout, type RegionColumn, regionColumns } from '../../shared/protocol.ts';
import { type NodeTable, treeLevels } from '../../shared/region-tree.ts';
import type { CellRow, CellTable, RegionRow, RegionTable } from '../../shared/tables.ts';
import type { FigureExit } from '../access/exit.ts';
import { jsonFigure } from '../access/json-figure.ts';
import {
  type ApiRequest,
  type CachedBody,
  encodeText,
  jsonType,
  Refusal,
  type Reply,
  sendCached,
  zipBody,
} from './http.ts';
import { checkQuery } from './query.ts';

/** `GET /api/layout`: encoded and zipped once per revision, however many screens ask. */
export class LayoutAnswers {
  readonly #layout: () => Layout;
  #revision = -1;
  #body: Promise<CachedBody> | null = null;

  constructor(layout: () => Layout) {
    this.#layout = layout;
  }

  async answer(request: ApiRequest, reply: Reply): Promise<void> {
    const layout = this.#layout();
    if (this.#body === null || layout.revision !== this.#revision) {
      this.#revision = layout.revision;
      this.#body = cachedJson(layout);
    }
    sendCached(request, reply, await this.#body);
  }
}

/**
 * `GET /api/cells`: the layout's cells with the figures of the last frame, and the event time that these are of. Encoded
 * and zipped once per frame: it is the largest of the tables.
 */
export class CellAnswers {
  readonly #exit: FigureExit;
  #of = '';
  #body: Promise<CachedBody> | null = null;

  constructor(exit: FigureExit) {
    this.#exit = exit;
  }

  /** @param frame number of the last one */
  async answer(request: ApiRequest, reply: Reply, layout: Layout, frame: number): Promise<void> {
    checkQuery(request, []);
    const of = `${frame} ${layout.revision}`;
    if (this.#body === null || of !== this.#of) {
      this.#of = of;
      this.#body = cachedJson(this.#table(layout));
    }
    sendCached(request, reply, await this.#body);
  }

  #table(layout: Layout): CellTable {
    const { cellPresent, eventUs } = this.#exit;
    return {
      eventUs,
      cells: layout.cells.map((cell, place): CellRow => ({ ...cell, present: figureAt(cellPresent, place) })),
    };
  }
}

/**
 * `GET /api/regions`: the layout's regions, without their outlines, with the figures of the last frame, and the window
 * that `visitors` are of; with `?level=` the nodes of that level of the region tree.
 *
 * @param layout of the last frame: by its places are the figures
 */
export async function answerRegions(
  request: ApiRequest,
  reply: Reply,
  layout: Layout,
  exit: FigureExit,
  gaugeEveryMs: number,
): Promise<void> {
  checkQuery(request, ['level']);
  const { eventUs, visitorsEndUs: toUs } = exit;
  const visitorsWindow = toUs === 0 ? null : { fromUs: toUs - gaugeEveryMs * 1000, toUs };
  const level = request.query.get('level');
  if (level !== null) {
    if (!treeLevels.some((known) => String(known) === level))
      throw new Refusal(
        400,
        'BAD_LEVEL',
        'level must be 1 (branch), 2 (marketing centre), 3 (area) or 4 (service hall)',
      );
    const nodes = layout.tree.map((node, place) => ({ ...node, ...figuresOf(exit.nodes, place) }));
    const table: NodeTable = { eventUs, visitorsWindow, regions: nodes.filter((node) => String(node.level) === level) };
    return sendCached(request, reply, await cachedJson(table));
  }
  const regions = layout.regions.map(({ polygons: _, ...region }, place): RegionRow => {
    return { ...region, ...figuresOf(exit.regions, place) };
  });
  const table: RegionTable = { eventUs, visitorsWindow, regions };
  sendCached(request, reply, await cachedJson(table));
}

function figuresOf(columns: FigureExit['regions'], place: number): Record<RegionColumn, number | null> {
  const figures = regionColumns.map((column) => [column, figureAt(columns[column], place)]);
  return Object.fromEntries(figures) as Record<RegionColumn, number | null>;
}

function figureAt(published: Uint32Array, place: number): number | null {
  return place < published.length ? jsonFigure(published[place]!) : null;
}

export function cachedJson(value: unknown, type = jsonType): Promise<CachedBody> {
  const plain = encodeText(`${JSON.stringify(value)}\n`);
  const etag = `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return zipBody({ plain, etag, type, cacheControl: 'no-cache' });
}
