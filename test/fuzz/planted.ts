import type { Plant } from './build.ts';

/** A bug as somebody might write it, and by what it must be found. */
export interface PlantedBug extends Plant {
  name: string;
  /** What the finding says. */
  found: RegExp;
}

const decode = (file: string) => `server/decode/${file}`;
const outside = /outside the frame|out of its range|no number|without octets|RangeError|TypeError/;

/** Each is one text in one file; `buildFuzzer` refuses a plant whose text is not there exactly once. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'a TMSI is read without a look at its length',
    file: decode('elements.ts'),
    find: "if (end - start !== 5) throw new DecodeError(layer, 'BAD_LENGTH', start);",
    replace: '',
    found: outside,
  },
  {
    name: 'a pointer of SCCP may point over the end',
    file: decode('sccp-parameters.ts'),
    find: 'if (pointer === 0 || length >= end)',
    replace: 'if (pointer === 0)',
    found: outside,
  },
  {
    name: 'the octets of aligned PER are not counted',
    file: decode('per.ts'),
    find: "if ((start + count) * 8 > this.#end) this.#fail('TRUNCATED');",
    replace: '',
    found: outside,
  },
  {
    name: 'the sequence number is not masked off the message type',
    file: decode('dtap.ts'),
    find: 'bytes[at] & 0x3f : bytes[at]',
    replace: 'bytes[at] & 0x7f : bytes[at]',
    found: /^layer 3: /,
  },
  {
    name: 'a location area code has its octets the wrong way round',
    file: decode('elements.ts'),
    find: 'message.laiLac = (bytes[at + 3] << 8) | bytes[at + 4];',
    replace: 'message.laiLac = (bytes[at + 4] << 8) | bytes[at + 3];',
    found: /^layer 3: /,
  },
  {
    name: 'the length of IPA has its octets the wrong way round',
    file: decode('ipa-framer.ts'),
    find: 'return (bytes[at] << 8) | bytes[at + 1];',
    replace: 'return (bytes[at + 1] << 8) | bytes[at];',
    found: /^carriers: IPA/,
  },
  {
    name: 'a parameter of M3UA may have no length',
    file: decode('m3ua.ts'),
    find: "if (parameterLength < 4) throw new DecodeError('m3ua', 'BAD_LENGTH', at + 2);",
    replace: '',
    found: /more than \d+ steps/,
  },
  {
    name: 'a full table of links is not emptied',
    file: decode('links.ts'),
    find: 'if (this.#known >= this.#max)',
    replace: 'if (this.#known === -1)',
    found: /more than \d+ steps/,
  },
  {
    name: 'indefinite lengths may be inside each other without end',
    file: decode('ber.ts'),
    find: "if (++depth > depthMax) throw new DecodeError(layer, 'BAD_LENGTH', at);",
    replace: 'depth++;',
    found: /twenty levels that are closed: no TCAP_BAD_LENGTH/,
  },
  {
    name: 'a copy of a chunk is taken for a new one',
    file: decode('sctp-directions.ts'),
    find: 'if (++chunks[inRow] <= duplicatesInRowMax) return true;',
    replace: 'chunks[inRow]++;',
    found: /^carriers: .*, twice$/,
  },
  {
    name: 'a message in segments grows without end',
    file: decode('fragments.ts'),
    find: 'if (length > this.#messageBytesMax)',
    replace: 'if (length > 2 ** 30)',
    found: /one message without an end: RangeError/,
  },
  {
    name: 'what waits for its rest is never given up',
    file: decode('unfinished.ts'),
    find: 'const fits = this.#parts.size < this.#max && this.#bytes',
    replace: 'const fits = this.#bytes',
    found: /too large: .*__parts/,
  },
  {
    name: 'the identity of a message stays for the next one',
    file: decode('message.ts'),
    find: '      this.tmsi = -1;',
    replace: '',
    found: /^layer 3: /,
  },
  {
    name: 'a flaw is thrown as an ordinary error',
    file: decode('tcp.ts'),
    find: "throw new DecodeError('tcp', 'BAD_LENGTH', start + 12)",
    replace: "throw new Error('too short')",
    found: /Error: too short/,
  },
  {
    name: 'connections are opened over their limit',
    file: 'server/correlate/open-connections.ts',
    find: 'if (c.full) this.#evict();',
    replace: '',
    found: /too many open connections|TypeError|RangeError|steps/,
  },
];
