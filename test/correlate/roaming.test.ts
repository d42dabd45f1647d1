import { beforeEach, describe, expect, it } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { formatPlmn } from '../../server/events/plmn.ts';
import * as c from './core-steps.ts';
import * as s from './steps.ts';

const second = 1_000_000;
const startUs = 1_790_000_000 * second;
const at = (seconds: number) => startUs + seconds * second;
const local = s.imsi(1);
/** Of NTT DOCOMO, 440-10. */
const guest = { imsi: 440_100_000_000_021, imsiDigits: 15 };
let bench: s.Bench;

beforeEach(() => {
  bench = s.makeBench({
    config: makeConfig({
      where: 'test',
      settings: { homePlmns: '460-00,001-01', connectionsMax: 1_000, nodeOperators: '8190=440-10,66800=520-03' },
    }),
  });
});

/** Rows as `seconds kind country operator flags`, with those that wait. */
const told = () => {
  bench.correlator.flush();
  return registrationRows();
};
const registrationRows = () =>
  bench.rows
    .filter(({ cell }) => cell === '')
    .map(({ timeUs, kind, peer, flags }) =>
      [(timeUs - startUs) / second, kind, peer?.country, formatPlmn(peer?.area ?? 0), flags].filter(Boolean).join(' '),
    );
const stats = () => {
  const { roamedOut, roamedIn } = bench.correlator.stats;
  return { out: Object.fromEntries(roamedOut), in: Object.fromEntries(roamedIn) };
};

describe('one of our own', () => {
  it('roams out with country and operator once an update abroad has succeeded, and is in none of our cells', () => {
    c.tell(bench, ...c.update(at(0), c.vlrJapan, c.hlr, local));
    expect(told()).toEqual(['0.3 roam-out JP 440-10 detach']);
    expect(bench.rows[0]).toMatchObject({ subscriber: s.subscriber(1), cell: '', plmn: '001-01', durationMs: 0 });
    expect(stats()).toEqual({ out: { JP: 1 }, in: {} });
  });

  it('does not roam by an update that is refused, aborted or unanswered', () => {
    c.tell(bench, ...c.update(at(0), c.vlrJapan, c.hlr, local, { error: 8 }));
    const question = c.invoke(c.operation.updateLocation, { ...local, numbers: { vlr: c.vlrJapan.title } });
    c.tell(bench, ...c.ask(at(10), c.vlrJapan, c.hlr, question, null));
    c.tell(bench, c.ask(at(20), c.vlrJapan, c.hlr, question, null)[0]);
    bench.correlator.flush();
    expect(told()).toEqual([]);
  });

  it('is told once of a network, whatever its VLRs, and again of the next', () => {
    c.tell(bench, ...c.update(at(0), c.vlrJapan, c.hlr, local));
    c.tell(bench, ...c.update(at(10), c.vlrJapanToo, c.hlr, local), ...c.cancel(at(11), c.hlr, c.vlrJapan, local));
    c.tell(bench, ...c.update(at(20), c.vlrThailand, c.hlr, local), ...c.cancel(at(21), c.hlr, c.vlrJapanToo, local));
    expect(told()).toEqual(['0.3 roam-out JP 440-10 detach', '20.3 roam-out TH 520-03 detach']);
    expect(stats().out).toEqual({ TH: 1 });
  });

  it('roams back at a VLR of ours, and an ordinary Cancel Location after it changes nothing', () => {
    c.tell(bench, ...c.update(at(0), c.vlrJapan, c.hlr, local));
    c.tell(bench, ...c.update(at(10), c.vlrOne, c.hlr, local), ...c.cancel(at(11), c.hlr, c.vlrJapan, local));
    expect(told().slice(1)).toEqual(['10.3 roam-back JP 440-10']);
    expect(stats().out).toEqual({});
  });

  it('ends roaming when the VLR abroad that serves purges it', () => {
    c.tell(bench, ...c.update(at(0), c.vlrJapan, c.hlr, local), ...c.purge(at(50), c.vlrJapan, c.hlr, local));
    expect(told().slice(1)).toEqual(['50 roam-end JP 440-10']);
    expect(stats().out).toEqual({});
  });

  it('does not end roaming for a Purge MS of a VLR that it has left', () => {
    c.tell(bench, ...c.update(at(0), c.vlrThailand, c.hlr, local), ...c.update(at(9), c.vlrJapan, c.hlr, local));
    c.tell(bench, ...c.purge(at(50), c.vlrThailand, c.hlr, local));
    expect(told()).toHaveLength(2);
    expect(bench.correlator.stats.supersededCancels).toBe(1);
  });

  it('keeps its presence through Cancel Location while an update to another VLR has only begun', () => {
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlr, local));
    const [begin, , , end] = c.update(at(10), c.vlrTwo, c.hlr, local);
    c.tell(bench, begin, ...c.cancel(at(10.1), c.hlr, c.vlrOne, local), end);
    expect(told()).toEqual([]);
  });

  it('loses its presence, without a cell, when the VLR that serves it here gives it up', () => {
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlr, local), ...c.purge(at(90), c.vlrOne, c.hlr, local));
    c.tell(bench, ...c.update(at(100), c.vlrTwo, c.hlr, local), ...c.cancel(at(190), c.hlr, c.vlrTwo, local));
    expect(told()).toEqual(['90 detach detach', '190 detach detach']);
    expect(bench.rows[0]).toMatchObject({ cell: '', subscriber: s.subscriber(1) });
  });

  it('is left alone at the start, when an update elsewhere may have gone before', () => {
    c.tell(bench, ...c.purge(at(0), c.vlrOne, c.hlr, local), ...c.cancel(at(59), c.hlr, c.vlrOne, local));
    expect(told()).toEqual([]);
    expect(bench.correlator.stats.faults.get('REGISTRATION_UNKNOWN')).toBe(2);
    c.tell(bench, ...c.cancel(at(61), c.hlr, c.vlrOne, local), ...c.purge(at(70), c.vlrJapan, c.hlr, s.imsi(2)));
    expect(told()).toEqual(['61 detach detach', '70 roam-end JP 440-10']);
  });

  it('comes back from where the Cancel Location of its update goes, though it was not seen to leave', () => {
    const [begin, ...rest] = c.update(at(0), c.vlrOne, c.hlr, local);
    c.tell(bench, begin, ...c.cancel(at(0.01), c.hlr, c.vlrJapan, local), ...rest);
    expect(told()).toEqual(['0.3 roam-back JP 440-10']);
  });

  it('does not roam out anew between VLRs of the network that it was in from the start', () => {
    const [begin, ...rest] = c.update(at(0), c.vlrJapan, c.hlr, local);
    c.tell(bench, begin, ...c.cancel(at(0.01), c.hlr, c.vlrJapanToo, local), ...rest);
    expect(told()).toEqual([]);
    expect(stats().out).toEqual({ JP: 1 });
  });

  it('is not taken out of its VLR by a Cancel Location to its SGSN', () => {
    const sgsn = { ...c.vlrOne, ssn: 149 };
    const attach = c.invoke(c.operation.updateGprsLocation, { ...local, numbers: { sgsn: sgsn.title } });
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlr, local), ...c.ask(at(1), sgsn, c.hlr, attach, c.result()));
    c.tell(bench, ...c.cancel(at(10), c.hlr, sgsn, local));
    expect(told()).toEqual([]);
  });
});

describe('a cancel whose update MAP did not show', () => {
  /** A location update on the A interface, from a second before its acceptance. */
  const onRadio = (bsc: s.Bsc, acceptedUs: number, who = local, accepted = true): s.Step[] =>
    new s.Line(bsc, 1, acceptedUs - 2 * second)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.locationUpdatingRequest, ...who })
      .confirm()
      .down({ ...(accepted ? s.locationUpdatingAccept : s.locationUpdatingReject), ...s.lai }).steps;
  /** Both sides of an update of somebody, from which it is learnt whose VLR stands behind the link. */
  const teach = (bsc: s.Bsc, vlr: c.CoreNode) => {
    c.tell(bench, ...c.update(at(-100), vlr, c.hlr, s.imsi(99)));
    bench.play(...onRadio(bsc, at(-98), s.imsi(99)));
  };

  it.each([
    ['has just been seen', -0.5],
    ['is seen a little later', 3],
  ])('keeps presence where an update at another MSC %s', (_, seconds) => {
    const radio = onRadio(s.bscC, at(100 + seconds));
    const cancel = c.cancel(at(100), c.hlr, c.vlrOne, local);
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlr, local));
    if (seconds < 0) bench.play(...radio);
    c.tell(bench, ...cancel);
    if (seconds > 0) bench.play(...radio);
    bench.correlator.tick(at(200));
    expect(registrationRows()).toEqual([]);
    expect(bench.correlator.stats.supersededCancels).toBe(1);
  });

  it('keeps presence hours after an update at an MSC whose VLR is known', () => {
    teach(s.bscC, c.vlrTwo);
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlr, local));
    bench.play(...onRadio(s.bscC, at(100)));
    c.tell(bench, ...c.purge(at(9_000), c.vlrOne, c.hlr, local), ...c.purge(at(9_900), c.vlrTwo, c.hlr, local));
    expect(told()).toEqual(['9900 detach detach']);
  });

  it.each([-1, 2])('ends presence, told at its own time, where the update %d s away was at the same VLR', (seconds) => {
    teach(s.bscA, c.vlrOne);
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlr, local));
    const steps = onRadio(s.bscA, at(100 + seconds));
    if (seconds < 0) bench.play(...steps);
    c.tell(bench, ...c.cancel(at(100), c.hlr, c.vlrOne, local));
    if (seconds > 0) bench.play(...steps);
    bench.correlator.tick(at(104));
    expect(registrationRows()).toEqual([]);
    bench.correlator.tick(at(107));
    expect(registrationRows()).toEqual(['100 detach detach']);
  });

  it('ends presence where the update elsewhere is refused, or is somebody else’s', () => {
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlr, local), ...c.cancel(at(100), c.hlr, c.vlrOne, local));
    bench.play(...onRadio(s.bscC, at(102), local, false), ...onRadio(s.bscC, at(103), s.imsi(7)));
    expect(told()).toEqual(['100 detach detach']);
  });

  it('knows that a subscriber is back from abroad when it updates here', () => {
    c.tell(bench, ...c.update(at(0), c.vlrJapan, c.hlr, local));
    bench.play(...onRadio(s.bscA, at(100)));
    c.tell(bench, ...c.cancel(at(100.5), c.hlr, c.vlrJapan, local));
    expect(told().slice(1)).toEqual(['100 roam-back JP 440-10']);
  });

  it('waits for MAP’s own part of the update, too', () => {
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlr, local), ...c.cancel(at(100), c.hlr, c.vlrOne, local));
    c.tell(bench, ...c.update(at(100.5), c.vlrTwo, c.hlr, local));
    expect(told()).toEqual([]);
  });

  it('holds only so many, and lets none be lost', () => {
    const count = 4_200;
    for (let n = 0; n < count; n++) c.tell(bench, ...c.update(at(n / 1000), c.vlrOne, c.hlr, s.imsi(n + 1)));
    bench.correlator.tick(at(90));
    for (let n = 0; n < count; n++) c.tell(bench, c.cancel(at(100), c.hlr, c.vlrOne, s.imsi(n + 1))[0]);
    expect(registrationRows()).toHaveLength(count - 4096);
    expect(new Set(told()).size).toBe(1);
    expect(bench.rows).toHaveLength(count);
  });
});

describe('somebody else’s', () => {
  it('roams in at a VLR of ours with its own country and operator, once', () => {
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlrJapan, guest), ...c.update(at(60), c.vlrTwo, c.hlrJapan, guest));
    c.tell(bench, ...c.cancel(at(61), c.hlrJapan, c.vlrOne, guest));
    expect(told()).toEqual(['0.3 roam-in JP 440-10']);
    expect(bench.rows[0].plmn).toBe('440-10');
    expect(stats()).toEqual({ out: {}, in: { '440-10': 1 } });
  });

  it('ends roaming and presence when its home network cancels the VLR that serves it', () => {
    c.tell(bench, ...c.update(at(0), c.vlrOne, c.hlrJapan, guest), ...c.cancel(at(99), c.hlrJapan, c.vlrOne, guest));
    expect(told().slice(1)).toEqual(['99 roam-end JP 440-10 detach']);
    expect(stats().in).toEqual({});
  });

  it('was here from the start where its home network asks our VLR for a roaming number', () => {
    c.tell(bench, ...c.ask(at(0), c.hlrJapan, c.vlrOne, c.invoke(4, guest), c.result()));
    expect(stats().in).toEqual({ '440-10': 1 });
    c.tell(bench, ...c.update(at(10), c.vlrTwo, c.hlrJapan, guest));
    expect(told()).toEqual([]);
  });

  it('is no roamer of ours in a third network', () => {
    c.tell(bench, ...c.update(at(0), c.vlrThailand, c.hlrJapan, guest));
    expect(told()).toEqual([]);
  });
});

it('tells the country alone where the operator is not known, and forgets the oldest roamers at its limit', () => {
  const settings = { homePlmns: '001-01', connectionsMax: 1_000, roamersMax: 100 };
  bench = s.makeBench({ config: makeConfig({ where: 'test', settings }) });
  for (let n = 1; n <= 103; n++) c.tell(bench, ...c.update(at(n), c.vlrJapan, c.hlr, s.imsi(n)));
  expect(told()[0]).toBe('1.3 roam-out JP detach');
  expect(stats().out).toEqual({ JP: 100 });
  expect(bench.correlator.stats.faults.get('ROAMER_EVICTED')).toBe(3);
});
