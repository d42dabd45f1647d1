import { crc32 } from 'node:zlib';
import type { Clock, Timers } from '../../server/clock.ts';
import { Random } from '../fuzz/random.ts';
import { Coverage } from './coverage.ts';

interface Due {
  atMs: number;
  run: () => void;
}

/** The world's own: a simulated process may bring timers of its own under the same name. */
const realImmediate = setImmediate;

/** Wall time at which every world begins: 2015-08-02 12:00 UTC, µs. */
export const beginUs = 1_438_516_800_000_000;

/** More things that are due than that: something grows without end. Twice what a large world comes to. */
const dueMax = 700;

/**
 * Time and chance of one world. What happens is a queue of things that are due; each runs until nothing more comes of it
 * by itself, then the next one's time is now. So a world is a function of its seed.
 */
export class Schedule {
  nowMs = 0;
  /** What happened so far, as a checksum. */
  hash = 0;
  /** What none may do, as it happened. */
  failure: string | null = null;
  steps = 0;
  readonly coverage = new Coverage();
  readonly #due: Due[] = [];
  readonly #print: ((line: string) => void) | null;

  constructor(print: ((line: string) => void) | null) {
    this.#print = print;
  }

  /** Tells what happens: part of what must be the same when the seed is played again. */
  note(text: string): void {
    this.hash = crc32(text, (this.hash ^ Math.round(this.nowMs * 1000)) >>> 0);
    this.#print?.(`${this.nowMs.toFixed(3).padStart(11)} ms  ${text}`);
  }

  /** Octets that must be the same when the seed is played again. */
  noteBytes(bytes: Uint8Array): void {
    this.hash = crc32(bytes, this.hash);
  }

  fail(text: string): void {
    this.note(`FAILED: ${text}`);
    this.failure ??= text;
  }

  after(ms: number, run: () => void): () => void {
    const due = { atMs: this.nowMs + Math.max(0, ms), run };
    let at = this.#due.length;
    // Latest first; what is due at the same time comes in order of asking.
    while (at > 0 && this.#due[at - 1].atMs <= due.atMs) at--;
    this.#due.splice(at, 0, due);
    if (this.#due.length > dueMax && this.failure === null) this.fail(`more than ${dueMax} timers and answers are due`);
    return () => {
      const place = this.#due.indexOf(due);
      if (place >= 0) this.#due.splice(place, 1);
    };
  }

  /** Lets time pass until `done`, something fails, or `limitMs` is over (a failure, `why` names it). */
  run(done: () => boolean, limitMs: number, why: () => string): Promise<void> {
    return new Promise((resolve) => {
      const step = () => {
        if (this.failure !== null || done()) return resolve();
        const next = this.#due.pop();
        if (next === undefined || next.atMs > limitMs) {
          this.fail(why());
          return resolve();
        }
        this.steps++;
        if (next.atMs > this.nowMs) this.nowMs = next.atMs;
        next.run();
        // All that comes of it by promises has come before the next one.
        realImmediate(step);
      };
      realImmediate(step);
    });
  }
}

/** A stream of chance of its own for each part, so that what one part asks changes nothing for the others. */
export class Chance {
  readonly #random = new Random();

  constructor(seed: number, part: number) {
    this.#random.begin(seed, part);
  }

  /** 0 … n − 1. */
  below(n: number): number {
    return this.#random.below(n);
  }

  /** Evenly between. */
  between(from: number, to: number): number {
    return from + ((to - from) * this.#random.below(0x100_0000)) / 0x100_0000;
  }

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.#random.below(n) === 0;
  }

  readonly unit = (): number => this.#random.below(0x100_0000) / 0x100_0000;

  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.#random.below(16).toString(16)).join('');
  }
}

/** A process of the world: what it still has to do goes when it ends. */
export class Life implements Timers {
  alive = true;
  readonly schedule: Schedule;

  constructor(schedule: Schedule) {
    this.schedule = schedule;
  }

  readonly after = (ms: number, run: () => void): (() => void) =>
    this.schedule.after(ms, () => {
      if (this.alive) run();
    });
}

/** Clocks of the world's machine: wall time may be set; each look at the monotonic one costs a little time. */
export class WorldClock implements Clock {
  /** How far somebody has set wall time off, µs. */
  offUs = 0;
  /** Time that a look costs at most, ms: how slow the machine is. */
  slowMs = 0;
  /** Event time goes so much faster than the worlds' own: wall time goes with it. */
  speed = 1;
  readonly #schedule: Schedule;
  readonly #chance: Chance;

  constructor(schedule: Schedule, chance: Chance) {
    this.#schedule = schedule;
    this.#chance = chance;
  }

  nowUs(): number {
    return beginUs + Math.floor(this.#schedule.nowMs * 1000 * this.speed) + this.offUs;
  }

  monotonicMs(): number {
    if (this.slowMs > 0) this.#schedule.nowMs += this.#chance.between(0, this.slowMs);
    return this.#schedule.nowMs;
  }
}
