import { expect, it } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { part } from '../../server/decode/message.ts';
import { parsePlmn } from '../../server/events/plmn.ts';
import * as s from './steps.ts';

const startUs = 1_790_000_000_000_000;
const semiOctets = (digits: string) => {
  const even = digits.length % 2 === 0 ? digits : `${digits}f`;
  return [...even.matchAll(/../g)].map(([pair]) => Number.parseInt(pair[1] + pair[0], 16));
};
const called = (digits: string, calledType: number) => {
  const octets = semiOctets(digits);
  return {
    parts: part.numbers,
    bytes: Uint8Array.from([0xff, ...octets]),
    calledOffset: 1,
    calledLength: octets.length,
    calledType,
  };
};
const calling = (digits: string, callingType: number) => {
  const octets = semiOctets(digits);
  return {
    parts: part.numbers,
    bytes: Uint8Array.from(octets),
    callingOffset: 0,
    callingLength: octets.length,
    callingType,
  };
};
const partyAddress = (digits: string, type: number) => [digits.length, 0x81 | (type << 4), ...semiOctets(digits)];

function moCall(number: object, heard = '460-00', homePlmns = '460-00'): s.Row {
  const bench = s.makeBench({ config: makeConfig({ where: 'test', settings: { homePlmns, connectionsMax: 1_000 } }) });
  bench.play(
    ...new s.Line(s.bscA, 1, startUs)
      .open({ ...s.completeLayer3, ...s.cellOne, cellPlmn: parsePlmn(heard), ...s.cmServiceRequest(1), ...s.imsi(1) })
      .confirm()
      .up({ ...s.call(s.setup, 0), ...number })
      .down(s.call(s.connect, 8))
      .up(s.call(s.releaseComplete, 0))
      .clear().steps,
  );
  return bench.rows.find(({ kind }) => kind === 'mo call')!;
}

it('leaves with a call who was called: pseudonym, class, country and segment', () => {
  expect(moCall(called('13500000021', 0)).peer).toEqual({
    pseudonym: s.peer('8613500000021'),
    class: 'on-net',
    country: 'CN',
    area: 1350000,
  });
});

it('gives a number the same pseudonym however it was dialled', () => {
  const forms = [called('13500000021', 0), called('8613500000021', 1), called('1795113500000021', 0)];
  expect(new Set(forms.map((form) => moCall(form).peer?.pseudonym)).size).toBe(1);
  expect(moCall(called('13500000022', 0)).peer?.pseudonym).not.toBe(moCall(forms[0]).peer?.pseudonym);
});

it('tells the country of a number abroad and nothing more', () => {
  expect(moCall(called('0085290000021', 0)).peer).toMatchObject({ class: 'off-net', country: 'HK', area: 0 });
});

it('guesses no country, class or area of a national number where the network that is heard is not of China', () => {
  const { peer } = moCall(called('13500000021', 0), '262-01');
  expect(peer).toMatchObject({ class: 'unknown', country: 'DE', area: 0 });
  // Nor is it the American's whose number in international form has the same digits.
  expect(peer!.pseudonym).not.toBe(moCall(called('13500000021', 1), '262-01').peer!.pseudonym);
});

it('takes no network’s subscribers for China’s because the home network is: a Polish network’s, a laboratory’s', () => {
  expect(moCall(called('2601', 0), '260-01').peer).toMatchObject({ class: 'unknown', country: 'PL', area: 0 });
  expect(moCall(called('2601', 0), '001-01').peer).toMatchObject({ class: 'unknown', country: '', area: 0 });
  expect(moCall(called('2601', 0), '460-00', '262-01').peer).toMatchObject({ class: 'short number', country: 'CN' });
});

it('has no peer where the number is withheld or absent', () => {
  expect(moCall({}).peer).toBeNull();
  expect(moCall(called('', 0)).peer).toBeNull();
});

it('calls what is no number unknown', () => {
  const stars = { ...called('', 0), bytes: Uint8Array.of(0, 0x6b, 0xb1), calledLength: 2 };
  expect(moCall(stars).peer).toMatchObject({ class: 'unknown', country: '', area: 0 });
});

it('takes the calling number of a call to the phone', () => {
  const bench = s.makeBench();
  bench.play(
    ...new s.Line(s.bscA, 1, startUs)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.pagingResponse, ...s.imsi(1) })
      .confirm()
      .down({ ...s.call(s.setup, 0), ...calling('861080000021', 1) })
      .up(s.call(s.connect, 8))
      .up(s.call(s.releaseComplete, 8))
      .clear().steps,
  );
  expect(bench.rows.find(({ kind }) => kind === 'mt call')?.peer).toMatchObject({
    pseudonym: s.peer('861080000021'),
    class: 'off-net',
    area: 10,
  });
});

it('takes the addressee of a short message, never its service centre', () => {
  const bench = s.makeBench();
  const octets = partyAddress('13500000021', 0);
  bench.play(
    ...new s.Line(s.bscA, 1, startUs)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(4), ...s.imsi(1) })
      .confirm()
      .up({
        ...s.sms(s.cpData, 0, 0),
        ...called('8613800000500', 1),
        bytes: Uint8Array.from(octets),
        tpDestinationOffset: 0,
        tpDestinationLength: octets.length,
      })
      .down(s.sms(s.cpData, 8, 3))
      .up(s.sms(s.cpAck, 0))
      .clear().steps,
  );
  expect(bench.rows.find(({ kind }) => kind === 'mo sms')?.peer).toMatchObject({
    pseudonym: s.peer('8613500000021'),
    class: 'on-net',
  });
});

it('takes a sender by name for a service', () => {
  const bench = s.makeBench();
  const octets = [10, 0xd0, 0xc1, 0xe0, 0x70, 0x38, 0x1c];
  bench.play(
    ...new s.Line(s.bscA, 1, startUs)
      .open({ ...s.completeLayer3, ...s.cellOne, ...s.pagingResponse, ...s.imsi(1) })
      .confirm()
      .down({
        ...s.sms(s.cpData, 0, 1),
        parts: part.numbers,
        bytes: Uint8Array.from(octets),
        tpOriginatorOffset: 0,
        tpOriginatorLength: octets.length,
      })
      .up(s.sms(s.cpData, 8, 2))
      .down(s.sms(s.cpAck, 0))
      .clear().steps,
  );
  expect(bench.rows.find(({ kind }) => kind === 'mt sms')?.peer).toMatchObject({
    pseudonym: s.peer('name c1e070381c'),
    class: 'service number',
    country: '',
  });
});

it('keeps one party of a number of more digits apart from another', () => {
  const long = (last: string) => moCall(called(`1069000000000000${last}`, 0)).peer;
  expect(long('21')).toMatchObject({ class: 'service number', country: 'CN' });
  expect(long('21')?.pseudonym).not.toBe(long('22')?.pseudonym);
});
