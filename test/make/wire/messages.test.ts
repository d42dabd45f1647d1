import { expect, test } from 'vitest';
import * as bssmap from '../../../fixtures/make/wire/bssmap.ts';
import * as dtap from '../../../fixtures/make/wire/dtap.ts';
import { packDigits, writeTmsiIdentity } from '../../../fixtures/make/wire/identities.ts';
import { packPlmnOctets } from '../../../fixtures/make/wire/network.ts';
import { Octets } from '../../../fixtures/make/wire/octets.ts';
import { packSeptets, writeCpAck, writeRpAck, writeSubmit } from '../../../fixtures/make/wire/short-message.ts';
import { hex } from './walk.ts';

// The expected octets are derived by hand from the tables of 3GPP TS 24.008, 48.008, 24.011 and 23.040.

const plmn = packPlmnOctets('460-00');

function written(write: (out: Octets) => void): string {
  const out = new Octets(new Uint8Array(300));
  write(out);
  return hex(out.bytes.subarray(0, out.at));
}

test('packs a PLMN with two and with three MNC digits', () => {
  expect(hex(packPlmnOctets('460-00'))).toBe('64f000');
  expect(hex(packPlmnOctets('310-410'))).toBe('130014');
  expect(hex(packPlmnOctets('001-01'))).toBe('00f110');
});

test('packs an IMSI of 15 digits and an IMEISV of 16', () => {
  const out = new Uint8Array(9);
  expect(packDigits(1, '001010000000001', out, 0)).toBe(8);
  expect(hex(out.subarray(0, 8))).toBe('0910100000000010');
  expect(packDigits(3, '3512345600000101', out, 0)).toBe(9);
  expect(hex(out)).toBe('3315325406000001f1');
});

test('writes LOCATION UPDATING REQUEST with type, key sequence, old location area and TMSI', () => {
  const message = written((out) => {
    dtap.beginLocationUpdatingRequest(out, 0, dtap.updatingType.periodic, 7, plmn, 42285);
    writeTmsiIdentity(out, 0x12345678);
  });
  expect(message).toBe('0508' + '71' + '64f000a52d' + '33' + '05f412345678');
});

test('puts N(SD) into the two high bits of the message type of what the phone sends', () => {
  expect(written((out) => dtap.writeTmsiReallocationComplete(out, 1))).toBe('055b');
  expect(written((out) => dtap.writeAuthenticationResponse(out, 2, 0xa1b2c3d4))).toBe('0594a1b2c3d4');
  expect(written((out) => dtap.writeBareCall(out, dtap.transaction(3, 2, 1), 0x0f | (3 << 6)))).toBe('a3cf');
});

test('writes COMPLETE LAYER 3 INFORMATION around a CM SERVICE REQUEST', () => {
  const message = written((out) => {
    const lengthAt = bssmap.beginCompleteLayer3(out, plmn, 42285, 28831);
    dtap.beginCmServiceRequest(out, 0, dtap.serviceType.shortMessage, 3);
    writeTmsiIdentity(out, 1);
    bssmap.endCompleteLayer3(out, lengthAt);
  });
  expect(message).toBe(
    '57' + '0508' + '00' + '64f000' + 'a52d' + '709f' + '170d' + '0524' + '34' + '033319a2' + '05f400000001' + '2181',
  );
});

test('writes PAGING with IMSI, TMSI, location area and channel', () => {
  const imsi = new Uint8Array(8);
  packDigits(1, '001010000000001', imsi, 0);
  const message = written((out) => {
    bssmap.beginPaging(out);
    out.u8(8);
    out.copy(imsi, 0, 8);
    bssmap.endPaging(out, 0xcafe, plmn, 42285, 2);
  });
  expect(message).toBe('52' + '08080910100000000010' + '09040000cafe' + '1a06' + '04' + '64f000a52d' + '2402');
});

test('writes SETUP of the phone with the called number of an odd count of digits', () => {
  expect(written((out) => dtap.writeSetupUp(out, 0x03, 1, '99912345678'))).toBe(
    '0345' + '04066004020005' + '81' + '5e07' + '91' + '9919325476f8' + '15020100',
  );
});

test('writes DISCONNECT with location and cause', () => {
  expect(written((out) => dtap.writeDisconnect(out, 0x83, 0, 2, dtap.callCause.noAnswer))).toBe('832502e293');
});

test('writes HANDOVER PERFORMED and CLEAR COMMAND', () => {
  expect(written((out) => bssmap.writeHandoverPerformed(out, plmn, 1, 2))).toBe(
    '17' + '04010c' + '05080064f00000010002' + '2198' + '2c04' + '4021',
  );
  expect(written((out) => bssmap.writeClearCommand(out, 9))).toBe('20040109');
});

test('packs text into septets as 3GPP TS 23.038 does', () => {
  // The well-known "hellohello" of many SMS manuals.
  expect(hex(packSeptets('hellohello'))).toBe('e8329bfd4697d9ec37');
});

test('nests TPDU in RP-DATA in CP-DATA with right lengths', () => {
  const message = written((out) => writeSubmit(out, 0x09, 5, '99912345678', 4));
  // "Goal!" = 47 6f 61 6c 21 in five septets.
  const tpdu = `01050b919919325476f8000005${hex(packSeptets('Goal!'))}`;
  const rp = `0005000791680190000310${(tpdu.length / 2).toString(16).padStart(2, '0')}${tpdu}`;
  expect(message).toBe(`0901${(rp.length / 2).toString(16).padStart(2, '0')}${rp}`);
  expect(written((out) => writeRpAck(out, 0x89, 5, 3))).toBe('8901020305');
  expect(written((out) => writeCpAck(out, 0x89))).toBe('8904');
});
