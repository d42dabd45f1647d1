/** Rows of what was learnt of subscribers (`events/learnt.ts`) on their way into the tables of sql/014. */
import type { EventBatch } from '../events/event-batch.ts';
import { learntKind } from '../events/learnt.ts';
import { type CopyBuffer, rowBytes } from './copy-buffer.ts';

export const identityToldColumns = 'ts, sub, value, plmn, type_allocation_code, kind';
export const servingToldColumns = 'ts, sub, vlr, plmn, network, country';

const identityBytes = rowBytes({ int8: 3, int4: 2, int2: 1 });
const servingBytes = rowBytes({ int8: 3, int4: 2, int2: 1 });
/** Codes of `identity_told.kind`. */
const identityKind = { msisdn: 1, handset: 2 } as const;

/** Writes row `i` of the batch, one of `isLearnt`, into the table that it belongs to. */
export function writeLearnt(
  copies: { readonly identity_told: CopyBuffer; readonly serving_told: CopyBuffer },
  batch: EventBatch,
  i: number,
): void {
  const kind = batch.kind[i];
  if (kind === learntKind.serving) {
    const out = copies.serving_told;
    out.row(6, servingBytes);
    out.timestamp(batch.timeUs[i]);
    out.int8Halves(batch.subLo[i], batch.subHi[i]);
    out.int8(batch.bytes[i]);
    out.int4(batch.plmn[i]);
    out.int4(batch.area[i]);
    out.int2(batch.country[i]);
    return;
  }
  const out = copies.identity_told;
  out.row(6, identityBytes);
  out.timestamp(batch.timeUs[i]);
  out.int8Halves(batch.subLo[i], batch.subHi[i]);
  out.int8Halves(batch.peerLo[i], batch.peerHi[i]);
  out.int4(batch.plmn[i]);
  out.int4(batch.typeAllocationCode[i]);
  out.int2(kind === learntKind.msisdn ? identityKind.msisdn : identityKind.handset);
}
