import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** One field of tshark's dissection, or the beginning of a protocol (`proto` true) (`outer`: not inside another), in the order of the octets. */
export interface Item {
  name: string;
  show: string;
  showname: string;
  proto: boolean;
  outer: boolean;
}

export interface Packet {
  frame: number;
  /** Its time in microseconds, nanoseconds floored. */
  timeUs: number;
  items: Item[];
  /** What tshark calls malformed in it: texts of its expert messages; and that the snapshot length has cut it. */
  malformed: string[];
}

const malformedGroup = '117440512';

/**
 * tshark's whole dissection of a capture, packet by packet. PDML, because only the order of the fields tells which of
 * several messages, components and cells of a frame a field belongs to.
 */
export async function* dissect(path: string, filter = ''): AsyncGenerator<Packet> {
  const preferences = ['-o', 'lapd.use_gsm_sapi_values:TRUE'];
  const args = ['-n', '-r', path, ...preferences, ...(filter === '' ? [] : ['-Y', filter]), '-T', 'pdml'];
  const child = spawn('tshark', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  let items: Item[] = [];
  let isIn = false;
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
    const text = line.trimStart();
    if (text.startsWith('<packet>')) {
      items = [];
      isIn = true;
    } else if (text.startsWith('</packet>')) yield packetOf(items);
    else if (isIn && text.startsWith('<field ')) items.push(itemOf(text, false, false));
    else if (isIn && text.startsWith('<proto ')) items.push(itemOf(text, true, line.indexOf('<') <= 2));
  }
  const code = await ended;
  // A capture that ends early is dissected up to there.
  if (code !== 0 && code !== 2) throw new Error(`tshark ended with ${code} on ${path}`);
}

function itemOf(text: string, proto: boolean, outer: boolean): Item {
  return {
    name: attribute(text, ' name="'),
    show: attribute(text, ' show="'),
    showname: attribute(text, ' showname="'),
    proto,
    outer,
  };
}

function attribute(text: string, opening: string): string {
  const at = text.indexOf(opening);
  if (at < 0) return '';
  const start = at + opening.length;
  const value = text.slice(start, text.indexOf('"', start));
  if (!value.includes('&')) return value;
  return value
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&#x27;', "'")
    .replaceAll('&amp;', '&');
}

function packetOf(items: Item[]): Packet {
  let time = '0.0';
  let frame = 0;
  const malformed: string[] = [];
  let message = '';
  let length = 0;
  let capturedLength = 0;
  for (const { name, show, proto } of items) {
    if (name === 'frame.number') frame = Number(show);
    else if (name === 'frame.time_epoch') time = show;
    else if (name === 'frame.len') length = Number(show);
    else if (name === 'frame.cap_len') capturedLength = Number(show);
    else if (name === '_ws.expert.message') {
      message = show;
      if (/Missing Mandatory/.test(show)) malformed.push(show);
    } else if (name === '_ws.expert.group' && show === malformedGroup) malformed.push(message);
    else if (proto && name === '_ws.malformed' && malformed.length === 0) malformed.push('Malformed Packet');
  }
  if (capturedLength < length) malformed.push('cut by the snapshot length');
  const [seconds, fraction] = time.split('.');
  return { frame, timeUs: Number(seconds + fraction.padEnd(6, '0').slice(0, 6)), items, malformed };
}
