import { execFileSync } from 'node:child_process';
import type { Comparable } from './oracle.ts';

/** One field of tshark's dissection, in the order of the octets. */
export interface Field {
  name: string;
  show: string;
  showname: string;
}

/**
 * What tshark sees in the BSSMAP and DTAP elements of a capture, by frame number, in the terms of SignalMessage. Taken
 * from its whole dissection (PDML), because only the order of the fields tells which PLMN belongs to which cell.
 */
export function layer3Oracle(path: string): Map<number, Comparable> {
  const args = ['-n', '-r', path, '-Y', 'bssap', '-T', 'pdml'];
  const text = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 });
  const frames = new Map<number, Comparable>();
  for (const packet of text.split('<packet>').slice(1)) {
    const fields = [...packet.matchAll(/<field name="([^"]*)"(?: showname="([^"]*)")?[^>]*? show="([^"]*)"/g)].map(
      ([, name, showname, show]) => ({ name, showname: showname ?? '', show }),
    );
    const number = fields.find((field) => field.name === 'num');
    frames.set(Number(number?.show), fromFields(fields));
  }
  return frames;
}

const isBssmap = 'gsm_a.bssmap.msgtype';
/** Our name of each field that holds a number. */
const numbers: Record<string, string> = {
  'gsm_a_bssmap.speech_version_id': 'speechVersion',
  'gsm_a.rr.RRcause': 'rrCause',
  'gsm_a.bssmap.reroute_rej_cause': 'rerouteCause',
  'gsm_bssmap_le.lcsCauseValue': 'lcsCause',
  'gsm_map.old.Component': 'ssComponent',
};
/** Our name of each field that holds digits. */
const digits: Record<string, string> = {
  'gsm_a.dtap.cld_party_bcd_num': 'called',
  'gsm_a.dtap.clg_party_bcd_num': 'calling',
  'gsm_a.dtap.conn_num': 'connected',
  'gsm_sms.tp-da': 'tpDestination',
  'gsm_sms.tp-oa': 'tpOriginator',
};

/** The elements of one message. */
export function fromFields(fields: readonly Field[]): Comparable {
  const out: Comparable = {};
  const first = (name: string) => fields.find((field) => field.name === name)?.show;
  const number = (name: string) => Number(first(name));
  let type = '';
  for (const { name, show } of fields) {
    if (name === 'gsm_a.dtap.type_of_number') type = String(Number(show));
    // The originator of an RP message is a called party number to tshark, which has one dissector for both.
    const own = name === 'gsm_a.dtap.cld_party_bcd_num' && number('gsm_a.rp.msg_type') === 1 ? 'calling' : digits[name];
    if (own !== undefined) out[own] ??= show;
    // Of an originator the type is not kept.
    if (own === digits[name] && (own === 'called' || own === 'calling')) out[`${own}Type`] ??= type;
    if (numbers[name] !== undefined) out[numbers[name]] ??= String(Number(show));
  }
  readComponent(fields, out);
  if (first(isBssmap) === undefined) {
    const tie = first('gsm_a.dtap.tie');
    if (tie !== undefined) {
      const flag = /1|True/.test(first('gsm_a.dtap.ti_flag') ?? '') ? 8 : 0;
      out.transactionId = String(flag + 7 + (Number(tie) << 4));
    }
    return out;
  }
  if (first('gsm_a_bssmap.pcm_multiplexer') !== undefined) {
    out.circuitIdentityCode = String(number('gsm_a_bssmap.pcm_multiplexer') * 32 + number('gsm_a_bssmap.timeslot'));
  }
  if (first('gsm_a_bssmap.cause_class') !== undefined) {
    const head = number('gsm_a_bssmap.cause_class') * 16 + number('gsm_a_bssmap.national_cause');
    out.bssmapCause = String(head * 256 + number('gsm_a_bssmap.cause_value'));
  }
  readElements(fields, number(isBssmap), out);
  return out;
}

/** The first component of a Facility element; invoke identifiers are octets here. */
function readComponent(fields: readonly Field[], out: Comparable): void {
  const first = (name: string) => fields.find((field) => field.name === name)?.show;
  const invoke = first('gsm_old.invokeID') ?? first('gsm_old.derivable');
  if (invoke !== undefined) out.ssInvokeId = String(Number(invoke) & 0xff);
  const code = first('gsm_old.localValue');
  if (code !== undefined) out[first('gsm_old.errorCode') === undefined ? 'ssOperation' : 'ssError'] = code;
}

/** Cells and the chosen channel, element by element. */
function readElements(fields: readonly Field[], type: number, out: Comparable): void {
  const singles: string[] = [];
  for (const [i, { name, show }] of fields.entries()) {
    if (name !== 'gsm_a.bssmap.elem_id') continue;
    const rest = fields.slice(i + 1);
    const end = rest.findIndex((field) => field.name === name);
    const element = end < 0 ? rest : rest.slice(0, end);
    const value = (wanted: string) => Number(element.find((field) => field.name === wanted)?.show);
    const id = Number(show);
    if (id === 0x21) out.chosenChannel = String(value('gsm_a.bssmap.cch_mode') * 16 + value('gsm_a.bssmap.channel'));
    const cells = id === 0x05 || id === 0x1a ? cellsOf(element) : [];
    if (id === 0x05) singles.push(cells[0] ?? '');
    if (id === 0x1a) {
      out.cellListDiscriminator = String(value('gsm_a.bssmap.be.cell_id_disc'));
      if (cells.length > 0) out.cells = cells.join(' ');
      if (type === 0x11 && cells.length > 0) out.targetCell = cells[0];
    }
  }
  if (singles.length > 0) out.cell = singles[0];
  if (singles.length > 1) out.targetCell = singles[1];
  for (const name of ['cell', 'targetCell']) if (/^\/*$/.test(out[name] ?? '')) delete out[name];
}

/** What a cell identification begins with, by discriminator. */
const beginnings: Record<number, string> = {
  0: 'e212.mcc',
  1: 'gsm_a.bssmap.cell_lac',
  2: 'gsm_a.bssmap.cell_ci',
  4: 'e212.mcc',
  5: 'gsm_a.bssmap.cell_lac',
  8: 'e212.mcc',
  9: 'gsm_a.bssmap.be.rnc_id',
  10: 'gsm_a.bssmap.cell_lac',
  11: 'e212.mcc',
  12: 'e212.mcc',
};

/** The cells of one element as `PLMN/LAC/CI`, or `PLMN/LAC//SAC`. */
function cellsOf(element: readonly Field[]): string[] {
  const discriminator = Number(element.find((field) => field.name === 'gsm_a.bssmap.be.cell_id_disc')?.show);
  const cells: { plmn: string; lac: string; ci: string; sac: string }[] = [];
  for (const { name, show, showname } of element) {
    if (name === beginnings[discriminator]) cells.push({ plmn: '', lac: '', ci: '', sac: '' });
    const cell = cells.at(-1);
    if (cell === undefined) continue;
    // The field is a number; its text has the digits of the MNC, leading zeros and all.
    const inBrackets = /\((\d+)\)$/.exec(showname)?.[1] ?? '';
    if (name === 'e212.mcc') cell.plmn = inBrackets.padStart(3, '0');
    else if (name === 'e212.mnc') cell.plmn += `-${inBrackets}`;
    else if (name === 'gsm_a.bssmap.cell_lac') cell.lac = String(Number(show));
    else if (name === 'gsm_a.bssmap.cell_ci') cell.ci = String(Number(show));
    else if (name === 'gsm_a.bssmap.sac') cell.sac = `/${Number(show)}`;
  }
  return cells.map(({ plmn, lac, ci, sac }) => `${plmn}/${lac}/${ci}${sac}`);
}
