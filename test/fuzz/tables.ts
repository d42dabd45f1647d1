/** Tables of a decoder and a correlator: elements of each by its path, octets of typed arrays likewise, and all of these. */
export interface Measured {
  tables: Map<string, number>;
  arrays: Map<string, number>;
  bytes: number;
}

/** Most elements of tables that have a limit of their own in the test's settings or in their file. */
const limits: [path: RegExp, max: number][] = [
  [/\.(ipFragments|sctpFragments|sccpSegments)\.__\w+\.__parts$/, 16],
  [/\.directions\.__table$/, 16],
  [/\.stats\.(faults|unhandled)$/, 513],
  [/\.stats\.evicted$/, 32],
  [/\.sccpUsers\.__links\.__(young|old)$/, 4096],
  [/\.__datagrams\.__parts\[\]\.ranges$/, 64],
  // A message that grows takes twice as much room when it needs more.
  [/\.__growing\.__parts\[\]\.bytes$/, 131_072],
  [/\.__datagrams\.__parts\[\]\.bytes$/, 131_200],
  [/\.framers\[\]\.__begun$/, 131_072],
];
/** Any other table, elements. */
const elementsMax = 262_144;
/** Everything together: the correlator's table of location areas is the largest, a million of 24 octets at most. */
const bytesMax = 64 << 20;

/** Walks everything that hangs on the given objects. A name of a map's or array's element is `[]`. */
export function measureTables(objects: object, ignored: readonly ArrayBufferLike[]): Measured {
  const measured: Measured = { tables: new Map(), arrays: new Map(), bytes: 0 };
  const buffers = new Set<ArrayBufferLike>(ignored);
  const seen = new Set<object>();
  const waiting: [string, object][] = [['', objects]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [path, object] = next;
    if (seen.has(object)) continue;
    seen.add(object);
    if (ArrayBuffer.isView(object)) {
      if (buffers.has(object.buffer)) continue;
      measured.bytes += object.buffer.byteLength;
      buffers.add(object.buffer);
      measured.arrays.set(path, Math.max(object.buffer.byteLength, measured.arrays.get(path) ?? 0));
      continue;
    }
    const isTable = object instanceof Map || object instanceof Set || Array.isArray(object);
    if (isTable) {
      const size = Array.isArray(object) ? object.length : object.size;
      measured.tables.set(path, Math.max(size, measured.tables.get(path) ?? 0));
    }
    const children: [string, unknown][] = isTable
      ? [...object.values()].map((value) => [`${path}[]`, value])
      : Object.entries(object).map(([name, value]) => [`${path}.${name}`, value]);
    for (const [name, value] of children) {
      if (typeof value === 'object' && value !== null) waiting.push([name, value]);
    }
  }
  return measured;
}

/** What is over its limit, in words. */
export function tablesOver({ tables, arrays, bytes }: Measured): string[] {
  const maxOf = (path: string, otherwise: number) => limits.find(([pattern]) => pattern.test(path))?.[1] ?? otherwise;
  const over = (sizes: Map<string, number>, otherwise: number) =>
    [...sizes]
      .filter(([path, size]) => size > maxOf(path, otherwise))
      .map(([path, size]) => `${path} has ${size}, ${maxOf(path, otherwise)} at most`);
  const all = bytes > bytesMax ? [`typed arrays of ${bytes} octets, ${bytesMax} at most`] : [];
  return [...over(tables, elementsMax), ...over(arrays, bytesMax), ...all];
}
