import { describe, expect, test } from 'vitest';
import { SimulationFeed } from '../../../fixtures/make/simulation-feed.ts';
import type { Procedure } from '../../../fixtures/make/types.ts';
import { crc32c } from '../../../fixtures/make/wire/crc32c.ts';
import { makeBusyLife, procedure, ScriptedCity } from './fake-city.ts';
import { hex, Recorder, type Walked } from './walk.ts';

const startUs = Date.UTC(2026, 9, 17, 9, 30) * 1000;
const at = (seconds: number) => startUs + seconds * 1_000_000;

interface Told {
  timeUs: number;
  phone: number;
  cell: number;
  what: string;
  known: boolean;
}

async function run(
  procedures: Procedure[],
  options: { population?: number; endUs?: number; commonIdShare?: number } = {},
) {
  const sightings: Told[] = [];
  const recorder = new Recorder();
  const feed = new SimulationFeed(new ScriptedCity(options.population ?? 10, startUs, procedures), {
    seed: 1,
    endUs: options.endUs ?? at(600),
    commonIdShare: options.commonIdShare ?? 1,
    map: false,
    truth: {
      sighting: (timeUs, phone, cell, what, known) => sightings.push({ timeUs, phone, cell, what, known }),
    },
  });
  await feed.read(recorder, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  return { feed, sightings, ...recorder };
}

const isDtap = ({ bssap }: Walked) => bssap[0] === 1;
const isUp = ({ down }: Walked) => !down;
/** BSSMAP type of a message, or -1. */
const bssmapType = ({ bssap }: Walked) => (bssap.length > 2 && bssap[0] === 0 ? bssap[2] : -1);

describe('one procedure', () => {
  test('an attach of a new arrival: IMSI in a CR with the whole CGI, and a TMSI at the end', async () => {
    // The last phone of the scripted city is a foreigner, who has no TMSI yet.
    const { messages, sightings } = await run([procedure('imsi attach', at(1), { phone: 9, cell: 7 })]);
    const [request] = messages;
    expect(request.timeUs).toBe(at(1));
    // Point codes in SCCP addresses are 14 bits, least significant octet first. ITU-T Q.713 §3.4.2.1.
    const pointCode = hex(Uint8Array.of(request.opc & 0xff, request.opc >> 8));
    expect(hex(request.sccp)).toBe(
      [
        '01 020000 02 02 04', // CR, local reference 2, class 2, pointers
        `02 42 fe 04 04 43 ${pointCode} fe`, // called address BSSAP, calling address with point code
        '0f 23 00 21', // 35 octets of data, BSSMAP of 33
        '57 05 08 00 64f000 a4da 4e27', // cell 7: LAC 42202, CI 20007
        '17 12 05 08 72 64f000fffe 33', // IMSI attach without a key, location area deleted
        '08 3901140000000024', // IMSI of 310-410 with MSIN 000000042
        '21 81 00',
      ]
        .join('')
        .replaceAll(' ', ''),
    );
    expect(sightings.map(({ cell, what }) => [cell, what])).toEqual([
      [7, 'locate'],
      [7, 'locate'],
    ]);
    const accept = messages.find(({ bssap }) => hex(bssap.subarray(3, 5)) === '0502')!;
    expect(hex(accept.bssap.subarray(10, 13))).toBe('1705f4');
  });

  test('counts N(SD) from 0 in what the phone sends, modulo 4, and not in what the network sends', async () => {
    const { messages } = await run([procedure('mo call', at(1), { handovers: [] })]);
    const uplink = messages.filter((message) => isUp(message) && isDtap(message));
    // The CM SERVICE REQUEST itself has N(SD) 0.
    expect(uplink.map(({ bssap }) => bssap[4] >> 6)).toEqual(uplink.map((_, i) => (i + 1) % 4));
    expect(uplink.length).toBeGreaterThanOrEqual(3);
    const downlink = messages.filter((message) => message.down && isDtap(message));
    expect(downlink.every(({ bssap }) => bssap[4] >> 6 === 0)).toBe(true);
  });

  test('a paged phone starts N(SD) behind PAGING RESPONSE, which has none', async () => {
    const { messages } = await run([procedure('mt call', at(1))]);
    const uplink = messages.filter((message) => isUp(message) && isDtap(message));
    expect(uplink.map(({ bssap }) => bssap[4] >> 6)).toEqual(uplink.map((_, i) => i % 4));
  });

  test('short messages go on SAPI 3 without N(SD)', async () => {
    const { messages } = await run([procedure('mo sms', at(1))]);
    const cp = messages.filter((message) => isDtap(message) && (message.bssap[3] & 0xf) === 9);
    expect(cp.map(({ bssap }) => [bssap[1], bssap[4]])).toEqual([
      [0x83, 0x01],
      [0x83, 0x04],
      [0x83, 0x01],
      [0x83, 0x04],
    ]);
  });

  test('a refused location update proves no place', async () => {
    const { messages, sightings } = await run([procedure('location update', at(1), { rejected: 13 })]);
    expect(sightings).toEqual([]);
    const reject = messages.find(({ bssap }) => hex(bssap.subarray(3, 5)) === '0504')!;
    expect(reject.bssap[5]).toBe(13);
  });

  test('a detach is one sighting by TMSI, which nobody can know who has not listened before', async () => {
    const { sightings } = await run([
      procedure('detach', at(1)),
      procedure('mo sms', at(2), { phone: 1 }),
      procedure('detach', at(60), { phone: 1 }),
    ]);
    const detaches = sightings.filter(({ what }) => what === 'detach');
    expect(detaches.map(({ phone, known }) => [phone, known])).toEqual([
      [0, false],
      [1, true],
    ]);
  });

  test('a handover inside the BSC and one to another BSC give a sighting each, at completion', async () => {
    const { messages, sightings } = await run([
      procedure('mo call', at(1), {
        durationS: 60,
        handovers: [
          { timeUs: at(40), cell: 1 },
          { timeUs: at(50), cell: 12 },
        ],
      }),
    ]);
    const [performed] = messages.filter((message) => bssmapType(message) === 0x17);
    const [complete] = messages.filter((message) => bssmapType(message) === 0x14);
    expect(performed.bsc).not.toBe(complete.bsc);
    expect(sightings.slice(1, -1).map(({ timeUs, cell }) => [timeUs, cell])).toEqual(
      expect.arrayContaining([
        [performed.timeUs, 1],
        [complete.timeUs, 12],
      ]),
    );
    // CM SERVICE REQUEST, last uplink message before the change of BSC, two handovers, last uplink message of all.
    expect(sightings.map(({ cell }) => cell)).toEqual([0, 0, 1, 12, 12]);
    const lastUplink = messages.findLast((message) => isUp(message) && isDtap(message))!;
    expect(sightings.at(-1)!.timeUs).toBe(lastUplink.timeUs);
    expect(lastUplink.bsc).toBe(complete.bsc);
  });
});

describe('one phone', () => {
  test('registers first when it shows up in a location area where it is not registered', async () => {
    const { feed } = await run([procedure('mo sms', at(1), { cell: 0 }), procedure('mo sms', at(30), { cell: 20 })]);
    expect(feed.stats.procedures).toMatchObject({ 'mo sms': 2, 'location update': 1 });
  });

  test('does one thing after the other, and needs no periodic update while it is connected', async () => {
    const { feed, messages } = await run([
      procedure('mo call', at(1), { durationS: 60 }),
      procedure('periodic update', at(20)),
      procedure('mo sms', at(30)),
    ]);
    expect(feed.stats).toMatchObject({ needless: 1, givenUp: 0 });
    const sccp = messages.filter(({ sccp: [type] }) => type === 1 || type === 5).map(({ sccp: [type] }) => type);
    expect(sccp).toEqual([1, 5, 1, 5]);
  });

  test('keeps what waits for it bounded', async () => {
    const { feed } = await run([
      procedure('mo call', at(1), { durationS: 60 }),
      ...Array.from({ length: 7 }, (_, i) => procedure('mo sms', at(10 + i))),
    ]);
    expect(feed.stats).toMatchObject({ givenUp: 3, procedures: { 'mo sms': 4 } });
  });
});

describe('the network', () => {
  test('gives the same TMSI to different phones in different VLRs', async () => {
    const { messages } = await run([
      procedure('mo sms', at(1), { phone: 0, cell: 0 }),
      procedure('mo sms', at(30), { phone: 1, cell: 20 }),
    ]);
    const requests = messages.filter(({ sccp }) => sccp[0] === 1);
    const tmsis = requests.map(({ bssap }) => hex(bssap.subarray(-6, -2)));
    expect(tmsis[0]).toBe(tmsis[1]);
    expect(requests[0].dpc).not.toBe(requests[1].dpc);
  });

  test('leaves COMMON ID out only for those whom an observer knows', async () => {
    const sms = Array.from({ length: 5 }, (_, i) => procedure('mo sms', at(1 + 30 * i)));
    const count = async (commonIdShare: number) =>
      (await run(sms, { commonIdShare })).messages.filter((message) => bssmapType(message) === 0x2f).length;
    expect(await count(1)).toBe(5);
    expect(await count(0)).toBe(1);
  });
});

describe('the packets of a busy hour', async () => {
  const busy = await run(makeBusyLife(200, startUs, 120), { population: 200 });
  const { packets, messages, feed } = busy;

  test('come in order of time and as many as the statistics say', () => {
    expect(packets.length).toBe(feed.stats.packets);
    expect(packets.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(feed.stats.bytes);
    expect(packets.every(({ timeUs }, i) => i === 0 || timeUs >= packets[i - 1].timeUs)).toBe(true);
    expect(packets.every(({ timeUs }) => Number.isInteger(timeUs))).toBe(true);
    expect(messages.length).toBeGreaterThan(packets.length); // some are bundled
  });

  test('have right checksums', () => {
    for (const { bytes } of packets) {
      let sum = 0;
      for (let i = 14; i < 34; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
      expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff);
      const checksum = new DataView(bytes.buffer).getUint32(42, true);
      const without = bytes.slice();
      without.fill(0, 42, 46);
      expect(checksum).toBe(crc32c(without, 34, without.length));
    }
  });

  test('count TSNs and stream sequence numbers without a gap', () => {
    const next = new Map<string, number>();
    for (const { bsc, down, tsn, stream, ssn } of messages) {
      const tsnKey = `${bsc} ${down}`;
      const ssnKey = `${bsc} ${down} ${stream}`;
      if (next.has(tsnKey)) expect(tsn).toBe(next.get(tsnKey));
      expect(ssn).toBe(next.get(ssnKey) ?? 0);
      next.set(tsnKey, (tsn + 1) >>> 0);
      next.set(ssnKey, (ssn + 1) & 0xffff);
    }
  });

  test('keep the messages of a connection on one stream and in balance', () => {
    const counts = feed.stats.messages;
    expect(counts['COMPLETE LAYER 3 INFORMATION'] + counts['HANDOVER REQUEST']).toBe(counts.CC + (counts.CREF ?? 0));
    expect(counts.RLSD).toBe(counts.CC);
    expect(counts.RLC).toBe(counts.CC);
    expect(counts['CLEAR COMPLETE']).toBe(counts.CC);
    expect(counts['CP-DATA']).toBe(counts['CP-ACK']);
  });
});
