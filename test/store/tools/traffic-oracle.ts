/** Counts traffic from the event batches themselves, in plain loops: what the SQL aggregates must equal. */
import { type EventBatch, noCell } from '../../../server/events/event-batch.ts';
import { eventFlag, kindCode, outcomeCode } from '../../../server/events/kinds.ts';

/** Columns of `cell_traffic_1m` and the kinds that each counts. */
const classes: Record<string, number[]> = {
  location_updates: [kindCode['location update'], kindCode['imsi attach'], kindCode['periodic update']],
  mo_calls: [kindCode['mo call']],
  mt_calls: [kindCode['mt call']],
  emergency_calls: [kindCode['emergency call']],
  mo_sms: [kindCode['mo sms']],
  mt_sms: [kindCode['mt sms']],
  supplementary_services: [kindCode['supplementary service']],
  handovers: [kindCode.handover],
  detaches: [kindCode.detach],
  data: [kindCode.data],
  others: [kindCode.other],
};
const calls = [kindCode['mo call'], kindCode['mt call'], kindCode['emergency call']];
const unsuccessful = [outcomeCode.rejected, outcomeCode.failed];

export type TrafficRow = Record<string, number | null>;

/** Rows keyed by `bucketUs cell`, of events with the TRAFFIC flag. */
export function countTraffic(batches: readonly EventBatch[], bucketUs: number): Map<string, TrafficRow> {
  const rows = new Map<string, TrafficRow>();
  for (const batch of batches) {
    for (let i = 0; i < batch.n; i++) {
      if ((batch.flags[i] & eventFlag.traffic) === 0) continue;
      const bucket = Math.floor(batch.timeUs[i] / bucketUs) * bucketUs;
      const cell = batch.cell[i] === noCell ? null : batch.cell[i];
      const key = `${bucket} ${cell}`;
      let row = rows.get(key);
      if (row === undefined) {
        row = { bucket, cell_id: cell, units: 0, unsuccessful: 0, call_ms: null, bytes: 0 };
        for (const name of Object.keys(classes)) row[name] = 0;
        rows.set(key, row);
      }
      row.units! += 1;
      for (const [name, kinds] of Object.entries(classes)) if (kinds.includes(batch.kind[i])) row[name]! += 1;
      if (unsuccessful.includes(batch.outcome[i])) row.unsuccessful! += 1;
      if (calls.includes(batch.kind[i])) row.call_ms = (row.call_ms ?? 0) + batch.durationMs[i];
      row.bytes! += batch.bytes[i];
    }
  }
  return rows;
}
