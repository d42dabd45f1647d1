import { describe, expect, it } from 'vitest';
import { areaOfHome, formatPlmn, packPlmn, parsePlmn, placedHome, plmnOfHome } from '../../server/events/plmn.ts';
import { countryOfMcc } from '../../server/reference/mcc.ts';
import { OriginClassifier } from '../../server/reference/origin.ts';

describe('the origin of a PLMN', () => {
  const classifier = new OriginClassifier('460-00,460-02');

  it.each([
    ['460-02', 'local', 'CN', '460'],
    ['460-01', 'other network', 'CN', '460'],
    ['454-12', '港澳台', 'HK', '454'],
    ['455-01', '港澳台', 'MO', '455'],
    ['466-92', '港澳台', 'TW', '466'],
    ['310-410', 'international', 'US', '310'],
    ['234-15', 'international', 'GB', '234'],
    ['901-28', 'international', '', '901'],
    ['001-01', 'unknown', '', '001'],
    ['999-70', 'unknown', '', '999'],
  ])('of %s is %s', (plmn, name, country, mcc) => {
    expect(classifier.classify(parsePlmn(plmn))).toEqual({ class: name, country, mcc, machine: false });
  });

  it.each([
    [755, 'local'],
    [20, 'other city'],
    [10, 'other province'],
    [0, 'local'],
  ])('tells city and province of the home network by the area %s', (area, name) => {
    const placed = new OriginClassifier('460-00,460-02', '0755', '020,0752');
    const home = placedHome(parsePlmn('460-02'), area);
    expect(placed.classify(home)).toEqual({ class: name, country: 'CN', mcc: '460', machine: false });
    expect(classifier.classify(home).class).toBe('local');
    expect(placed.classify(placedHome(parsePlmn('460-01'), area)).class).toBe('other network');
    expect([formatPlmn(home), plmnOfHome(home), areaOfHome(home)]).toEqual(['460-02', parsePlmn('460-02'), area]);
  });

  it('is unknown where no PLMN is known', () => {
    expect(classifier.classify(0)).toEqual({ class: 'unknown', country: '', mcc: '', machine: false });
  });

  it('tells MNCs of two and three digits apart in the home network', () => {
    expect(new OriginClassifier('310-41').classify(packPlmn(310, 41, 3)).class).toBe('other network');
  });

  it('makes the test network local where it belongs to the home network', () => {
    expect(new OriginClassifier('460-00,001-01').classify(parsePlmn('001-01'))).toMatchObject({ class: 'local' });
  });

  it('does not take China for home where China is abroad', () => {
    expect(new OriginClassifier('262-01').classify(parsePlmn('460-00'))).toMatchObject({ class: 'international' });
  });

  it('knows the country of every MCC in use, each with a code of two letters', () => {
    const assigned = Array.from({ length: 1000 }, (_, mcc) => countryOfMcc(mcc)).filter((country) => country !== null);
    expect(assigned.length).toBeGreaterThan(225);
    for (const { iso, name } of assigned) expect(`${iso} ${name}`).toMatch(/^([A-Z]{2} \p{Lu}| International)/u);
    expect([202, 250, 316, 404, 441, 748].map((mcc) => countryOfMcc(mcc)?.iso)).toEqual([
      'GR',
      'RU',
      'US',
      'IN',
      'JP',
      'UY',
    ]);
    expect([0, 1, 199, 999].map(countryOfMcc)).toEqual([null, null, null, null]);
  });
});
