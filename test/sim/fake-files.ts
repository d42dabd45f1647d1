/** Stands, in the simulation's bundle, for what reads real files beside the disk that is given. */

export function namedQuery(name: string): string {
  return `query ${name}`;
}
