/** Of more that appeared at one time the set takes over the list. */
const listMax = 4096;

/**
 * Who appeared at the running time: where they are seen again at that time is where they appeared (DESIGN §2 *Order*: of
 * two sightings at one time the later to arrive wins). Appearances are put down as they come; only who is seen twice at
 * one time is looked for.
 */
export class AppearedNow {
  private atUs = -1;
  private count = 0;
  /** Those who are not in the set yet. */
  private readonly list = new Int32Array(listMax);
  private readonly known = new Set<number>();

  add(sub: number, timeUs: number): void {
    if (timeUs !== this.atUs) this.begin(timeUs);
    if (this.count === listMax) this.look();
    this.list[this.count++] = sub;
  }

  has(sub: number, timeUs: number): boolean {
    if (timeUs !== this.atUs) return false;
    this.look();
    return this.known.has(sub);
  }

  /** Whoever appeared is simply there from now on. */
  clear(): void {
    this.begin(-1);
  }

  saved(): { atUs: number; subs: number[] } {
    this.look();
    return { atUs: this.atUs, subs: [...this.known] };
  }

  restore({ atUs, subs }: { atUs: number; subs: readonly number[] }): void {
    this.begin(atUs);
    for (const sub of subs) this.known.add(sub);
  }

  private begin(timeUs: number): void {
    this.atUs = timeUs;
    this.count = 0;
    if (this.known.size > 0) this.known.clear();
  }

  /** Takes the list into the set. */
  private look(): void {
    for (let i = 0; i < this.count; i++) this.known.add(this.list[i]);
    this.count = 0;
  }
}
