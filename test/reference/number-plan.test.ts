import { describe, expect, it, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { peerClasses } from '../../server/events/kinds.ts';
import { codeOfCountry, countryOfDigits, formatIso, packIso } from '../../server/reference/country-codes.ts';
import { NumberPlan } from '../../server/reference/number-plan.ts';

const { onNetPrefixes, homePlmns } = makeConfig({ where: 'test', settings: {} });
const ours = new NumberPlan(onNetPrefixes, homePlmns);
const types = { unknown: 0, international: 1, national: 2 };

/** International form, class, country and area of a number as it stands in a message. */
function analysed(digits: string, type: keyof typeof types = 'unknown', plan = ours): string {
  [...digits].forEach((digit, i) => {
    plan.digits[i] = Number(digit);
  });
  plan.count = digits.length;
  plan.analyse(types[type]);
  const form = [...plan.digits.subarray(0, plan.count)].join('');
  return `${form} ${peerClasses[plan.peerClass]} ${formatIso(plan.country)} ${plan.area}`.trim();
}

describe('numbers of China', () => {
  test.each([
    ['13500000021', 'unknown', '8613500000021 on-net CN 1350000'],
    ['13500000021', 'national', '8613500000021 on-net CN 1350000'],
    ['8613500000021', 'international', '8613500000021 on-net CN 1350000'],
    ['8613500000021', 'unknown', '8613500000021 on-net CN 1350000'],
    [`00${'8613500000021'}`, 'unknown', '8613500000021 on-net CN 1350000'],
    ['013500000021', 'unknown', '8613500000021 on-net CN 1350000'],
    ['1795113500000021', 'unknown', '8613500000021 on-net CN 1350000'],
    ['17951013500000021', 'unknown', '8613500000021 on-net CN 1350000'],
    [`1259300${'8613500000021'}`, 'unknown', '8613500000021 on-net CN 1350000'],
    ['13000000021', 'unknown', '8613000000021 off-net CN 1300000'],
    ['13490000021', 'unknown', '8613490000021 off-net CN 1349000'],
    ['01080000021', 'unknown', '861080000021 off-net CN 10'],
    ['1080000021', 'national', '861080000021 off-net CN 10'],
    ['861080000021', 'international', '861080000021 off-net CN 10'],
    ['02080000021', 'unknown', '862080000021 off-net CN 20'],
    ['07558000021', 'unknown', '867558000021 off-net CN 755'],
    ['075580000021', 'unknown', '8675580000021 off-net CN 755'],
    ['7558000021', 'national', '867558000021 off-net CN 755'],
    ['80000021', 'unknown', '8680000021 off-net CN 0'],
  ] as const)('reads %s (%s)', (digits, type, expected) => {
    expect(analysed(digits, type)).toBe(expected);
  });

  test.each(['110', '112', '119', '120', '122', '660021', '521'])('takes %s for a short number', (digits) => {
    expect(analysed(digits)).toBe(`86${digits} short number CN 0`);
  });

  test.each([
    '10086',
    '1008611',
    '10690000000000021',
    '12345',
    '12306',
    '95588',
    '955880021',
    '4000000021',
    '8000000021',
  ])('takes %s for a service', (digits) => {
    expect(analysed(digits)).toBe(`86${digits} service number CN 0`);
    expect(analysed(`86${digits}`, 'international')).toBe(`86${digits} service number CN 0`);
  });

  it('leaves the service of another area its area', () => {
    expect(analysed('02012345')).toBe('862012345 service number CN 20');
  });

  it('gives a number of nobody no country', () => {
    expect(analysed('')).toBe('unknown  0');
    expect(analysed('19')).toBe('8619 short number CN 0');
    expect(analysed('1350000002100')).toBe('1350000002100 unknown  0');
    expect(analysed('0')).toBe('0 unknown  0');
  });

  it('goes by the prefixes of our own network that it is told', () => {
    const other = new NumberPlan('130,1349', homePlmns);
    [...'13000000021'].forEach((digit, i) => {
      other.digits[i] = Number(digit);
    });
    other.count = 11;
    other.analyse(0);
    expect(peerClasses[other.peerClass]).toBe('on-net');
  });
});

describe('numbers abroad', () => {
  test.each([
    ['0085290000021', 'unknown', '85290000021 off-net HK 0'],
    ['85366000021', 'international', '85366000021 off-net MO 0'],
    ['886900000021', 'international', '886900000021 off-net TW 0'],
    ['12025550121', 'international', '12025550121 off-net US 0'],
    ['14165550121', 'international', '14165550121 off-net CA 0'],
    ['18765550121', 'international', '18765550121 off-net JM 0'],
    ['18005550121', 'international', '18005550121 unknown  0'],
    ['74950000021', 'international', '74950000021 off-net RU 0'],
    ['77010000021', 'international', '77010000021 off-net KZ 0'],
    ['447700900021', 'international', '447700900021 off-net GB 0'],
    ['870000000021', 'international', '870000000021 unknown  0'],
  ] as const)('reads %s (%s)', (digits, type, expected) => {
    expect(analysed(digits, type)).toBe(expected);
  });

  it('keeps every country in its code', () => {
    for (const iso of ['AA', 'CN', 'HK', 'ZZ']) expect(formatIso(packIso(iso))).toBe(iso);
    expect(formatIso(packIso(''))).toBe('');
    expect(formatIso(countryOfDigits([8, 6], 0, 2))).toBe('');
  });
});

it('keeps its bounds whatever digits come', () => {
  for (let first = 0; first < 10_000; first += 7) {
    for (const length of [1, 2, 3, 5, 8, 11, 13, 40]) {
      for (const type of ['unknown', 'international', 'national'] as const) {
        const digits = String(first).padStart(4, '0').padEnd(length, '7').slice(0, length);
        const [form] = analysed(digits, type).split(' ');
        expect(form.length).toBeLessThanOrEqual(40);
        expect(/^\d+$/.test(form)).toBe(true);
        expect(ours.area).toBeLessThan(2_000_000);
      }
    }
  }
});

describe('numbers of a home network that is not of China', () => {
  const german = new NumberPlan(onNetPrefixes, '262-01');
  test.each([
    // What would be a mobile number, an area code, a service number and a short one in China.
    ['13500000021', 'unknown', '13500000021 unknown DE 0'],
    ['1080000021', 'national', '491080000021 unknown DE 0'],
    ['10086', 'unknown', '10086 unknown DE 0'],
    ['110', 'unknown', '110 unknown DE 0'],
    ['0301234567', 'unknown', '0301234567 unknown  0'],
    ['301234567', 'national', '49301234567 unknown DE 0'],
    ['49301234567', 'international', '49301234567 unknown DE 0'],
    ['4312345678', 'international', '4312345678 off-net AT 0'],
    // In China it is one, and never ours.
    ['8613500000021', 'international', '8613500000021 off-net CN 1350000'],
    ['8613500000021', 'unknown', '8613500000021 unknown DE 0'],
  ] as const)('reads %s (%s)', (digits, type, expected) => {
    expect(analysed(digits, type, german)).toBe(expected);
  });

  it('are of no country where the home network is a test network', () => {
    const test = new NumberPlan(onNetPrefixes, '001-01');
    expect(analysed('13500000021', 'unknown', test)).toBe('13500000021 unknown  0');
    expect(analysed('13500000021', 'national', test)).toBe('13500000021 unknown  0');
  });

  it('goes by the first home network that is of a country', () => {
    const both = new NumberPlan(onNetPrefixes, '001-01,460-00');
    expect(analysed('13500000021', 'unknown', both)).toBe('8613500000021 on-net CN 1350000');
    const hongKong = new NumberPlan(onNetPrefixes, '454-00');
    expect(analysed('90000021', 'national', hongKong)).toBe('85290000021 unknown HK 0');
  });

  it.each([
    ['US', '1'],
    ['JM', '1'],
    ['KZ', '7'],
    ['HK', '852'],
    ['', ''],
  ])('knows the country code of %s', (iso, code) => {
    expect(codeOfCountry(packIso(iso))).toBe(code);
  });
});
