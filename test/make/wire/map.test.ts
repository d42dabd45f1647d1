import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BerWriter } from '../../../fixtures/make/wire/map/ber-writer.ts';
import { writeUdt, writeXudt } from '../../../fixtures/make/wire/map/connectionless.ts';
import { Octets } from '../../../fixtures/make/wire/octets.ts';
import { root } from '../../tools/shared-inputs.ts';
import { mapVectors, tcapVectors } from './map-messages.ts';

const text = (octets: Octets) => Buffer.from(octets.bytes.slice(0, octets.at)).toString('hex');

test.each([
  ['tcap.json', tcapVectors],
  ['map.json', mapVectors],
] as const)('the encoder still writes the vectors of %s', (file, written) => {
  const { vectors } = JSON.parse(readFileSync(join(root, 'fixtures/wire', file), 'utf8'));
  expect(written.map(({ bytes, ...vector }) => ({ ...vector, hex: Buffer.from(bytes).toString('hex') }))).toEqual(
    vectors.map(({ components, ...vector }: Record<string, unknown>) => vector),
  );
});

test.each([
  [0, '3000'],
  [127, '307f'],
  [128, '308180'],
  [255, '3081ff'],
  [256, '30820100'],
])('a length of %i takes its shortest form', (length, header) => {
  const w = new BerWriter();
  w.open(0x30);
  for (let i = 0; i < length; i++) w.out.u8(0xaa);
  w.close();
  expect(text(w.out)).toBe(header + 'aa'.repeat(length));
});

test('elements inside each other keep their content when an outer length grows', () => {
  const w = new BerWriter();
  w.open(0x30);
  w.digits(0x04, '001010000000001');
  w.open(0xbf1f);
  w.octets(0x04, new Uint8Array(130).fill(0xbb));
  w.close();
  w.octet(0x0a, 3);
  w.close();
  expect(text(w.out)).toBe(`308196040800010100000000f1bf1f8185048182${'bb'.repeat(130)}0a0103`);
});

test('addresses and pointers of UDT and XUDT stand where ITU-T Q.713 §4.10 and §4.18 put them', () => {
  const hlr = { ssn: 6, title: '99920000001' };
  const vlr = { ssn: 7, title: '9992' };
  const data = Uint8Array.of(0x62, 0x00);
  const hlrAddress = '0b 12 06 00 11 04 99 29 00 00 00 01';
  const vlrAddress = '07 12 07 00 12 04 99 29';
  const hex = (octets: string) => octets.replaceAll(' ', '');
  const udt = new Octets(new Uint8Array(64));
  writeUdt(udt, hlr, vlr, data);
  expect(text(udt)).toBe(hex(`09 80 03 0e 15 ${hlrAddress} ${vlrAddress} 02 62 00`));
  const xudt = new Octets(new Uint8Array(64));
  writeXudt(xudt, hlr, vlr, data, { isFirst: true, remaining: 2, reference: 0x010203 });
  expect(text(xudt)).toBe(hex(`11 81 0f 04 0f 16 18 ${hlrAddress} ${vlrAddress} 02 62 00 10 04 c2 03 02 01 00`));
});
