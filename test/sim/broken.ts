/** What a world at its end is not. */
export class Broken extends Error {}

export function fail(what: string): never {
  throw new Broken(what);
}
