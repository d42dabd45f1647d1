import { beforeEach, describe, expect, it } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import * as c from './core-steps.ts';
import * as s from './steps.ts';

const second = 1_000_000;
const startUs = 1_790_000_000 * second;
const at = (seconds: number) => startUs + seconds * second;
const local = s.imsi(1);
const msisdn = '8613500000021';
let bench: s.Bench;
const begin = (settings: Record<string, unknown> = {}) => {
  const config = makeConfig({ where: 'test', settings: { homePlmns: '001-01', connectionsMax: 1_000, ...settings } });
  bench = s.makeBench({ config });
};
beforeEach(() => begin());

const kinds = () => bench.rows.map(({ kind }) => kind);
const fault = (name: string) => bench.correlator.stats.faults.get(name) ?? 0;

describe('dialogues', () => {
  it('matches a result to its invoke although it comes back over another link', () => {
    const [question, , , answer] = c.update(at(0), c.vlrJapan, c.hlr, local);
    const relayed = { ...answer, from: { ...c.hlr, pointCode: 5 }, to: { ...c.vlrJapan, pointCode: 7_000 } };
    c.tell(bench, question, relayed);
    expect(kinds()).toEqual(['roam-out']);
    expect(bench.correlator.stats.openDialogues).toBe(1);
    bench.correlator.flush();
    expect(bench.correlator.stats.openDialogues).toBe(0);
  });

  it('matches by link and side where nobody has a global title', () => {
    const vlr = { ...c.vlrJapan, title: '' };
    const home = { ...c.hlr, title: '' };
    const named = c.update(at(0), c.vlrJapan, c.hlr, local).map((step) => ({
      ...step,
      from: step.from === c.hlr ? home : vlr,
      to: step.to === c.hlr ? home : vlr,
    }));
    c.tell(bench, ...named);
    expect(kinds()).toEqual(['roam-out']);
  });

  it('keeps dialogues of both directions apart that have the same identity', () => {
    const ours = c.update(at(0), c.vlrJapan, c.hlr, local);
    const [question, answer] = c.ask(
      at(0.05),
      c.hlr,
      c.vlrJapan,
      c.invoke(c.operation.cancelLocation, s.imsi(2)),
      c.result(),
    );
    const otid = ours[0].otid!;
    c.tell(bench, ours[0], { ...question, otid }, { ...answer, dtid: otid }, ...ours.slice(1));
    expect(kinds()).toEqual(['roam-out']);
    expect(fault('DIALOGUE_IDENTITY_REUSED')).toBe(0);
  });

  it('keeps two nodes behind one point code apart by their titles', () => {
    const first = c.update(at(0), { ...c.vlrJapan, pointCode: 700 }, c.hlr, local);
    const other = c.update(at(0.01), { ...c.vlrThailand, pointCode: 700 }, c.hlr, s.imsi(2), { error: 8 });
    const otid = first[0].otid!;
    c.tell(bench, first[0], { ...other[0], otid }, { ...other[1], dtid: otid }, ...first.slice(1));
    expect(bench.rows.map(({ kind, peer }) => `${kind} ${peer?.country}`)).toEqual(['roam-out JP']);
  });

  it('takes an identity that begins anew for a new dialogue', () => {
    const [old] = c.update(at(0), c.vlrJapan, c.hlr, local);
    const next = c.update(at(60), c.vlrJapan, c.hlr, s.imsi(2));
    c.tell(
      bench,
      old,
      ...next.map((step) => ({
        ...step,
        ...(step.otid === next[0].otid ? { otid: old.otid } : {}),
        ...(step.dtid === next[0].otid ? { dtid: old.otid } : {}),
      })),
    );
    expect(bench.rows.map(({ subscriber }) => subscriber)).toEqual([s.subscriber(2)]);
    expect(fault('DIALOGUE_IDENTITY_REUSED')).toBe(1);
  });

  it('knows two operations of one dialogue apart by their invoke identities, and those of each side', () => {
    const steps = c.update(at(0), c.vlrJapan, c.hlr, local, { msisdn });
    // The HLR's own invoke has the same identity as the VLR's.
    const same = steps.map((step) => ({
      ...step,
      components: step.components.map((told) => ({ ...told, invokeId: 1 })),
    }));
    c.tell(bench, ...same.slice(0, 3));
    expect(kinds()).toEqual([]);
    c.tell(bench, same[3]);
    expect(kinds()).toEqual(['roam-out']);
  });

  it('follows a dialogue whose beginning it has not seen', () => {
    const steps = c.update(at(0), c.vlrJapan, c.hlr, local, { msisdn });
    const [, data] = steps;
    data.components[0] = { ...data.components[0], ...local };
    c.tell(bench, ...steps.slice(1));
    expect(bench.correlator.stats).toMatchObject({ knownNumbers: 1, openDialogues: 1 });
    expect(fault('DIALOGUE_UNKNOWN')).toBe(1);
    expect(kinds()).toEqual([]);
  });

  it('takes every component of a last message before the dialogue is over', () => {
    const steps = c.update(at(0), c.vlrJapan, c.hlr, local);
    steps[3].components.unshift(c.result({}, 99));
    c.tell(bench, ...steps);
    expect(kinds()).toEqual(['roam-out']);
  });

  it('ends dialogues that are silent, and counts them', () => {
    begin({ dialogueIdleMs: 60_000 });
    c.tell(bench, c.update(at(0), c.vlrJapan, c.hlr, local)[0]);
    bench.correlator.tick(at(59));
    expect(bench.correlator.stats.openDialogues).toBe(1);
    bench.correlator.tick(at(200));
    expect(bench.correlator.stats.openDialogues).toBe(0);
    expect(fault('DIALOGUE_IDLE')).toBe(1);
  });

  it('gives up an old one when all are in use', () => {
    begin({ dialoguesMax: 100 });
    for (let n = 0; n < 120; n++) c.tell(bench, c.update(at(n / 1000), c.vlrJapan, c.hlr, s.imsi(n + 1))[0]);
    expect(bench.correlator.stats.openDialogues).toBe(100);
    expect(fault('DIALOGUE_EVICTED')).toBe(20);
  });
});

describe('numbers', () => {
  const asked = (told: object, answer: object) =>
    c.ask(at(0), c.gmsc, c.hlr, { componentType: 1, invokeId: 1, ...told }, c.result(answer));

  it.each([
    ['insertSubscriberData within updateLocation', () => c.update(at(0), c.vlrOne, c.hlr, local, { msisdn })],
    ['sendRoutingInfo', () => asked({ operation: c.operation.sendRoutingInfo, numbers: { msisdn } }, local)],
    ['sendRoutingInfoForSM', () => asked({ operation: c.operation.sendRoutingInfoForSM, numbers: { msisdn } }, local)],
    ['one component with both', () => asked({ operation: 64, numbers: { msisdn }, ...local }, {})],
  ])('learns MSISDN and IMSI from %s', (_name, steps) => {
    c.tell(bench, ...steps());
    expect(bench.correlator.stats.knownNumbers).toBe(1);
  });

  it('learns nothing from a question that is refused, nor who writes to somebody', () => {
    const question = c.invoke(c.operation.sendRoutingInfo, { numbers: { msisdn } });
    c.tell(bench, ...c.ask(at(0), c.gmsc, c.hlr, question, c.refusal(1)));
    c.tell(bench, ...asked({ operation: 44, numbers: { msisdn }, ...local }, {}));
    expect(bench.correlator.stats.knownNumbers).toBe(0);
  });

  it('finds by its number who is served where, so that a Purge MS of that VLR counts', () => {
    c.tell(bench, ...asked({ operation: c.operation.sendRoutingInfo, numbers: { msisdn } }, local));
    const where = { numbers: { vlr: c.vlrOne.title } };
    c.tell(bench, ...asked({ operation: c.operation.anyTimeInterrogation, numbers: { msisdn } }, where));
    c.tell(bench, ...c.purge(at(10), c.vlrOne, c.hlr, local));
    expect(kinds()).toEqual(['detach']);
  });
});

describe('sendIdentification', () => {
  it('teaches whose TMSI it is, at the VLR that was asked', () => {
    const tmsi = 0xc0ff_ee01;
    const question = c.invoke(c.operation.sendIdentification, { tmsi });
    c.tell(bench, ...c.ask(at(0), c.vlrTwo, c.vlrOne, question, c.result(local)));
    const served = (bsc: s.Bsc, reference: number) =>
      new s.Line(bsc, reference, at(5)).open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(1), tmsi })
        .steps;
    bench.play(...served(s.bscA, 1), ...served({ ...s.bscC, msc: 186 }, 2));
    bench.correlator.flush();
    expect(bench.rows.filter(({ kind }) => kind === 'sighting').map(({ subscriber }) => subscriber)).toEqual([
      s.subscriber(1),
    ]);
  });
});
