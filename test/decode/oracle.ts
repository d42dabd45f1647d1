import { execFileSync } from 'node:child_process';
import { formatPlmn, mccOf } from '../../server/events/plmn.ts';
import { sharedPath } from '../tools/shared-inputs.ts';
import type { Plain } from './collect.ts';
import { layer3Oracle } from './layer3-oracle.ts';

/** What one frame says, in the oracle's terms: strings by field, absent ones left out. */
export type Row = Record<string, string>;

/**
 * What tshark sees in a capture, by frame number: the fields that `tools/tshark-oracle.sh` prints and the few that it
 * leaves out. A field that occurs several times in a frame has its values joined by `|`.
 */
export function oracle(path: string): Map<number, Row> {
  const rows = parse(execFileSync(sharedPath('tools/tshark-oracle.sh'), [path], { encoding: 'utf8', stdio: 'pipe' }));
  const more = [
    'dtap.updating_type',
    'dtap.service_type',
    'dtap.ti_flag',
    'dtap.tio',
    'dtap.cp_cause',
    'tmsi',
    'dtap.type_of_number',
  ];
  const format = ['-T', 'fields', '-E', 'header=y', '-E', 'occurrence=a', '-E', 'aggregator=|', '-E', 'separator=/t'];
  const args = [
    '-n',
    '-r',
    path,
    '-Y',
    'sccp',
    ...format,
    '-e',
    'frame.number',
    ...more.flatMap((name) => ['-e', `gsm_a.${name}`]),
  ];
  for (const [frame, row] of parse(execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe' }))) {
    Object.assign(rows.get(frame) ?? {}, row);
  }
  return rows;
}

function parse(text: string): Map<number, Row> {
  const [header, ...lines] = text.trimEnd().split('\n');
  const names = header.split('\t');
  const rows = new Map<number, Row>();
  for (const line of lines) {
    const values = line.split('\t');
    const row: Row = {};
    for (const [i, name] of names.entries()) if ((values[i] ?? '') !== '') row[name] = values[i];
    rows.set(Number(row['frame.number']), row);
  }
  return rows;
}

/** Both sides of the comparison, as text by the field's name in SignalMessage. */
export type Comparable = Record<string, string>;

function put(out: Comparable, name: string, value: string | number | undefined): void {
  if (value !== undefined && value !== '') out[name] = String(value);
}

/** tshark's view of a frame in the terms of SignalMessage. MCC and MNC are numbers there: leading zeros are lost. */
export function fromRow(row: Row): Comparable {
  const out: Comparable = {};
  const all = (field: string) => row[field]?.split('|') ?? [];
  const number = (field: string) => (row[field] === undefined ? undefined : Number(all(field)[0]));
  put(out, 'opc', number('m3ua.protocol_data_opc') ?? number('mtp3.opc'));
  put(out, 'dpc', number('m3ua.protocol_data_dpc') ?? number('mtp3.dpc'));
  put(out, 'sccpType', number('sccp.message_type'));
  put(out, 'sourceLocalReference', number('sccp.slr'));
  put(out, 'destinationLocalReference', number('sccp.dlr'));
  put(out, 'sccpCause', number('sccp.release_cause') ?? number('sccp.refusal_cause') ?? number('sccp.return_cause'));
  for (const party of ['called', 'calling']) {
    put(out, `${party}Ssn`, number(`sccp.${party}.ssn`));
    put(out, `${party}Title`, row[`sccp.${party}.digits`]);
  }
  put(out, 'calledSsn', number('sccp.called.ssn'));
  put(out, 'callingSsn', number('sccp.calling.ssn'));
  const type = number('gsm_a.bssmap.msgtype');
  put(out, 'bssmapType', type);
  put(out, 'bssmapCause', number('gsm_a.bssmap.cause'));

  put(out, 'protocolDiscriminator', number('gsm_a.L3_protocol_discriminator'));
  for (const protocol of ['mm', 'cc', 'rr', 'sms', 'ss']) {
    put(out, 'dtapType', number(`gsm_a.dtap.msg_${protocol}_type`));
  }
  const flag = row['gsm_a.dtap.ti_flag'];
  if (flag !== undefined) out.transactionId = String((/^(1|True)$/.test(flag) ? 8 : 0) + number('gsm_a.dtap.tio')!);
  put(out, 'rpType', number('gsm_a.rp.msg_type'));
  if (row['e212.lai.mcc'] !== undefined) {
    put(out, 'laiPlmn', `${number('e212.lai.mcc')}-${number('e212.lai.mnc')}`);
  }
  put(out, 'laiLac', number('gsm_a.lac'));
  put(out, 'imsi', row['e212.imsi']);
  put(out, 'tmsi', number('3gpp.tmsi') ?? number('gsm_a.tmsi'));
  put(out, 'imei', row['gsm_a.imei'] ?? row['gsm_a.imeisv']);
  put(out, 'locationUpdatingType', number('gsm_a.dtap.updating_type'));
  put(out, 'cmServiceType', number('gsm_a.dtap.service_type'));
  put(
    out,
    'cause',
    number('gsm_a.dtap.cause') ??
      number('gsm_a.dtap.rej_cause') ??
      number('gsm_a.rp.cause') ??
      number('gsm_a.dtap.cp_cause'),
  );
  if (type === undefined && out.dtapType === '5') {
    // The calling number stands in front of the called one.
    const types = all('gsm_a.dtap.type_of_number').map(Number);
    if (row['gsm_a.dtap.clg_party_bcd_num'] !== undefined) put(out, 'callingType', types[0]);
    if (row['gsm_a.dtap.cld_party_bcd_num'] !== undefined) put(out, 'calledType', types.at(-1));
  }
  put(out, 'called', type === undefined && out.dtapType === '5' ? row['gsm_a.dtap.cld_party_bcd_num'] : undefined);
  put(out, 'calling', type === undefined && out.dtapType === '5' ? row['gsm_a.dtap.clg_party_bcd_num'] : undefined);
  return out;
}

/** Semi-octets as digits, the low half first, up to the filler. 3GPP TS 24.008 §10.5.4.7. */
function digitsOf(semiOctets: string): string {
  const swapped = semiOctets.replace(/(.)(.)/g, '$2$1');
  return swapped.replace(/f.*$/, '');
}

/** Our view of a frame in the same terms. */
export function fromMessage(message: Plain): Comparable {
  const out: Comparable = {};
  for (const [name, value] of Object.entries(message)) {
    if (['frame', 'timeUs', 'link', 'fromLower', 'imsiDigits', 'imeiTail', 'imeiDigits', 'parts'].includes(name))
      continue;
    if (name === 'imsi') out.imsi = String(value).padStart(message.imsiDigits as number, '0');
    else if (name === 'imei') {
      const tail = Math.max(0, (message.imeiDigits as number) - 14);
      out.imei = String(value).padStart((message.imeiDigits as number) - tail, '0');
      if (tail > 0) out.imei += String(message.imeiTail ?? 0).padStart(tail, '0');
    } else if (name === 'called' || name === 'calling') put(out, name, digitsOf(value as string));
    else if (/Plmn$/.test(name)) out[name] = `${mccOf(value as number)}-${(value as number) & 0x3ff}`;
    else out[name] = String(value);
  }
  return out;
}

/** Address of a TPDU: count of digits, type and plan, semi-octets. 3GPP TS 23.040 §9.1.2.5. */
function addressOf(octets: string): string {
  return digitsOf(octets.slice(4)).slice(0, Number.parseInt(octets.slice(0, 2), 16));
}

/** A BSSMAP message's cell or target cell as one text, in place of its parts: `PLMN/LAC/CI`, or `PLMN/LAC//SAC`. */
function joinCell(out: Comparable, message: Plain, name: 'cell' | 'targetCell'): void {
  for (const part of ['Plmn', 'Lac', 'Ci', 'Sac']) delete out[name + part];
  const told = (part: 'Lac' | 'Ci' | 'Sac') => message[`${name}${part}`] ?? '';
  const sac = message[`${name}Sac`] === undefined ? '' : `/${told('Sac')}`;
  const text = `${formatPlmn(Number(message[`${name}Plmn`] ?? 0))}/${told('Lac')}/${told('Ci')}${sac}`;
  if (text !== '//') out[name] = text;
}

/** Our view of a message of the A interface; RANAP has a comparison of its own. */
function fromLayer3(message: Plain): Comparable {
  const out = fromMessage(message);
  for (const name of Object.keys(out)) if (/^(ranap|cnDomain)/.test(name)) delete out[name];
  if (message.bssmapType !== undefined) {
    joinCell(out, message, 'cell');
    joinCell(out, message, 'targetCell');
  }
  put(out, 'connected', message.connected === undefined ? undefined : digitsOf(String(message.connected)));
  for (const name of ['tpDestination', 'tpOriginator'] as const) {
    if (message[name] !== undefined) out[name] = addressOf(String(message[name]));
  }
  return out;
}

const secrets = [
  'imsi',
  'tmsi',
  'imei',
  'called',
  'calling',
  'connected',
  'tpDestination',
  'tpOriginator',
  'calledTitle',
  'callingTitle',
];

/** How many fields a comparison looked at, and what differs, one line a field: `frame 7 cause: 5, tshark 6`. */
export interface Comparison {
  fields: number;
  lines: string[];
}

/** Compares the messages of a capture with what tshark sees in it. Identities stay out of the text. */
export function compare(path: string, messages: Plain[]): Comparison {
  const rows = oracle(path);
  const layer3 = layer3Oracle(path);
  const lines: string[] = [];
  let fields = 0;
  const ours = new Map(messages.map((message) => [message.frame as number, fromLayer3(message)]));
  for (const frame of [...new Set([...rows.keys(), ...ours.keys()])].sort((a, b) => a - b)) {
    const a = ours.get(frame) ?? {};
    const row = rows.get(frame);
    const b = row === undefined ? {} : { ...fromRow(row), ...layer3.get(frame) };
    for (const name of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
      fields++;
      if (a[name] === b[name]) continue;
      const show = (value: string | undefined) =>
        value === undefined ? 'absent' : secrets.includes(name) ? 'given' : value;
      const isSame = show(a[name]) === show(b[name]);
      lines.push(`frame ${frame} ${name}: ${show(a[name])}, tshark ${show(b[name])}${isSame ? ' (differs)' : ''}`);
    }
  }
  return { fields, lines };
}
