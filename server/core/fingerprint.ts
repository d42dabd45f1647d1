import type { Config, KnobName } from '../config.ts';

/** Settings on which the counters, and what is saved of them, depend. */
const shaping = [
  'presenceTtlMs',
  'presenceTtlByLac',
  'holdDownMs',
  'regionStays',
  'tripMs',
  'gaugeEveryMs',
  'flowWindowMs',
  'latenessMs',
  'homePlmns',
  'homeAreas',
  'provinceAreas',
  'placesMax',
  'placeRowsMax',
  'subscribersMax',
  'crossingsMax',
  'reorderRowsMax',
] as const satisfies KnobName[];

type Shaping = (typeof shaping)[number];

/**
 * Those with which counters that were made with others go on: nothing that is kept depends on them, or it can be told
 * from what is (origins). Bounds only where they are not lowered: what is held must fit.
 */
const light = new Set<Shaping>([
  ...(['latenessMs', 'homePlmns', 'homeAreas', 'provinceAreas', 'placesMax', 'placeRowsMax'] as const),
]);
const bounds = new Set<Shaping>(['subscribersMax', 'crossingsMax', 'reorderRowsMax']);

/** Bumped when the same records and settings begin to give other counters or another state. */
const version = 8;
/** Versions whose saved state this one reads, so that it can bring their counters to an end: see `Counting.ending`. */
const readable: readonly number[] = [6, 7, version];

/** By which counters are made: counters of another one are not simply gone on with. */
export function fingerprintOf(config: Config): string {
  return JSON.stringify([version, ...shaping.map((name) => `${name}=${config[name]}`)]);
}

/** The settings that a fingerprint was made of, the others as in `config`; null: of a version that can't be read. */
export function settingsOf(fingerprint: string, config: Config): Config | null {
  const parts = partsOf(fingerprint);
  if (parts === null || !readable.includes(Number(parts.get('version')))) return null;
  // A light one may have come later than the fingerprint.
  if (shaping.some((name) => !parts.has(name) && !light.has(name))) return null;
  const settingOf = (name: Shaping) => {
    const told = parts.get(name) ?? config[name];
    return typeof config[name] === 'number' ? Number(told) : told;
  };
  return { ...config, ...Object.fromEntries(shaping.map((name) => [name, settingOf(name)])) };
}

/** Names of the settings that differ; `version` among them. Null: one of the two is no fingerprint. */
export function changedBetween(before: string, after: string): string[] | null {
  const [old, now] = [partsOf(before), partsOf(after)];
  if (old === null || now === null) return null;
  return [...new Set([...old.keys(), ...now.keys()])].filter((name) => old.get(name) !== now.get(name));
}

/** Whether counters that were made by `before` go on by `after`. */
export function goesOn(before: string, after: string): boolean {
  const changed = changedBetween(before, after) as Shaping[] | null;
  const [old, now] = [partsOf(before), partsOf(after)];
  if (changed === null || old === null || now === null) return before === after;
  return changed.every(
    (name) => light.has(name) || (bounds.has(name) && Number(now.get(name)) >= Number(old.get(name))),
  );
}

function partsOf(fingerprint: string): Map<string, string> | null {
  if (!fingerprint.startsWith('[')) return null;
  const [number, ...values] = JSON.parse(fingerprint) as [number, ...string[]];
  const parts = values.map((text): [string, string] => {
    const at = text.indexOf('=');
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return new Map([['version', String(number)], ...parts]);
}
