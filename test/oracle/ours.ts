import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MessageLine } from '../../server/cli/message-line.ts';
import { root } from '../tools/shared-inputs.ts';

/** A line in the terms of the comparison: text by key, nested keys joined by a dot; `fault` its code. */
export type Row = Record<string, string>;

/** Why and where a capture ended early, as `decode` tells it, and how many of its packets were decoded up to there. */
export interface Damage {
  text: string;
  packets: number;
}

/**
 * What `decode FILE --messages --show-identities` prints, the lines of each frame together; in the end the damage that
 * has kept it from the capture's end, if there was any.
 */
export async function* printed(path: string): AsyncGenerator<{ frame: number; rows: Row[] }, Damage | null> {
  const args = [join(root, 'dist/server/signalwall.js'), 'decode', `pcap:${path}`, '--messages', '--show-identities'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk) => (complaint += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let frame = -1;
  let rows: Row[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as MessageLine;
    if (line.frame !== frame) {
      if (rows.length > 0) yield { frame, rows };
      ({ frame } = line);
      rows = [];
    }
    rows.push(rowOf(line));
  }
  if (rows.length > 0) yield { frame, rows };
  const code = await ended;
  if (code === 0) return null;
  const early = /^error: (.*); decoded up to there: ([\d,]+) packets?$/.exec(complaint.trim());
  if (code !== 1 || early === null) throw new Error(`decode failed on ${path}: ${complaint}`);
  return { text: early[1], packets: Number(early[2].replaceAll(',', '')) };
}

export function rowOf(line: MessageLine): Row {
  const { cell, cells, lai, fault, ...rest } = line;
  const row: Row = {};
  flatten('', rest, row);
  if (cell !== undefined) row.cells = placeText(cell);
  if (cells !== undefined) row.cells = cells.map(placeText).join(' ');
  if (lai !== undefined) row.lai = placeText(lai);
  if (fault !== undefined) row.fault = fault.code;
  return row;
}

function flatten(prefix: string, value: object, row: Row): void {
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'object') flatten(`${prefix}${name}.`, inner, row);
    else row[prefix + name] = String(inner);
  }
}

/** `PLMN/LAC/CI`, or `PLMN/LAC//SAC`; what is absent is left empty. */
function placeText({ mcc, mnc, lac, ci, sac }: NonNullable<MessageLine['cell']>): string {
  const plmn = mcc === undefined ? '' : `${mcc}-${mnc}`;
  return `${plmn}/${lac ?? ''}/${ci ?? ''}${sac === undefined ? '' : `/${sac}`}`;
}
