import type { ScreenClock } from '../app/clock.ts';

const key = 'signalwall.reloadedAtMs';
const pauseMs = 300_000;

/**
 * Loads the page again when the server runs another build than the one this page began with, at most once in five
 * minutes: two servers of different builds behind one address must not make a wall flicker.
 */
export class BuildGuard {
  #build = '';
  readonly #clock: ScreenClock;
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'>;
  readonly #reload: () => void;

  constructor(clock: ScreenClock, storage: Pick<Storage, 'getItem' | 'setItem'>, reload: () => void) {
    this.#clock = clock;
    this.#storage = storage;
    this.#reload = reload;
  }

  /** Tells the guard the build of a layout just read. Returns true when it has asked for a reload. */
  see(build: string): boolean {
    if (this.#build === '') this.#build = build;
    if (build === this.#build) return false;
    const now = this.#clock.wallMs();
    const last = Number(this.#storage.getItem(key) ?? '0');
    if (now - last < pauseMs && now >= last) return false;
    this.#storage.setItem(key, String(now));
    this.#reload();
    return true;
  }
}
