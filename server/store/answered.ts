/**
 * What the work gives; rejects with the reason of the first signal that is given, and when nothing has come in time.
 *
 * Nothing is kept of a wait that is over. A promise that lasts as long as a connection would keep some hundred octets of
 * each that was raced with it, two for each transaction: in weeks they are gigabytes.
 */
export async function answered<T>(work: Promise<T>, deadlineMs: number, ends: readonly AbortSignal[]): Promise<T> {
  let giveUp: (why: unknown) => void = () => undefined;
  const given = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const timer = setTimeout(() => giveUp(new Error(`no answer within ${deadlineMs / 1000} s`)), deadlineMs);
  const takeBack = ends.map((signal) => {
    const end = () => giveUp(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener('abort', end);
    return () => signal.removeEventListener('abort', end);
  });
  try {
    return await Promise.race([work, given]);
  } finally {
    clearTimeout(timer);
    for (const take of takeBack) take();
  }
}
