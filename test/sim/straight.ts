import type { Config } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { LogState } from '../../server/core/log-state.ts';
import { decodeRecord, encodeRecord, type LogRecord } from '../../server/journal/records.ts';
import type { Followed } from './follower.ts';

/** What the records of a log make, applied once from the first to the last: no restart, no disk, no snapshot. */
export class Straight {
  readonly records: { record: LogRecord; to: number }[];
  /** Payloads of derived records, in order. */
  readonly derived: { kind: number; payload: Uint8Array }[] = [];
  readonly state = new LogState();
  counting: Counting | null = null;
  /** How often counting has begun. */
  begun = 0;

  constructor(config: Config, log: readonly Followed[]) {
    this.records = log.map(({ kind, payload, to }) => ({ record: decodeRecord(kind, payload, to), to }));
    for (const { record } of this.records) {
      // It makes its own.
      if (record.k === 'gauges' || record.k === 'stays') continue;
      this.state.apply(record);
      if (record.k === 'regions')
        for (const _ of this.counting?.settingRegions(this.state.regions, () => undefined) ?? []);
      if (record.k !== 'run' || !record.fresh) {
        for (const _ of this.counting?.applying(record) ?? []);
        continue;
      }
      this.begun++;
      this.counting = new Counting(config, this.state, (number, made) => {
        const told =
          made.k === 'gauges'
            ? encodeRecord({ ...made, number })
            : encodeRecord({ k: 'stays', number, stays: made.stays });
        this.derived.push({ kind: told.kind, payload: Buffer.concat(told.parts) });
      });
    }
  }
}
