import { type MakeWords, plainWords } from './ordinary-memory.ts';

/** Links told apart here; a power of two. Those of the same low bits share their marks, which costs speed alone. */
export const linksToldApart = 65_536;

/** Why connections of a link are not all plain BSSAP: one may be another user's, or waits for the rest of a message. */
export const linkMark = { otherUser: 1, unfinished: 2 } as const;
export type LinkMark = (typeof linkMark)[keyof typeof linkMark];

/** An octet for each link. */
export function octetPerLink(words: MakeWords): Uint8Array {
  const { buffer, byteOffset, byteLength } = words(linksToldApart / 4);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Links that short cuts leave to the strict way: 0 where every connection is BSSAP's and none has a message begun. A
 * mark goes from all links at once, when nothing is known any more that it was set for.
 */
export class LinkMarks {
  /** Bits of {@link linkMark}, an octet a link. */
  readonly octets: Uint8Array;
  /** By mark the octets that have it. */
  readonly #marked: Record<LinkMark, number[]> = { [linkMark.otherUser]: [], [linkMark.unfinished]: [] };

  constructor(words: MakeWords = plainWords) {
    this.octets = octetPerLink(words);
  }

  /** Whether the link has no mark. */
  isPlain(link: number): boolean {
    return this.octets[link & (linksToldApart - 1)] === 0;
  }

  set(link: number, mark: LinkMark): void {
    const at = link & (linksToldApart - 1);
    if ((this.octets[at] & mark) !== 0) return;
    this.octets[at] |= mark;
    this.#marked[mark].push(at);
  }

  clear(mark: LinkMark): void {
    const marked = this.#marked[mark];
    for (let i = 0; i < marked.length; i++) this.octets[marked[i]] &= ~mark;
    marked.length = 0;
  }
}
