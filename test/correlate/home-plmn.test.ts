import { expect, it } from 'vitest';
import { homePlmn, typeAllocationCode } from '../../server/correlate/home-plmn.ts';
import { mncDigits } from '../../server/correlate/mnc-length.ts';
import { formatPlmn } from '../../server/events/plmn.ts';
import { packImsi } from '../../server/privacy/imsi.ts';

const home = (imsi: string) => formatPlmn(homePlmn(packImsi(Number(imsi), imsi.length)));

it.each([
  ['001010000000001', '001-01'],
  ['454000000000001', '454-00'],
  ['454120000000001', '454-12'],
  ['310410000000001', '310-410'],
  ['316010000000001', '316-010'],
  ['302720000000001', '302-720'],
  ['334020000000001', '334-020'],
  ['722310000000001', '722-310'],
  ['405540000000001', '405-54'],
  ['405854000000001', '405-854'],
  ['502150000000001', '502-150'],
  ['502120000000001', '502-12'],
  ['20801000000001', '208-01'],
])('finds the home network of %s', (imsi, plmn) => {
  expect(home(imsi)).toBe(plmn);
});

it('keeps a leading zero in a three-digit MNC', () => {
  expect(home('310004000000001')).toBe('310-004');
});

it.each([
  [405, 31, 3],
  [405, 24, 2],
  [405, 757, 2],
  [405, 799, 3],
  [405, 933, 2],
  [441, 200, 3],
  [441, 100, 2],
  [208, 700, 3],
  [208, 150, 2],
])('in %i takes %i for an MNC of %i digits', (mcc, three, digits) => {
  expect(mncDigits(mcc, three)).toBe(digits);
});

it.each([
  [15, 12_345_678_000_000, 12_345_678],
  [14, 12_345_678_000_000, 12_345_678],
  [16, 12_345_678_000_000, 12_345_678],
  [15, 1_234_567_000_000, 1_234_567],
  [8, 12_345_678, 0],
])('takes the type allocation code of an IMEI of %i digits, leading zeros kept', (digits, imei, code) => {
  expect(typeAllocationCode(imei, digits)).toBe(code);
});
