import * as s from './steps.ts';

/** When phones are first heard, µs. */
export const start = 1_000_000_000;

/** A location update that allocates a TMSI, by IMSI unless told otherwise. */
export function allocation(bsc: s.Bsc, tmsi: number, request: object, timeUs = start): s.Line {
  return new s.Line(bsc, 1, timeUs)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.locationUpdatingRequest, laiPlmn: s.plmn, laiLac: 1, ...request })
    .confirm()
    .down({ ...s.locationUpdatingAccept, ...s.lai, tmsi });
}

/** Whom a later service request by TMSI is taken for; '' for nobody. */
export function whoIs(bench: s.Bench, bsc: s.Bsc, tmsi: number, fields: object = {}): string {
  const before = bench.rows.length;
  bench.play(
    ...new s.Line(bsc, 500, start + 100_000_000)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(1), tmsi, ...fields })
      .confirm()
      .clear().steps,
  );
  return bench.rows[bench.rows.length - 1 - Number(bench.rows.length === before)].subscriber;
}
