const pageBytes = 65_536;
/** What is smaller than this is soon in the nearer caches, on however many lines. */
const alignedBytesMin = 4 * 1024 * 1024;

/**
 * Zeroed memory, that begins at a cache line where it is large, and so do records of 64 octets in it: those of a large
 * `ArrayBuffer` lie on two lines each, because the C library begins it 16 octets into a page. A `WebAssembly.Memory`
 * begins with a page. The system hands out the pages when they are first touched.
 */
export function cacheLines(bytes: number): ArrayBuffer {
  if (bytes < alignedBytesMin) return new ArrayBuffer(bytes);
  const pages = Math.ceil(bytes / pageBytes);
  return new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer;
}
