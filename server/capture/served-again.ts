import { createHash } from 'node:crypto';

/** Streams that have ended and are remembered: a probe's latest ones. */
const endedMax = 64;

/** Of a stream: the digest of its first frame, and how many it has given. */
export type ServedStream = readonly [digest: string, frames: number];

interface Served {
  /** Of the first frame, with its time. */
  digest: string;
  frames: number;
  /** So many of its first frames were given by a stream before. */
  known: number;
}

/**
 * Knows a capture that is served once more, by a probe that begins again at its start after a connection was lost: its
 * first frame is that of an earlier stream, to the microsecond and octet. As many frames as that one gave are known.
 */
export class ServedAgain<Stream extends object> {
  /** Frames of ended streams by the digest of their first one; oldest first. */
  readonly #ended = new Map<string, number>();
  readonly #running = new Map<Stream, Served>();
  readonly #evicted: () => void;

  /**
   * @param evicted is called when an ended stream is forgotten for the sake of others
   * @param before what an earlier run had been given: {@link told}
   */
  constructor(evicted: () => void, before: readonly ServedStream[] = []) {
    this.#evicted = evicted;
    for (const [digest, frames] of before) this.#ended.set(digest, frames);
  }

  /** What the streams have given that are remembered, oldest first: for the next run. */
  get told(): ServedStream[] {
    const frames = new Map(this.#ended);
    for (const { digest, frames: given, known } of this.#running.values()) {
      const most = Math.max(given, known, frames.get(digest) ?? 0);
      frames.delete(digest);
      frames.set(digest, most);
    }
    return [...frames].slice(-endedMax);
  }

  /** Whether the stream's next frame, this one, was given before. */
  isKnown(stream: Stream, timeUs: number, bytes: Uint8Array, start: number, end: number): boolean {
    let served = this.#running.get(stream);
    if (served === undefined) {
      const digest = createHash('sha1').update(`${timeUs} `).update(bytes.subarray(start, end)).digest('base64');
      served = { digest, frames: 0, known: this.#ended.get(digest) ?? 0 };
      this.#running.set(stream, served);
    }
    return ++served.frames <= served.known;
  }

  /** Whether the stream's next frames may still be known ones: then each is to be asked for. */
  mayBeKnown(stream: Stream): boolean {
    const served = this.#running.get(stream);
    return served === undefined || served.frames < served.known;
  }

  /** So many frames of a stream that are not known ones have passed. */
  passed(stream: Stream, frames: number): void {
    const served = this.#running.get(stream);
    if (served !== undefined) served.frames += frames;
  }

  ended(stream: Stream): void {
    const served = this.#running.get(stream);
    if (served === undefined) return;
    this.#running.delete(stream);
    const { digest, frames, known } = served;
    this.#ended.delete(digest);
    this.#ended.set(digest, Math.max(frames, known));
    if (this.#ended.size <= endedMax) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      this.#evicted();
      return;
    }
  }
}
