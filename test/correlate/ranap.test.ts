import { beforeEach, describe, expect, it } from 'vitest';
import { part, type SignalMessage } from '../../server/decode/message.ts';
import * as s from './steps.ts';

const startUs = 1_000_000_000;
const rncA: s.Bsc = { link: 11, pointCode: 287, msc: s.msc };
const rncB: s.Bsc = { link: 12, pointCode: 288, msc: s.msc };
const rncC: s.Bsc = { link: 13, pointCode: 289, msc: s.msc };

const place = part.place | part.ranap;
const ranap = (ranapProcedure: number, ranapType = 0): Partial<SignalMessage> => ({
  parts: part.ranap,
  ranapProcedure,
  ranapType,
});
const sai = (lac: number, sac: number) => ({ parts: place, cellPlmn: s.plmn, cellLac: lac, cellSac: sac });
const initialUe = (lac: number, sac: number) => ({ ...ranap(19), cnDomain: 0, ...sai(lac, sac) });
const direct = (nas: Partial<SignalMessage>) => ({ ...ranap(20), ...nas });
const commonId = (subscriber: number) => ({ ...ranap(15), ...s.imsi(subscriber) });
const iuReleaseRequest = (ranapCause: number) => ({ ...ranap(11), ranapCause });
const iuRelease = [ranap(1), ranap(1, 1)] as const;
const relocationRequired = (told: object = { targetCellPlmn: s.plmn, targetCellLac: 42300 }) => ({
  ...ranap(2),
  ...told,
});
const relocationRequest = (told: object = {}) => ({ ...ranap(3), cnDomain: 0, ...told });
const relocationComplete = ranap(13);

let bench: s.Bench;
beforeEach(() => {
  bench = s.makeBench();
});

/** A location update on Iu, accepted, whose subscriber is known from the start. */
const attached = (line: s.Line, subscriber: number) =>
  line
    .open({ ...initialUe(42300, 7), ...s.locationUpdatingRequest, ...s.imsi(subscriber) })
    .confirm()
    .down(direct({ ...s.locationUpdatingAccept, ...s.lai, tmsi: 0x100 + subscriber }))
    .up(direct(s.tmsiReallocationComplete));

/** A call that has been put through. */
const calling = (line: s.Line, who: object) =>
  line
    .open({ ...initialUe(42300, 7), ...s.cmServiceRequest(1), ...who })
    .confirm()
    .up(direct(s.call(s.setup, 0)))
    .down(direct(s.call(s.connect, 8)));

const inTime = (...lines: s.Line[]) => lines.flatMap(({ steps }) => steps).sort((a, b) => a.timeUs - b.timeUs);

it('takes InitialUE-Message for COMPLETE LAYER 3 INFORMATION, its service area for the cell', () => {
  bench.play(
    ...attached(new s.Line(rncA, 1, startUs), 1)
      .down(iuRelease[0])
      .up(iuRelease[1])
      .release().steps,
  );
  expect(s.sightings(bench.rows)).toEqual([
    `1000 460-00-42300-7 ${s.subscriber(1)}`,
    `1003 460-00-42300-7 ${s.subscriber(1)}`,
  ]);
  expect(bench.rows.at(-1)).toMatchObject({ kind: 'location update', outcome: 'success' });
});

it('writes what is left at Iu-ReleaseComplete, and nothing more when SCCP follows', () => {
  const line = attached(new s.Line(rncA, 1, startUs), 1)
    .down(iuRelease[0])
    .up(iuRelease[1]);
  bench.play(...line.steps);
  expect(bench.rows).toHaveLength(2);
  line.release();
  bench.play(...line.steps.slice(-2));
  expect(bench.rows).toHaveLength(2);
  expect(bench.correlator.stats.openConnections).toBe(0);
});

it('learns from CommonID who it is, and from the connection’s TMSI who comes next', () => {
  const first = new s.Line(rncA, 1, startUs)
    .open({ ...initialUe(42300, 7), ...s.cmServiceRequest(1), tmsi: 0x77 })
    .confirm()
    .down(commonId(3))
    .down(iuRelease[0])
    .up(iuRelease[1])
    .release();
  bench.play(...first.steps);
  const next = new s.Line(s.bscA, 2, startUs + 60_000_000).open({
    ...s.completeLayer3,
    ...s.cellOne,
    ...s.cmServiceRequest(1),
    tmsi: 0x77,
  });
  bench.play(...next.steps);
  expect(s.sightings(bench.rows)).toEqual([
    `1000 460-00-42300-7 ${s.subscriber(3)}`,
    `1060 ${s.cgi(s.cellOne)} ${s.subscriber(3)}`,
  ]);
});

it('learns a TMSI from Paging of the circuit-switched domain', () => {
  const page = (cnDomain: number, subscriber: number, tmsi: number): s.Step => ({
    timeUs: startUs,
    bsc: rncA,
    up: false,
    fields: { sccpType: 9, ...ranap(14), cnDomain, ...s.imsi(subscriber), tmsi },
  });
  bench.play(page(0, 1, 0x11), page(1, 2, 0x12));
  expect(bench.correlator.stats.knownTmsis).toBe(1);
  expect(bench.correlator.stats.faults.get('IU_PACKET_DOMAIN')).toBe(1);
});

it('leaves connections of the packet domain alone and counts them', () => {
  const line = new s.Line(rncA, 1, startUs)
    .open({ ...initialUe(42300, 7), cnDomain: 1, protocolDiscriminator: 8, dtapType: 1, ...s.imsi(1) })
    .confirm()
    .down(commonId(1))
    .up(direct({ protocolDiscriminator: 8, dtapType: 3 }))
    .release();
  bench.play(...line.steps);
  expect(bench.rows).toEqual([]);
  expect(bench.correlator.stats.faults.get('IU_PACKET_DOMAIN')).toBe(1);
});

it('drops a call with the cause of Iu-ReleaseRequest', () => {
  const line = calling(new s.Line(rncA, 1, startUs), s.imsi(1))
    .up(iuReleaseRequest(46))
    .down(iuRelease[0]);
  bench.play(...line.up(iuRelease[1]).release().steps);
  expect(bench.rows.at(-1)).toMatchObject({ kind: 'mo call', outcome: 'dropped', cause: 46 });
});

describe('a phone that moves', () => {
  it('is sighted where LocationReport tells another service area, not where it repeats the old one', () => {
    const report = (sac: number) => ({ ...ranap(18), ...sai(42300, sac) });
    const line = calling(new s.Line(rncA, 1, startUs), s.imsi(1))
      .up(report(7))
      .up(report(8));
    bench.play(...line.up(iuRelease[1]).release().steps);
    expect(s.sightings(bench.rows)).toEqual([
      `1000 460-00-42300-7 ${s.subscriber(1)}`,
      `1005 460-00-42300-8 ${s.subscriber(1)}`,
    ]);
  });

  it('is where the service area of its DirectTransfer says', () => {
    const line = calling(new s.Line(rncA, 1, startUs), s.imsi(1)).up({
      ...direct(s.call(s.releaseComplete, 0)),
      ...sai(42301, 9),
    });
    bench.play(...line.up(iuRelease[1]).release().steps);
    expect(bench.rows.at(-1)).toMatchObject({ kind: 'mo call', cell: '460-00-42301-9', flags: 'sighting+traffic' });
  });

  it('goes on with its call on the connection of the target RNC, joined by its IMSI', () => {
    const old = calling(new s.Line(rncA, 1, startUs), s.imsi(1)).up(relocationRequired());
    const other = calling(new s.Line(rncC, 3, startUs + 1), s.imsi(2)).up(relocationRequired());
    const target = new s.Line(rncB, 2, startUs + 4_500_000, { mscOpens: true })
      .open(relocationRequest(s.imsi(1)))
      .confirm()
      .up(relocationComplete)
      .up({ ...ranap(18), ...sai(42310, 4) })
      .up(direct(s.call(s.releaseComplete, 0)))
      .down(iuRelease[0])
      .up(iuRelease[1])
      .release();
    old.wait(4_000_000).down(iuRelease[0]).up(iuRelease[1]).release();
    bench.play(...inTime(old, target, other));
    expect(bench.correlator.stats).toMatchObject({ handovers: 1, handoverJoins: 1 });
    const call = bench.rows.find(({ kind }) => kind === 'mo call');
    expect(call).toMatchObject({ cell: '460-00-42310-4', subscriber: s.subscriber(1), outcome: 'success' });
    // A target that is named by its location area alone is no cell.
    expect(bench.rows.find(({ kind }) => kind === 'handover')).toMatchObject({ cell: '', subscriber: s.subscriber(1) });
  });

  it('is joined without an IMSI where one alone relocates, and not guessed where two do', () => {
    const pending = (bsc: s.Bsc, reference: number, who: object) =>
      calling(new s.Line(bsc, reference, startUs + reference), who).up(relocationRequired());
    const come = (reference: number, timeUs: number) =>
      new s.Line(rncB, reference, timeUs, { mscOpens: true })
        .open(relocationRequest())
        .confirm()
        .up(relocationComplete);
    bench.play(...inTime(pending(rncA, 1, s.imsi(1)), come(2, startUs + 4_500_000)));
    expect(bench.correlator.stats.handoverJoins).toBe(1);
    const later = [pending(rncA, 4, s.imsi(4)), pending(rncC, 5, s.imsi(5))];
    bench.play(...inTime(...later, come(6, startUs + 4_500_000)));
    expect(bench.correlator.stats.handoverJoins).toBe(1);
    expect(bench.correlator.stats.faults.get('HANDOVER_NOT_JOINED')).toBe(1);
  });

  it('is told from one that relocates elsewhere by the RNC that is asked, once that has named itself', () => {
    const to = (targetRncId: number) =>
      relocationRequired({ targetCellPlmn: s.plmn, targetCellLac: 42300, targetRncId });
    const named = new s.Line(rncB, 7, startUs).open({
      ...initialUe(42310, 1),
      rncId: 88,
      ...s.locationUpdatingRequest,
    });
    const there = calling(new s.Line(rncA, 1, startUs + 1_000_000), s.imsi(1)).up(to(88));
    const elsewhere = calling(new s.Line(rncC, 3, startUs + 1_000_001), s.imsi(2)).up(to(99));
    const come = new s.Line(rncB, 2, startUs + 5_500_000, { mscOpens: true })
      .open(relocationRequest())
      .confirm()
      .up(relocationComplete)
      .up({ ...ranap(18), ...sai(42310, 4) });
    bench.play(...inTime(named, there, elsewhere, come));
    expect(bench.correlator.stats).toMatchObject({ handovers: 1, handoverJoins: 1 });
    expect(s.sightings(bench.rows).at(-1)).toBe(`1008.5 460-00-42310-4 ${s.subscriber(1)}`);
  });

  it('comes from a GSM cell: HANDOVER REQUIRED names an RNC, and RelocationRequest nothing', () => {
    const old = new s.Line(s.bscA, 1, startUs)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(1), ...s.imsi(1) })
      .confirm()
      .up(s.call(s.setup, 0))
      .down(s.call(s.connect, 8))
      .up({ bssmapType: 0x11, cellListDiscriminator: 8, targetCellPlmn: s.plmn, targetCellLac: 42300 });
    const come = new s.Line(rncB, 2, startUs + 4_500_000, { mscOpens: true })
      .open(relocationRequest())
      .confirm()
      .up(relocationComplete)
      .up({ ...ranap(18), ...sai(42310, 4) });
    bench.play(...inTime(old, come));
    expect(bench.correlator.stats.handoverJoins).toBe(1);
    expect(s.sightings(bench.rows).at(-1)).toBe(`1007.5 460-00-42310-4 ${s.subscriber(1)}`);
  });

  it('goes to a GSM cell by relocation on one side and HANDOVER REQUEST on the other', () => {
    const old = calling(new s.Line(rncA, 1, startUs), s.imsi(1)).up(relocationRequired(s.asTarget(s.cellTwo)));
    const target = new s.Line(s.bscB, 2, startUs + 4_500_000, { mscOpens: true })
      .open({ bssmapType: 0x10, ...s.asTarget(s.cellTwo) })
      .confirm()
      .up({ bssmapType: 0x14 });
    bench.play(...inTime(old, target));
    expect(s.sightings(bench.rows)).toContain(`1006.5 ${s.cgi(s.cellTwo)} ${s.subscriber(1)}`);
  });

  it('is where it was when the relocation is refused', () => {
    const line = calling(new s.Line(rncA, 1, startUs), s.imsi(1))
      .up(relocationRequired())
      .down({ ...ranap(2, 2), ranapCause: 9 })
      .up(direct(s.call(s.releaseComplete, 0)));
    bench.play(...line.up(iuRelease[1]).release().steps);
    const refused = { kind: 'handover', outcome: 'rejected', cause: 9, cell: '460-00-42300-7', flags: 'traffic' };
    expect(bench.rows.filter((row) => row.kind === 'handover')).toMatchObject([refused]);
    expect(bench.rows.at(-1)).toMatchObject({ kind: 'mo call', cell: '460-00-42300-7' });
  });
});
