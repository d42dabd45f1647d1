import { expect, test } from 'vitest';
import { FigureExit } from '../../server/access/exit.ts';
import { FrameSource } from '../../server/push/frames.ts';
import { decodeFrame } from '../../shared/codec.ts';
import { hiddenCount, type Layout, rowSparkPoints } from '../../shared/protocol.ts';
import type { NodeTable } from '../../shared/region-tree.ts';
import { WallState } from '../../shared/wall-state.ts';
import { FakeView, fakeLayout } from '../tools/fake-view.ts';
import { fakeStatus, jsonOf, request, startTestServer, TestClock } from '../tools/push-server.ts';

/** Two micro-regions, then a branch with two centres. */
const tree: Layout['tree'] = [
  { id: 'tree:东', name: '东', level: 1, parent: '', cellCount: 3 },
  { id: 'tree:东/甲', name: '甲', level: 2, parent: 'tree:东', cellCount: 2 },
  { id: 'tree:东/乙', name: '乙', level: 2, parent: 'tree:东', cellCount: 1 },
];
function viewOf(): FakeView {
  const view = new FakeView(3, 5);
  view.drawnCount = 2;
  view.regionPresent.set([7, 8, 30, 20, 10]);
  view.regionVisitors.set([1, 2, 3, 4, 5]);
  return view;
}

const newLayout = () => ({ ...fakeLayout(3, 2), tree });

function framesOf(view: ReturnType<typeof viewOf>, minCount: number, layout = newLayout()): FrameSource {
  return new FrameSource({
    view: () => view,
    layout: () => layout,
    status: fakeStatus,
    exit: new FigureExit(minCount),
    clock: new TestClock(),
    gaugeEveryMs: 60_000,
  });
}

test('nodes of the region tree come in a table of their own, and a delta holds those that changed', () => {
  const view = viewOf();
  const layout = newLayout();
  const frames = framesOf(view, 0, layout);
  const wall = new WallState();
  wall.apply(decodeFrame(frames.snapshot()));
  expect([...wall.regions.present]).toEqual([7, 8]);
  expect([...wall.nodes.present]).toEqual([30, 20, 10]);
  expect([...wall.nodes.visitors]).toEqual([3, 4, 5]);
  view.regionPresent[3] = 21;
  const delta = decodeFrame(frames.tick(true)!.bytes);
  expect(delta.nodes!.index.byteLength).toBe(4);
  expect(wall.apply(delta)).toBe('applied');
  expect([...wall.nodes.present]).toEqual([30, 21, 10]);
  expect(decodeFrame(frames.tick(true)!.bytes).nodes).toBeUndefined();
  // Another tree: places mean others.
  Object.assign(layout, { tree: tree.slice(0, 2), revision: 2 });
  view.regionCount = 4;
  const frame = frames.tick(true)!;
  expect(frame.whole).toBe(true);
  wall.apply(decodeFrame(frame.bytes));
  expect([...wall.nodes.present]).toEqual([30, 21]);
});

test('nodes have their last intervals in the snapshot, and each that closes in a delta, hidden as their figures are', () => {
  const view = viewOf();
  const frames = framesOf(view, 20);
  const close = (present: number) => {
    view.regionPresent[2] = present;
    view.nextMinute();
    view.closeInterval();
  };
  for (let k = 0; k < rowSparkPoints + 5; k++) close(1000 + 10 * k);
  const wall = new WallState();
  wall.apply(decodeFrame(frames.snapshot()));
  expect(wall.nodeSparkPoints).toBe(rowSparkPoints);
  const ofNode = (node: number) => [
    ...wall.nodeSpark.subarray(node * wall.nodeSparkPoints, (node + 1) * wall.nodeSparkPoints),
  ];
  expect(ofNode(0).slice(-2)).toEqual([1630, 1640]);
  expect(ofNode(1).at(-1)).toBe(20);
  expect(new Set(ofNode(2))).toEqual(new Set([hiddenCount]));
  close(2000);
  close(2010);
  const delta = decodeFrame(frames.tick(true)!.bytes);
  expect(delta.nodeSpark!.present.byteLength).toBe(3 * 2 * 4);
  wall.apply(delta);
  expect(ofNode(0).slice(-4)).toEqual([1630, 1640, 2000, 2010]);
  expect(ofNode(0)).toHaveLength(rowSparkPoints);
  expect(wall.spark).toHaveLength(2 * wall.sparkPoints);
  const quiet = decodeFrame(frames.tick(true)!.bytes);
  expect(quiet.nodeSpark).toBeUndefined();
});

test('GET /api/regions lists micro-regions, and with a level the nodes of the tree there', async () => {
  const it = await startTestServer({ cells: 3, regions: 2 });
  it.view = viewOf();
  it.layout = { ...it.layout, tree, revision: 2 };
  it.server.publish();
  const get = async (path: string) => jsonOf<NodeTable>(await request(it.server.port, path));
  expect((await get('/api/regions')).regions.map(({ id }) => id)).toEqual(['r0', 'r1']);
  expect((await get('/api/regions?level=1')).regions).toMatchObject([{ id: 'tree:东', parent: '', present: 30 }]);
  const centres = (await get('/api/regions?level=2')).regions;
  expect(centres).toMatchObject([
    { id: 'tree:东/甲', name: '甲', level: 2, parent: 'tree:东', cellCount: 2, present: 20, visitors: 4 },
    { id: 'tree:东/乙', present: 10 },
  ]);
  expect((await get('/api/regions?level=3')).regions).toEqual([]);
  expect((await request(it.server.port, '/api/regions?level=5')).status).toBe(400);
  const history = await request(it.server.port, `/api/regions/${encodeURIComponent('tree:东/甲')}/history`);
  expect([history.status, jsonOf<{ id: string }>(history).id]).toEqual([200, 'tree:东/甲']);
  const traffic = await request(it.server.port, `/api/traffic?region=${encodeURIComponent('tree:东/乙')}`);
  expect(jsonOf<{ of: string }>(traffic).of).toBe('tree:东/乙');
  await it.server.close();
});
