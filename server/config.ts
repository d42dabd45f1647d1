import { UserError } from './errors.ts';
import type { Knob } from './feed-knobs.ts';
import { knobs } from './knobs.ts';

type Widen<T> = T extends number ? number : T extends boolean ? boolean : string;
export type KnobName = keyof typeof knobs;
export type Config = { readonly [K in KnobName]: Widen<(typeof knobs)[K]['default']> };

/** 3GPP TS 23.003 §4.1: two octets. */
const lacMax = 0xffff;

/** Whether days begin at 16:00 UTC in it all year: those of the continuous aggregates do (sql/008). */
function isTimeZone(raw: unknown): boolean {
  if (typeof raw !== 'string') return false;
  try {
    const format = new Intl.DateTimeFormat('en', { timeZone: raw, timeZoneName: 'longOffset' });
    return [0, 3, 6, 9].every((month) => format.format(Date.UTC(2026, month, 1)).endsWith('GMT+08:00'));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Whether each location area stands there once, with a time in the range of `presenceTtlMs`. */
function areTtls(raw: string): boolean {
  const { min, max } = knobs.presenceTtlMs;
  const pairs = raw.split(',').filter((pair) => pair !== '');
  const lacs = new Set(pairs.map((pair) => Number(pair.split('=')[0])));
  return (
    lacs.size === pairs.length &&
    pairs.every((pair) => {
      const [lac, ms] = pair.split('=').map(Number);
      return lac <= lacMax && ms >= min && ms <= max;
    })
  );
}

function checked(name: string, raw: unknown, where: string): number | string | boolean {
  const knob = (knobs as Record<string, Knob>)[name];
  if (knob === undefined) {
    throw new UserError('CONFIG_UNKNOWN', `${where}: unknown setting '${name}'; 'signalwall help config' lists them`);
  }
  if (typeof knob.default === 'number') {
    const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < knob.min! || value > knob.max!) {
      throw new UserError(
        'CONFIG_RANGE',
        `${where}: ${name} must be a number from ${knob.min} to ${knob.max} (${knob.unit}), not '${String(raw)}'`,
      );
    }
    return value;
  }
  if (name === 'timeZone' && !isTimeZone(raw)) {
    throw new UserError(
      'CONFIG_RANGE',
      `${where}: timeZone must be an IANA time zone of UTC+08:00 all year, such as Asia/Shanghai (the history's days are its days), not '${String(raw)}'`,
    );
  }
  if (typeof raw !== 'string' || (knob.pattern !== undefined && !knob.pattern.test(raw))) {
    throw new UserError('CONFIG_RANGE', `${where}: ${name} must be ${knob.unit}, not '${String(raw)}'`);
  }
  if (name === 'presenceTtlByLac' && !areTtls(raw)) {
    const { min, max } = knobs.presenceTtlMs;
    throw new UserError(
      'CONFIG_RANGE',
      `${where}: presenceTtlByLac must name each LAC once, from 0 to ${lacMax}, with ${min} to ${max} ms (the range of presenceTtlMs), not '${raw}'`,
    );
  }
  return raw;
}

/**
 * The configuration from layers of raw settings, later ones winning. Rejects unknown names, NaN and values out of
 * range, naming the setting, its range and the layer (`where`) it came from.
 */
export function makeConfig(...layers: { where: string; settings: Record<string, unknown> }[]): Config {
  const config: Record<string, number | string | boolean> = {};
  for (const [name, knob] of Object.entries(knobs)) config[name] = knob.default;
  for (const { where, settings } of layers) {
    for (const [name, raw] of Object.entries(settings)) config[name] = checked(name, raw, where);
  }
  return config as Config;
}

/** presenceTtl of single location areas, ms. */
export function ttlByLac({ presenceTtlByLac }: Pick<Config, 'presenceTtlByLac'>): Map<number, number> {
  const pairs = presenceTtlByLac.split(',').filter((text) => text !== '');
  return new Map(pairs.map((pair) => pair.split('=').map(Number)).map(([lac, ms]) => [lac, ms]));
}

/** What is odd about settings each of which is in its range; null: nothing. */
export function oddityOf(config: Config): string | null {
  const { presenceTtlMs, t3212Ms } = config;
  const shortest = Math.min(presenceTtlMs, ...ttlByLac(config).values());
  if (shortest > t3212Ms) return null;
  const name = shortest === presenceTtlMs ? 'presenceTtlMs' : 'presenceTtlByLac';
  return `${name} (${shortest} ms) is not above t3212Ms (${t3212Ms} ms): idle phones vanish and appear again between two periodic updates; raise it, or set t3212Ms to what the network broadcasts`;
}
