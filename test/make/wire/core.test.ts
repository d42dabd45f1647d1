import { describe, expect, test } from 'vitest';
import { SimulationFeed } from '../../../fixtures/make/simulation-feed.ts';
import type { DistantEvent, Procedure } from '../../../fixtures/make/types.ts';
import type { FrameSink } from '../../../server/capture/frame.ts';
import { makeBusyLife, procedure, ScriptedCity } from './fake-city.ts';
import { hex } from './walk.ts';

const startUs = Date.UTC(2026, 9, 17, 9, 30) * 1000;
const at = (seconds: number) => startUs + seconds * 1_000_000;
const population = 10;
/** The scripted city's last phone is of 310-410. */
const foreigner = population - 1;

interface CorePacket {
  timeUs: number;
  opc: number;
  dpc: number;
  /** SCCP message on. */
  sccp: string;
}

const distant = (what: DistantEvent['what'], seconds: number, more: Partial<DistantEvent> = {}): DistantEvent => ({
  timeUs: at(seconds),
  what,
  phone: 0,
  network: -1,
  ...more,
});

async function run(procedures: Procedure[], events: DistantEvent[] = [], map = true, phones = population) {
  const packets: CorePacket[] = [];
  const roaming: string[] = [];
  const all: { timeUs: number; core: boolean }[] = [];
  const sink: FrameSink = {
    frame(timeUs, _linkType, bytes, start, end) {
      const packet = bytes.subarray(start, end);
      const text = hex(packet);
      // TCAP is told by the subsystem numbers 6 … 8 behind an address indicator 12.
      const found = /0210....(........)(........)0302..00?..((09|11).*?0b12|.*12)/.exec(text);
      const core = /(0b|0a|0c|0d)120[678]00/.test(text);
      all.push({ timeUs, core });
      if (core && found !== null) {
        packets.push({
          timeUs,
          opc: Number.parseInt(found[1], 16),
          dpc: Number.parseInt(found[2], 16),
          sccp: text.slice(found.index + 32),
        });
      }
    },
  };
  const feed = new SimulationFeed(new ScriptedCity(phones, startUs, procedures, events), {
    seed: 1,
    endUs: at(600),
    commonIdShare: 1,
    map,
    truth: {
      roaming: (_timeUs, phone, what, network) => roaming.push(`${phone} ${what} ${network}`),
    },
  });
  await feed.read(sink, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  const core = Object.fromEntries(Object.entries(feed.stats.messages).filter(([name]) => /^[a-z]/.test(name)));
  return { packets, all, roaming, core, stats: feed.stats };
}

const registration = {
  updateLocation: 1,
  'updateLocation result': 1,
  insertSubscriberData: 1,
  'insertSubscriberData result': 1,
};
const vectors = { sendAuthenticationInfo: 1, 'sendAuthenticationInfo result': 1 };
const cancellation = { cancelLocation: 1, 'cancelLocation result': 1 };

describe('registrations', () => {
  test('a foreigner who arrives is registered at the home network, which is not seen to tell the old VLR', async () => {
    const { core, roaming, packets } = await run([procedure('imsi attach', at(1), { phone: foreigner })]);
    expect(core).toEqual({ ...registration, ...vectors });
    expect(roaming).toEqual([`${foreigner} roam-in 0`]);
    // All of it between the international gateway and the MSC.
    for (const { opc, dpc } of packets) expect([opc, dpc].toSorted((a, b) => a - b)).toEqual([0x0302, 0x0402]);
  });

  test('the home network is addressed by a mobile global title at first: E.214 with its prefix and the MSIN', async () => {
    const { packets } = await run([procedure('imsi attach', at(1), { phone: foreigner })]);
    // Translation type 0, plan 7, odd, international, 15 digits: 1 202 00001 and the beginning of 000000042.
    expect(packets[0].sccp).toContain('12060071042120000001000000');
    expect(packets.slice(1).filter(({ sccp }) => sccp.includes('12060071'))).toHaveLength(1);
  });

  test('a phone that changes the VLR is known from the old one, and the register tells that', async () => {
    const { core, roaming, stats } = await run([
      procedure('mo sms', at(1), { phone: 1, cell: 0 }),
      procedure('location update', at(30), { phone: 1, cell: 20 }),
    ]);
    expect(core).toMatchObject({ ...registration, ...cancellation, sendIdentification: 1 });
    const asked = stats.messages['IDENTITY REQUEST'] ?? 0;
    expect((core['sendIdentification result'] ?? 0) + asked).toBe(1);
    expect(core['sendIdentification error'] ?? 0).toBe(asked);
    expect(roaming).toEqual([]);
  });

  test('a location area of the same VLR concerns no register', async () => {
    const { core } = await run([
      procedure('mo call', at(1), { phone: 1, cell: 0, answered: true, durationS: 5 }),
      procedure('location update', at(60), { phone: 1, cell: 5 }),
    ]);
    expect(core.updateLocation).toBeUndefined();
  });

  test('the register answers before the phone is accepted', async () => {
    const { all } = await run([procedure('imsi attach', at(1), { phone: foreigner })]);
    const last = all.findLastIndex(({ core }) => core);
    expect(all.length - 1 - last).toBeGreaterThanOrEqual(6); // ACCEPT … RLC
    expect(all.slice(0, last).some(({ core }) => !core)).toBe(true);
  });

  test('without an agreement the home network refuses, or is not even asked', async () => {
    const refused = await run([procedure('imsi attach', at(1), { phone: foreigner, rejected: 13 })]);
    expect(refused.core).toEqual({ updateLocation: 1, 'updateLocation error': 1 });
    const unasked = await run([procedure('imsi attach', at(1), { phone: foreigner, rejected: 11 })]);
    expect(unasked.core).toEqual({});
    expect([...refused.roaming, ...unasked.roaming]).toEqual([]);
  });
});

describe('trips', () => {
  test('abroad and back: the registers of both VLRs move with the traveller', async () => {
    const { core, roaming } = await run(
      [procedure('detach', at(1)), procedure('imsi attach', at(200), { cell: 20 })],
      [distant('registration', 60, { network: 0 }), distant('registration', 120, { network: 0 })],
    );
    expect(roaming).toEqual(['0 roam-out 0', '0 roam-back 0']);
    expect(core).toMatchObject({ updateLocation: 3, cancelLocation: 3, insertSubscriberData: 3 });
  });

  test('to a network without an agreement: refused, nothing changes', async () => {
    const { core, roaming } = await run([], [distant('registration', 5, { network: 1 })]);
    expect(core).toMatchObject({ 'updateLocation error': 1 });
    expect(core.cancelLocation).toBeUndefined();
    expect(roaming).toEqual([]);
  });

  test('given up: purged abroad, and gone home, the roaming ends', async () => {
    const { core, roaming } = await run(
      [procedure('imsi attach', at(1), { phone: foreigner })],
      [
        distant('registration', 20, { network: 0 }),
        distant('purge', 40),
        distant('registration', 60, { phone: foreigner, network: 0 }),
      ],
    );
    expect(core).toMatchObject({ purgeMS: 1, 'purgeMS result': 1 });
    expect(roaming).toEqual([`${foreigner} roam-in 0`, '0 roam-out 0', '0 cancelled 0', `${foreigner} cancelled 0`]);
  });
});

describe('calls and short messages', () => {
  test('a call asks the register, which asks the VLR, before the phone is paged', async () => {
    const { core, all } = await run([procedure('mt call', at(1))]);
    expect(core).toMatchObject({ sendRoutingInfo: 1, provideRoamingNumber: 1, 'sendRoutingInfo result': 1 });
    expect(all.slice(0, 5).map(({ core: isCore }) => isCore)).toEqual([true, true, true, true, false]);
  });

  test('of a foreigner only the VLR is seen asked', async () => {
    const { core } = await run([procedure('mt call', at(1), { phone: foreigner })]);
    expect(core.sendRoutingInfo).toBeUndefined();
    expect(core.provideRoamingNumber).toBe(1);
  });

  test('short messages go by the service centre both ways', async () => {
    const { core } = await run([procedure('mt sms', at(1)), procedure('mo sms', at(60), { phone: 1 })]);
    expect(core).toMatchObject({
      sendRoutingInfoForSM: 1,
      'mt-forwardSM': 1,
      'mt-forwardSM result': 1,
      'mo-forwardSM': 1,
      'mo-forwardSM result': 1,
    });
  });

  test('what does not reach a phone ends in an error', async () => {
    const events = Array.from({ length: 60 }, (_, i) =>
      distant(i % 2 === 0 ? 'call' : 'short message', 1 + 5 * i, { phone: i % 9 }),
    );
    const { core } = await run([], events);
    expect(core['sendRoutingInfo error']).toBeGreaterThan(10);
    expect(core['provideRoamingNumber error']).toBeGreaterThan(5);
    expect(core['mt-forwardSM error']).toBeGreaterThan(5);
    expect(core['reportSM-DeliveryStatus']).toBe(core['mt-forwardSM error']);
    expect(core['sendRoutingInfoForSM error']).toBeGreaterThan(0);
  });
});

test('without MAP the links of the core network are silent and the phones do the same', async () => {
  const life = () => makeBusyLife(100, startUs, 120);
  const quiet = await run(life(), [distant('registration', 5, { network: 0 })], false, 100);
  const whole = await run(life(), [distant('registration', 5, { network: 0 })], true, 100);
  expect(quiet.core).toEqual({});
  expect(quiet.all.some(({ core }) => core)).toBe(false);
  expect(quiet.roaming).toEqual([]);
  for (const kind of ['mo call', 'mt call', 'mo sms', 'mt sms', 'detach']) {
    expect(quiet.stats.procedures[kind], kind).toBe(whole.stats.procedures[kind]);
  }
  const mapShare = whole.all.filter(({ core }) => core).length / whole.all.length;
  expect(mapShare).toBeGreaterThan(0.05);
});
