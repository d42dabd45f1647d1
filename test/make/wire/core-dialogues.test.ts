import { expect, test } from 'vitest';
import { openSimulation } from '../../../fixtures/make/simulation.ts';
import type { FrameSink } from '../../../server/capture/frame.ts';
import { hex, walkPacket } from './walk.ts';

const messages = 12_000;
/** Longest dialogue: a short message's, over paging twice, a channel refused and vectors from abroad. */
const dialogueUsMax = 20_000_000;

/** A TCAP message by the written octets alone. */
interface Tcap {
  timeUs: number;
  /** ITU-T Q.773 §4.2.1.1. */
  type: 'begin' | 'end' | 'continue';
  otid: string;
  dtid: string;
  /** Number and version of the application context, 3GPP TS 29.002 §17.3.3; '' where the message has none. */
  context: string;
  /** SSN and digits of either party, as hex. */
  called: string;
  calling: string;
}

const types: Record<string, Tcap['type']> = { '62': 'begin', '64': 'end', '65': 'continue' };

/** Reads a UDT or XUDT to or from HLR, VLR or MSC. ITU-T Q.713 §4.10, §4.18; Q.773 §4.2; X.690. */
function readTcap(timeUs: number, sccp: Uint8Array): Tcap | undefined {
  if (sccp[0] !== 0x09 && sccp[0] !== 0x11) return undefined;
  const pointers = sccp[0] === 0x09 ? 2 : 3;
  const [called, calling, data] = [0, 1, 2].map((i) => {
    const at = pointers + i + sccp[pointers + i];
    return hex(sccp.subarray(at + 1, at + 1 + sccp[at]));
  });
  // Address indicator 12, then the SSN.
  if (!/^120[678]/.test(calling)) return undefined;
  const head = /^(62|64|65)(?:81)?..(?:4804(.{8}))?(?:4904(.{8}))?/.exec(data);
  if (head === null) throw new Error(`no TCAP message: ${data.slice(0, 40)}`);
  return {
    timeUs,
    type: types[head[1]],
    otid: head[2] ?? '',
    dtid: head[3] ?? '',
    context: /a10906070400000100(....)/.exec(data)?.[1] ?? '',
    called: called.slice(2),
    calling: calling.slice(2),
  };
}

/** What of the dialogues does not fit together. */
class Dialogues {
  readonly faults: string[] = [];
  readonly #open = new Map<string, { begin: Tcap; peer: string }>();

  get open(): Tcap[] {
    return [...this.#open.values()].map(({ begin }) => begin);
  }

  apply(message: Tcap): void {
    const { type, otid, dtid } = message;
    if (type === 'begin') {
      if (this.#open.has(otid)) this.faults.push(`begun twice: ${message.context}`);
      this.#open.set(otid, { begin: message, peer: '' });
      return;
    }
    const answered = this.#open.get(dtid);
    if (answered === undefined) {
      // The beginning side goes on: with its own identity, to the one that the other side gave.
      const own = this.#open.get(otid);
      if (type === 'end' || own === undefined || own.peer !== dtid) {
        this.faults.push(`${type} of none that is open: ${message.context}`);
      }
      return;
    }
    const { begin, peer } = answered;
    if (message.called !== begin.calling) this.faults.push(`${type} to another than began ${begin.context}`);
    if (message.calling.slice(0, 2) !== begin.called.slice(0, 2)) {
      this.faults.push(`${type} of ${begin.context} from another subsystem`);
    }
    // Only the first message back names the context again.
    if (message.context !== (peer === '' ? begin.context : '')) {
      this.faults.push(`${type} of ${begin.context} in ${message.context}`);
    }
    if (type === 'end') this.#open.delete(dtid);
    else answered.peer = otid;
  }
}

test('each CONTINUE and END of 12,000 messages carries the identity that its dialogue began with', async () => {
  const dialogues = new Dialogues();
  const seen = { begin: 0, continue: 0, end: 0 };
  const contexts = new Set<string>();
  let lastUs = 0;
  let count = 0;
  const sink: FrameSink = {
    frame(timeUs, _linkType, bytes, start, end) {
      lastUs = timeUs;
      for (const { sccp } of walkPacket(timeUs, bytes.subarray(start, end))) {
        const message = readTcap(timeUs, sccp);
        if (message === undefined) continue;
        count++;
        seen[message.type]++;
        if (message.type === 'begin') contexts.add(message.context);
        dialogues.apply(message);
      }
    },
  };
  const feed = openSimulation({ population: 20_000, date: '2026-10-17', from: '18:30' });
  while (count < messages) expect(await feed.read(sink, Number.POSITIVE_INFINITY, 2_000)).toBe('more');

  expect(dialogues.faults).toEqual([]);
  // None is left without an end.
  expect(dialogues.open.filter(({ timeUs }) => timeUs < lastUs - dialogueUsMax)).toEqual([]);
  expect(seen.begin - seen.end).toBe(dialogues.open.length);
  expect(seen.continue).toBeGreaterThan(100);
  // Contexts of both short message ways and the vectors, in both versions.
  for (const context of ['0e03', '0e02', '1903', '1902', '1503', '1502']) expect(contexts).toContain(context);
});
