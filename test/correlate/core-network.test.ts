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

  it('takes a responder’s identity that is given anew for the new dialogue', () => {
    // Of the first one the end is lost; the HLR gives its identity to the next one.
    const old = c.update(at(0), c.vlrJapan, c.hlr, local);
    const next = c.update(at(60), c.vlrThailand, c.hlr, s.imsi(2), { msisdn });
    const [begin, data, answer, end] = next;
    const same = [begin, { ...data, otid: old[1].otid }, { ...answer, dtid: old[1].otid }];
    // The subscriber's data a second time: whose it is, the dialogue alone knows.
    const more = { ...data, timeUs: at(60.25), otid: old[1].otid };
    c.tell(bench, ...old.slice(0, 3), ...same, more, end);
    expect(bench.correlator.stats.knownNumbers).toBe(1);
    expect(fault('DIALOGUE_IDENTITY_REUSED')).toBe(1);
    expect(bench.rows.map(({ kind, subscriber }) => [kind, subscriber])).toEqual([['roam-out', s.subscriber(2)]]);
  });

  it('does not take a message of one dialogue for another’s that has only one identity in common', () => {
    const old = c.update(at(0), c.vlrJapan, c.hlr, local);
    const [, data] = c.update(at(60), c.vlrThailand, c.hlr, s.imsi(2), { msisdn });
    // Of the second one nothing was seen before the VLR's answer, to an identity that the HLR has given anew.
    const [, , answer] = old;
    const stray = { ...answer, timeUs: at(60), from: c.vlrThailand, otid: data.dtid, components: [c.refusal(34, 7)] };
    c.tell(bench, ...old.slice(0, 3), stray, { ...old[3], timeUs: at(61) });
    expect(fault('DIALOGUE_IDENTITY_REUSED')).toBe(1);
    expect(kinds()).toEqual([]);
  });

  it('joins both identities whoever is heard first', () => {
    const [begin, , answer, end] = c.update(at(0), c.vlrJapan, c.hlr, local);
    c.tell(bench, begin, answer);
    expect(bench.correlator.stats.openDialogues).toBe(1);
    c.tell(bench, end);
    expect(kinds()).toEqual(['roam-out']);
    expect(fault('DIALOGUE_UNKNOWN')).toBe(0);
  });

  it('ends a dialogue although the next message’s first component could not be read', () => {
    const first = c.update(at(0), c.vlrJapan, c.hlr, local);
    const second = c.update(at(1), c.vlrThailand, c.hlr, s.imsi(2));
    second[3].components[0] = { ...second[3].components[0], componentIndex: 1 };
    c.tell(bench, ...second.slice(0, 3), ...first, second[3]);
    expect(kinds()).toEqual(['roam-out', 'roam-out']);
    bench.correlator.flush();
    expect(bench.correlator.stats.openDialogues).toBe(0);
  });

  it('ends no other dialogue by an ABORT that does not tell which of two nodes it is for', () => {
    const behind = (node: c.CoreNode): c.CoreNode => ({ ...node, pointCode: 700 });
    const first = c.update(at(0), behind(c.vlrJapan), c.hlr, local);
    const second = c.update(at(1), behind(c.vlrThailand), c.hlr, s.imsi(2));
    const same = second.map((step) => ({
      ...step,
      ...(step.otid === second[0].otid ? { otid: first[0].otid } : {}),
      ...(step.dtid === second[0].otid ? { dtid: first[0].otid } : {}),
    }));
    const abort = { timeUs: at(2), from: c.hlr, to: behind({ ...c.vlrJapan, title: '' }), tcapType: 7 };
    c.tell(bench, first[0], same[0], { ...abort, dtid: first[0].otid, components: [] }, first[3], same[3]);
    expect(kinds()).toEqual(['roam-out', 'roam-out']);
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
    bench.correlator.flush();
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
