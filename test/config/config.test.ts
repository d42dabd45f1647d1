import { expect, test } from 'vitest';
import { makeConfig, oddityOf } from '../../server/config.ts';
import { knobs } from '../../server/knobs.ts';

const make = (settings: Record<string, unknown>) => makeConfig({ where: 'test.json', settings });

test('later layers win over earlier ones, and all over the defaults', () => {
  const config = makeConfig(
    { where: 'file', settings: { tickMs: 500, minCount: 20 } },
    { where: '--set', settings: { tickMs: '250' } },
  );
  expect(config).toMatchObject({ tickMs: 250, minCount: 20, holdDownMs: knobs.holdDownMs.default });
});

test.each([
  [{ tickMs: 'soon' }, /test.json: tickMs must be a number from 100 to 60000 \(ms\), not 'soon'/],
  [{ tickMs: Number.NaN }, /tickMs must be a number/],
  [{ tickMs: '' }, /tickMs must be a number/],
  [{ tickMs: 5 }, /from 100 to 60000/],
  [{ colour: 1 }, /unknown setting 'colour'; 'signalwall help config' lists them/],
  [{ homePlmns: '46000' }, /homePlmns must be MCC-MNC,…, not '46000'/],
  [{ timeZone: 'Foo/Bar' }, /timeZone must be an IANA time zone of UTC\+08:00 all year.*not 'Foo\/Bar'/],
  [{ timeZone: 'Europe/London' }, /timeZone must be an IANA time zone of UTC\+08:00 all year.*not 'Europe\/London'/],
  // A stay in a cell must not last three days (sql/011).
  [{ presenceTtlByLac: '100=7200000,200=172800001' }, /LAC once, from 0 to 65535, with 60000 to 172800000 ms/],
  [{ presenceTtlByLac: '100=59999' }, /the range of presenceTtlMs\), not '100=59999'/],
  [{ presenceTtlByLac: '65536=60000' }, /presenceTtlByLac must name each LAC once/],
  [{ presenceTtlByLac: '7=60000,7=70000' }, /presenceTtlByLac must name each LAC once/],
  [{ keepEvents: 'some' }, /keepEvents must be all \| 1\/N \| off/],
])('names the setting, its range and where it stands: %j', (settings, message) => {
  expect(() => make(settings)).toThrow(message);
});

test('a presence that ends before the periodic update is odd, of an area too', () => {
  expect(oddityOf(make({}))).toBeNull();
  expect(oddityOf(make({ presenceTtlMs: 3_600_001 }))).toBeNull();
  expect(oddityOf(make({ presenceTtlMs: 3_000_000 }))).toMatch(
    /^presenceTtlMs \(3000000 ms\) is not above t3212Ms \(3600000 ms\): .*raise it, or set t3212Ms/,
  );
  expect(oddityOf(make({ presenceTtlByLac: '7=9000000,8=3600000' }))).toMatch(/^presenceTtlByLac \(3600000 ms\)/);
});
