import { expect, test } from 'vitest';
import { LongChains } from '../../server/occupancy/long-chains.ts';
import { areaMask, entryBit, noArea } from '../../server/occupancy/trail-entry.ts';

interface Entry {
  readonly sub: number;
  word: number;
  readonly before: number;
}

/** Entries by number from 1 on, of which those before `tail` have gone. */
class Chains {
  readonly entries: Entry[] = [{ sub: -1, word: noArea, before: 0 }];
  readonly newest = new Map<number, number>();
  tail = 1;
  asked = 0;

  push(sub: number, area: number, isEntry: boolean): void {
    const word = isEntry ? (area | entryBit) >>> 0 : area;
    this.entries.push({ sub, word, before: this.newest.get(sub) ?? 0 });
    this.newest.set(sub, this.entries.length - 1);
  }

  isLive(sequence: number): boolean {
    this.asked++;
    return sequence >= this.tail && sequence < this.entries.length;
  }

  subOf(sequence: number): number {
    return this.entries[sequence].sub;
  }

  wordOf(sequence: number): number {
    return this.entries[sequence].word;
  }

  before(sequence: number): number {
    return this.entries[sequence].before;
  }

  placeOf(sequence: number): number {
    return sequence - this.tail;
  }

  /** By looking at each. */
  find(area: number, from: number): number {
    const { sub } = this.entries[from];
    for (let sequence = from; sequence >= this.tail; sequence--) {
      const { sub: own, word } = this.entries[sequence];
      if (own === sub && (word & areaMask) === area) return sequence;
    }
    return 0;
  }
}

function randomOf(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
}

test('the newest entry of an area is found as by looking at each, whatever goes, is withdrawn or begins anew', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = randomOf(seed);
    const chains = new Chains();
    const long = new LongChains(chains);
    const [people, areas] = [1 + random(5), 2 + random(400)];
    let found = 0;
    for (let i = 0; i < 6000; i++) {
      chains.push(random(people), random(areas), random(2) === 0);
      if (random(40) === 0) chains.entries[Math.max(1, chains.entries.length - 1 - random(20))].word = noArea;
      if (random(2000) === 0) {
        // The areas become others: each is one less, and one is no more.
        long.clear();
        for (const entry of chains.entries)
          if ((entry.word & areaMask) === 0) entry.word = noArea;
          else if ((entry.word & areaMask) !== noArea) entry.word--;
      }
      // All of long ago go, sometimes nearly all.
      if (random(300) === 0) chains.tail += random(chains.entries.length - chains.tail);
      const [from, area] = [chains.newest.get(random(people)) ?? 0, random(areas)];
      if (!chains.isLive(from)) expect(long.find(area, from)).toBe(0);
      else {
        const wanted = chains.find(area, from);
        expect(long.find(area, from)).toBe(wanted);
        if (wanted > 0) found++;
      }
    }
    expect(found).toBeGreaterThan(1000);
  }
});

test('however long a chain is, a crossing looks at few entries of it', () => {
  const chains = new Chains();
  const long = new LongChains(chains);
  for (let area = 0; area < 100_000; area++) chains.push(7, area, true);
  long.find(0, chains.newest.get(7)!);
  chains.asked = 0;
  for (let i = 0; i < 1000; i++) {
    chains.push(7, 100_000 + i, true);
    expect(long.find(i, chains.newest.get(7)!)).toBe(i + 1);
    expect(long.find(200_000 + i, chains.newest.get(7)!)).toBe(0);
  }
  expect(chains.asked).toBeLessThan(300_000);
});

test('what it takes of memory goes by what is in the trail, not by what has been', () => {
  const chains = new Chains();
  const long = new LongChains(chains);
  for (let i = 0; i < 400_000; i++) {
    chains.push(i & 1, i % 5000, true);
    chains.tail = Math.max(1, i - 2000);
    long.find(6000, chains.newest.get(i & 1)!);
  }
  expect(long.byteLength).toBeLessThan(400_000);
});
