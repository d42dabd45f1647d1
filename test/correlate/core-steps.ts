import { MapMessage, mapSlice } from '../../server/decode/map-message.ts';
import { SignalMessage } from '../../server/decode/message.ts';
import type { Bench } from './steps.ts';

/** A node of the core network as the wire shows it. */
export interface CoreNode {
  /** Global title; '' where it has none. */
  title: string;
  pointCode: number;
  ssn?: number;
}

export const hlr: CoreNode = { title: '8613700000001', pointCode: 900, ssn: 6 };
export const vlrOne: CoreNode = { title: '8613700000101', pointCode: 185, ssn: 7 };
export const vlrTwo: CoreNode = { title: '8613700000102', pointCode: 186, ssn: 7 };
export const vlrJapan: CoreNode = { title: '8190000010001', pointCode: 950, ssn: 7 };
export const vlrJapanToo: CoreNode = { title: '8190000010002', pointCode: 951, ssn: 7 };
export const vlrThailand: CoreNode = { title: '6680000010001', pointCode: 960, ssn: 7 };
export const hlrJapan: CoreNode = { title: '8190000020001', pointCode: 950, ssn: 6 };
export const gmsc: CoreNode = { title: '8613700000201', pointCode: 190, ssn: 8 };

export const operation = {
  updateLocation: 2,
  cancelLocation: 3,
  insertSubscriberData: 7,
  sendRoutingInfo: 22,
  updateGprsLocation: 23,
  sendRoutingInfoForSM: 45,
  sendIdentification: 55,
  purgeMS: 67,
  anyTimeInterrogation: 71,
} as const;

export interface CoreStep {
  timeUs: number;
  from: CoreNode;
  to: CoreNode;
  tcapType: number;
  otid?: number;
  dtid?: number;
  components: (Partial<MapMessage> & { numbers?: Partial<Record<keyof typeof mapSlice, string>> })[];
}

/** A link by its point codes, as the decoder numbers them. */
const linkOf = (a: number, b: number) => Math.min(a, b) * 10_000 + Math.max(a, b);

const semiOctets = (digits: string) => {
  const even = digits.length % 2 === 0 ? digits : `${digits}f`;
  return [...even.matchAll(/../g)].map(([pair]) => Number.parseInt(pair[1] + pair[0], 16));
};

/** Gives a correlator TCAP messages, component by component. */
export function tell(bench: Bench, ...steps: CoreStep[]): void {
  for (const { timeUs, from, to, tcapType, otid = -1, dtid = -1, components } of steps) {
    const m = new SignalMessage();
    const titles = [semiOctets(to.title), semiOctets(from.title)];
    Object.assign(m, {
      timeUs,
      opc: from.pointCode,
      dpc: to.pointCode,
      link: linkOf(from.pointCode, to.pointCode),
      fromLower: from.pointCode < to.pointCode,
      addressBytes: Uint8Array.from(titles.flat()),
      calledTitleOffset: 0,
      calledTitleDigits: to.title.length,
      callingTitleOffset: titles[0].length,
      callingTitleDigits: from.title.length,
      calledSsn: to.ssn ?? -1,
      callingSsn: from.ssn ?? -1,
    });
    const all = components.length === 0 ? [{ componentType: -1 }] : components;
    all.forEach(({ numbers, ...fields }: CoreStep['components'][number], componentIndex) => {
      const c = new MapMessage();
      Object.assign(c, { tcapType, otid, otidLength: otid < 0 ? 0 : 4, dtid, dtidLength: dtid < 0 ? 0 : 4, user: 0 });
      Object.assign(c, { componentIndex, ...fields });
      const octets: number[] = [];
      for (const [slice, digits] of Object.entries(numbers ?? {})) {
        const coded = semiOctets(digits);
        c.setSlice(mapSlice[slice as keyof typeof mapSlice], octets.length, coded.length, 0x91);
        octets.push(...coded);
      }
      c.bytes = Uint8Array.from(octets);
      bench.correlator.map(m, c);
    });
  }
}

type Told = CoreStep['components'][number];
export const invoke = (op: number, told: Told = {}, invokeId = 1): Told => ({
  componentType: 1,
  invokeId,
  operation: op,
  ...told,
});
export const result = (told: Told = {}, invokeId = 1): Told => ({ componentType: 2, invokeId, ...told });
export const refusal = (error: number, invokeId = 1): Told => ({ componentType: 3, invokeId, error });

let identity = 1000;

/** One question and its answer, half a second apart; no answer: the dialogue is aborted. */
export function ask(timeUs: number, from: CoreNode, to: CoreNode, question: Told, answer: Told | null): CoreStep[] {
  const otid = identity++;
  return [
    { timeUs, from, to, tcapType: 2, otid, components: [question] },
    {
      timeUs: timeUs + 500_000,
      from: to,
      to: from,
      tcapType: answer === null ? 7 : 4,
      dtid: otid,
      components: answer === null ? [] : [answer],
    },
  ];
}

/** updateLocation with the subscriber's data inserted before its result. */
export function update(
  timeUs: number,
  vlr: CoreNode,
  home: CoreNode,
  who: { imsi: number; imsiDigits: number },
  { msisdn = '', error = 0 } = {},
): CoreStep[] {
  const otid = identity++;
  const dtid = identity++;
  const begin: CoreStep = {
    timeUs,
    from: vlr,
    to: home,
    tcapType: 2,
    otid,
    components: [invoke(operation.updateLocation, { ...who, numbers: { vlr: vlr.title, msc: vlr.title } })],
  };
  if (error > 0) {
    return [
      begin,
      { timeUs: timeUs + 300_000, from: home, to: vlr, tcapType: 4, dtid: otid, components: [refusal(error)] },
    ];
  }
  const data = invoke(operation.insertSubscriberData, msisdn === '' ? {} : { numbers: { msisdn } }, 7);
  return [
    begin,
    { timeUs: timeUs + 100_000, from: home, to: vlr, tcapType: 5, otid: dtid, dtid: otid, components: [data] },
    { timeUs: timeUs + 200_000, from: vlr, to: home, tcapType: 5, otid, dtid, components: [result({}, 7)] },
    { timeUs: timeUs + 300_000, from: home, to: vlr, tcapType: 4, dtid: otid, components: [result({ operation: 2 })] },
  ];
}

export const cancel = (timeUs: number, home: CoreNode, vlr: CoreNode, who: { imsi: number; imsiDigits: number }) =>
  ask(timeUs, home, vlr, invoke(operation.cancelLocation, who), result());

export const purge = (timeUs: number, vlr: CoreNode, home: CoreNode, who: { imsi: number; imsiDigits: number }) =>
  ask(timeUs, vlr, home, invoke(operation.purgeMS, { ...who, numbers: { vlr: vlr.title } }), result());
