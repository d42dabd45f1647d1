/** Tables of a decoder and a correlator: elements of each by its path, and octets of all typed arrays. */
export interface Measured {
  tables: Map<string, number>;
  bytes: number;
}

/** Most elements of tables that have a limit of their own in the test's settings or in their file. */
const limits: [path: RegExp, max: number][] = [
  [/\.(ipFragments\.__datagrams|sctpFragments\.__waiting|sccpSegments\.__growing)$/, 16],
  [/\.directions\.__table$/, 16],
  [/\.stats\.(faults|unhandled)$/, 513],
  [/\.stats\.evicted$/, 32],
  [/\.sccpUsers\.__links$/, 4096],
  [/\.__datagrams\[\]\.ranges$/, 64],
];
/** Any other table. */
const elementsMax = 65_536;
/** Everything together: the correlator's table of location areas is the largest, a million of 24 octets at most. */
const bytesMax = 64 << 20;

/** Walks everything that hangs on the given objects. A name of a map's or array's element is `[]`. */
export function measureTables(objects: object, ignored: readonly ArrayBufferLike[]): Measured {
  const measured: Measured = { tables: new Map(), bytes: 0 };
  const buffers = new Set<ArrayBufferLike>(ignored);
  const seen = new Set<object>();
  const waiting: [string, object][] = [['', objects]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [path, object] = next;
    if (seen.has(object)) continue;
    seen.add(object);
    if (ArrayBuffer.isView(object)) {
      if (!buffers.has(object.buffer)) measured.bytes += object.buffer.byteLength;
      buffers.add(object.buffer);
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
export function tablesOver({ tables, bytes }: Measured): string[] {
  const over: string[] = [];
  for (const [path, size] of tables) {
    const max = limits.find(([pattern]) => pattern.test(path))?.[1] ?? elementsMax;
    if (size > max) over.push(`${path} has ${size} elements, ${max} at most`);
  }
  if (bytes > bytesMax) over.push(`${bytes} octets in typed arrays, ${bytesMax} at most`);
  return over;
}
