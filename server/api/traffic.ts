import type { Layout } from '../../shared/protocol.ts';
import { publishTraffic, rowOfTraffic } from '../access/traffic.ts';
import type { LiveView } from '../occupancy/view.ts';
import { type ApiRequest, Refusal, type Reply } from './http.ts';
import { checkQuery } from './query.ts';
import { unknownRegion } from './query-gate.ts';

/** `GET /api/traffic?region=ID` (a node of the tree, too), `?cell=CGI`, or without either of the city. */
export function answerTraffic(request: ApiRequest, reply: Reply, layout: Layout, view: LiveView, minCount: number) {
  checkQuery(request, ['region', 'cell']);
  const { areaTraffic } = view;
  const cgi = request.query.get('cell');
  const id = request.query.get('region');
  if (cgi !== null && id !== null)
    throw new Refusal(400, 'BAD_PARAMETER', 'region or cell: ask for one of them at a time');
  if (cgi !== null) {
    const cell = layout.cells.findIndex((one) => one.cgi === cgi);
    if (cell < 0 || cell >= view.cellCount)
      throw new Refusal(404, 'UNKNOWN_CELL', 'no cell has this CGI; /api/cells lists them');
    const of = { name: cgi, window: areaTraffic.cellWindow(cell), now: areaTraffic.cellNow(cell) };
    return reply.json(200, publishTraffic(areaTraffic, of, minCount));
  }
  const row = id === null ? 0 : 1 + [...layout.regions, ...layout.tree].findIndex((one) => one.id === id);
  if (id !== null && (row === 0 || row > view.regionCount)) throw unknownRegion();
  const [window, now] = [areaTraffic.window(), areaTraffic.now()].map((all) => rowOfTraffic(all, row));
  return reply.json(200, publishTraffic(areaTraffic, { name: id ?? '', window, now }, minCount));
}
