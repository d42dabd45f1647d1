import { expect, test } from 'vitest';
import { hiddenCount, unknownCount } from '../../shared/protocol.ts';
import { type TrafficClass, type TrafficColumn, trafficClasses, trafficColumns } from '../../shared/traffic.ts';
import { trafficLine } from '../../web/state/traffic-line.ts';

type Figures = [row: number, column: TrafficColumn, kind: TrafficClass, value: number][];

function traffic(figures: Figures) {
  const columns = Object.fromEntries(
    trafficColumns.map((name) => [name, new Uint32Array(3 * trafficClasses.length)]),
  ) as Record<TrafficColumn, Uint32Array>;
  for (const [row, column, kind, value] of figures)
    columns[column][row * trafficClasses.length + trafficClasses.indexOf(kind)] = value;
  return { fromUs: 0, toUs: 60e6, columns };
}

test('an area’s line adds up its groups, its minutes of talk and the share that failed', () => {
  const line = trafficLine(
    traffic([
      [2, 'units', 'mo calls', 40],
      [2, 'units', 'mo sms', 6],
      [2, 'units', 'mt sms', 4],
      [2, 'failed', 'mt sms', 3],
      [2, 'dropped', 'mo calls', 2],
      [2, 'seconds', 'mo calls', 95],
      [1, 'units', 'data', 9],
    ]),
    2,
  );
  expect(line).toMatchObject({ moCalls: 40, mtCalls: 0, sms: 10, data: 0, talkMinutes: 2, failedShare: 0.1 });
});

test('hidden and unknown parts stay what they are, and make the share unknown', () => {
  const hidden = trafficLine(traffic([[0, 'units', 'mo sms', hiddenCount]]), 0);
  expect(hidden).toMatchObject({ sms: hiddenCount, moCalls: 0, failedShare: Number.NaN });
  const some = trafficLine(
    traffic([
      [0, 'units', 'mo sms', hiddenCount],
      [0, 'units', 'mt sms', 50],
      [0, 'units', 'mo calls', unknownCount],
    ]),
    0,
  );
  expect(some).toMatchObject({ sms: 50, moCalls: unknownCount });
});

test('nothing counted is 0 and has no share that failed', () => {
  expect(trafficLine(traffic([]), 1)).toMatchObject({ moCalls: 0, talkMinutes: 0, failedShare: Number.NaN });
});
