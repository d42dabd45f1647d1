import { execFileSync } from 'node:child_process';
import { sharedPath } from '../tools/shared-inputs.ts';

/** A frame as tshark prints it: column → text, several values joined by `|`. */
type Frame = Record<string, string>;

/** A row that the capture must give, with a plain IMSI; `''` for an unknown one. */
export interface ExpectedRow {
  timeUs: number;
  imsi: string;
  cell: string;
  kind: string;
  outcome: string;
  cause: number | null;
  flags: string;
  durationMs: number;
}

function readFrames(capture: string): Frame[] {
  const text = execFileSync('bash', [sharedPath('tools/tshark-oracle.sh'), capture], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 26,
  });
  const [head, ...lines] = text.trimEnd().split('\n');
  const columns = head.split('\t');
  return lines.map((line) => {
    const values = line.split('\t');
    return Object.fromEntries(columns.map((column, i) => [column, values[i] ?? '']));
  });
}

/** Location updating type by frame number: the one column that the tool does not print. */
function readUpdatingTypes(capture: string): Map<string, string> {
  const columns = ['-e', 'frame.number', '-e', 'gsm_a.dtap.updating_type'];
  const text = execFileSync(
    'tshark',
    ['-n', '-r', capture, '-Y', 'gsm_a.dtap.updating_type', '-T', 'fields', ...columns],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return new Map(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]),
  );
}

const updateKinds: Record<string, string> = { 0: 'location update', 1: 'periodic update', 2: 'imsi attach' };

const first = (text: string) => text.split('|')[0];
const code = (text: string) => (text === '' ? -1 : Number(first(text)));
const timeUs = (frame: Frame) => Number(frame['frame.time_epoch'].replace('.', '').slice(0, 16));
const isDtap = (frame: Frame) => frame['bssap.pdu_type'] === '0x01' || frame['gsm_a.bssmap.msgtype'] === '0x57';
const mm = (frame: Frame) => code(frame['gsm_a.dtap.msg_mm_type']);
const cc = (frame: Frame) => code(frame['gsm_a.dtap.msg_cc_type']);
const cellOf = (frame: Frame) =>
  [
    `${first(frame['e212.mcc']).padStart(3, '0')}-${first(frame['e212.mnc']).padStart(2, '0')}`,
    Number(first(frame['gsm_a.bssmap.cell_lac'])),
    Number(first(frame['gsm_a.bssmap.cell_ci'])),
  ].join('-');

/** Frames of each SCCP connection, in order of the first: a reference belongs to the point code that chose it. */
function connectionsOf(frames: Frame[]): Frame[][] {
  const all: Frame[][] = [];
  const byReference = new Map<string, Frame[]>();
  for (const frame of frames) {
    const [opc, dpc] = [frame['m3ua.protocol_data_opc'], frame['m3ua.protocol_data_dpc']];
    const pair = [opc, dpc].sort().join('-');
    const [source, destination] = [frame['sccp.slr'], frame['sccp.dlr']];
    let connection = byReference.get(`${pair} ${dpc} ${destination}`);
    if (frame['sccp.message_type'] === '0x01') {
      connection = [];
      all.push(connection);
    }
    if (connection === undefined) continue;
    connection.push(frame);
    if (source !== '') byReference.set(`${pair} ${opc} ${source}`, connection);
  }
  return all;
}

function kindOf(connection: Frame[], updatingTypes: Map<string, string>): string {
  const initial = connection[0];
  if (mm(initial) === 0x08) return updateKinds[updatingTypes.get(initial['frame.number']) ?? ''];
  if (mm(initial) === 0x01) return 'detach';
  const paged = mm(initial) !== 0x24;
  if (connection.some((frame) => cc(frame) === 0x05)) return paged ? 'mt call' : 'mo call';
  if (connection.some((frame) => frame['gsm_a.dtap.msg_sms_type'] !== '')) return paged ? 'mt sms' : 'mo sms';
  return connection.some((frame) => frame['gsm_a.dtap.msg_ss_type'] !== '') ? 'supplementary service' : 'other';
}

function outcomeOf(kind: string, frames: Frame[]): [outcome: string, cause: number | null] {
  const reject = frames.find((frame) => mm(frame) === 0x04);
  if (reject !== undefined) return ['rejected', code(reject['gsm_a.dtap.rej_cause'])];
  const released = frames.find((frame) => frame['gsm_a.dtap.cause'] !== '');
  const cause = released === undefined ? null : code(released['gsm_a.dtap.cause']);
  const done = {
    'location update': (frame: Frame) => mm(frame) === 0x02,
    'periodic update': (frame: Frame) => mm(frame) === 0x02,
    'imsi attach': (frame: Frame) => mm(frame) === 0x02,
    'mo call': (frame: Frame) => cc(frame) === 0x07,
    'mt call': (frame: Frame) => cc(frame) === 0x07,
    'mo sms': (frame: Frame) => code(frame['gsm_a.rp.msg_type']) === 3,
    'mt sms': (frame: Frame) => code(frame['gsm_a.rp.msg_type']) === 2,
    'supplementary service': (frame: Frame) => code(frame['gsm_a.dtap.msg_ss_type']) === 0x2a,
    detach: () => true,
  }[kind];
  return [done !== undefined && frames.some(done) ? 'success' : 'unknown', cause];
}

/**
 * What DESIGN §2 says of a capture, worked out the slow and obvious way from tshark's output, with all of it in view.
 * Written for the calls, messages and the one handover of the laboratory capture, not for the world.
 */
export function expectedRows(capture: string): ExpectedRow[] {
  const frames = readFrames(capture);
  const connections = connectionsOf(frames);
  const updatingTypes = readUpdatingTypes(capture);
  const imsiOfTmsi = new Map<string, string>();
  const rows: ExpectedRow[] = [];
  const handovers = connections.filter((connection) => connection[0]['gsm_a.bssmap.msgtype'] === '0x10');
  for (const connection of connections) {
    const initial = connection[0];
    const msc = initial['m3ua.protocol_data_dpc'];
    if (handovers.includes(connection)) continue;
    const named = connection.find((frame) => frame['e212.imsi'] !== '');
    const imsi = named?.['e212.imsi'].split('|')[0] ?? imsiOfTmsi.get(initial['3gpp.tmsi']) ?? '';
    for (const frame of connection) {
      if (mm(frame) === 0x02 && frame['3gpp.tmsi'] !== '') imsiOfTmsi.set(frame['3gpp.tmsi'], imsi);
    }
    const kind = kindOf(connection, updatingTypes);
    const cell = cellOf(initial);
    const startUs = timeUs(initial);
    const uplink = connection.filter((frame) => isDtap(frame) && frame['m3ua.protocol_data_dpc'] === msc);
    const lastUs = timeUs(uplink[uplink.length - 1]);
    const sighting = {
      imsi,
      cell,
      kind: 'sighting',
      outcome: 'unknown',
      cause: null,
      flags: 'sighting',
      durationMs: 0,
    };
    const required = connection.find((frame) => frame['gsm_a.bssmap.msgtype'] === '0x11');
    if (required !== undefined) {
      const next = handovers.find((other) => timeUs(other[0]) > timeUs(required));
      if (next === undefined) throw new Error('no HANDOVER REQUEST follows HANDOVER REQUIRED');
      const complete = next.find((frame) => frame['gsm_a.bssmap.msgtype'] === '0x14');
      if (complete === undefined) throw new Error('no HANDOVER COMPLETE follows HANDOVER REQUEST');
      const later = next.filter((frame) => isDtap(frame) && frame['m3ua.protocol_data_dpc'] === msc);
      const endUs = timeUs(later[later.length - 1]);
      const [outcome, cause] = outcomeOf(kind, [...connection, ...next]);
      // The target is named by its location area alone, so nobody knows the cell.
      const there = { imsi, cell: '', flags: 'traffic' };
      rows.push(
        { ...sighting, timeUs: startUs },
        { ...sighting, timeUs: lastUs },
        {
          ...there,
          timeUs: timeUs(complete),
          kind: 'handover',
          outcome: 'success',
          cause: null,
          durationMs: Math.round((timeUs(complete) - timeUs(required)) / 1000),
        },
        { ...there, timeUs: endUs, kind, outcome, cause, durationMs: Math.round((endUs - startUs) / 1000) },
      );
      continue;
    }
    const [outcome, cause] = outcomeOf(kind, connection);
    const proves = outcome !== 'rejected';
    if (proves && kind !== 'detach') rows.push({ ...sighting, timeUs: startUs });
    rows.push({
      timeUs: lastUs,
      imsi,
      cell,
      kind,
      outcome,
      cause,
      flags:
        kind === 'detach' ? 'sighting+detach+traffic' : proves && lastUs > startUs ? 'sighting+traffic' : 'traffic',
      durationMs: Math.round((lastUs - startUs) / 1000),
    });
  }
  return rows;
}
