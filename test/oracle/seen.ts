import { fromFields } from '../decode/layer3-oracle.ts';
import { fields as mapFields } from '../decode/map-oracle.ts';
import type { Row } from './ours.ts';
import type { Item, Packet } from './pdml.ts';
import { ranapRow } from './seen-ranap.ts';
import { isSuaData, suaRow } from './seen-sua.ts';

/** SCCP message types, ITU-T Q.713 table 1. */
const sccpTypes: Record<number, string> = Object.fromEntries(
  ['CR', 'CC', 'CREF', 'RLSD', 'RLC', 'DT1', 'DT2', 'AK', 'UDT', 'UDTS', 'ED', 'EA', 'RSR', 'RSC', 'ERR', 'IT']
    .concat(['XUDT', 'XUDTS', 'LUDT', 'LUDTS'])
    .map((name, i) => [i + 1, name]),
);

/** Who else than MAP may stand in a component. */
const componentProtocols = new Set(['gsm_map', 'camel', 'inap']);

interface Seen {
  /** Point codes and everything of SCCP. */
  head: Item[];
  /** What its user says, components apart. */
  user: Item[];
  components: Item[][];
  /** Whether it is a segment whose message another frame completes. */
  isSegment: boolean;
}

/** The lines that a packet deserves, by what tshark sees in it: one an SCCP message, or one a TCAP component of it. */
export function rowsOf(packet: Packet): Row[] {
  const messages = messagesOf(packet.items).filter(({ head }) => hasSccp(head) || isSuaData(head));
  return messages.flatMap((seen) => {
    const common: Row = {
      frame: String(packet.frame),
      timeUs: String(packet.timeUs),
      ...(hasSccp(seen.head) ? sccpRow : suaRow)(seen.head),
    };
    if (seen.isSegment && !/S$/.test(common['sccp.type'])) return [];
    return userRows(seen).map((row) => ({ ...common, ...row }));
  });
}

/** A type that Q.713 gives to no message is none. */
const hasSccp = (head: readonly Item[]) =>
  head.some(({ name, show }) => name === 'sccp.message_type' && sccpTypes[Number(show)] !== undefined);

/** Fields of a packet apart by the SCCP message that they stand in. */
function messagesOf(items: readonly Item[]): Seen[] {
  const out: Seen[] = [];
  let carrier: Item[] = [];
  let into: Item[] | null = null;
  let isInTcap = false;
  for (const item of items) {
    if (item.proto && item.outer) {
      if (item.name === 'm3ua' || item.name === 'mtp3' || item.name === 'gsm_ipa' || item.name === 'sctp') {
        carrier = [];
        into = carrier;
      } else if (item.name === 'sccp' || item.name === 'sua') {
        const head = [...carrier];
        out.push({ head, user: [], components: [], isSegment: false });
        into = head;
        isInTcap = false;
      } else if (out.length > 0 && /^(bssap|gsm_a|ranap|tcap|gsm_sms|sccpmg)/.test(item.name)) {
        if (item.name === 'tcap') isInTcap = true;
        // A short message in a component belongs to it.
        if (item.name !== 'gsm_sms' || !isInTcap) into = out.at(-1)!.user;
      } else if (out.length > 0 && isInTcap && componentProtocols.has(item.name)) {
        into = [];
        out.at(-1)!.components.push(into);
      }
    }
    if (isSegment(item) && out.length > 0) out.at(-1)!.isSegment = true;
    into?.push(item);
  }
  return out;
}

/** More data to come (DT1), segments left (XUDT, LUDT; what comes back undelivered is never put together). */
function isSegment({ name, show }: Item): boolean {
  return (name === 'sccp.more' || name === 'sccp.segmentation.remaining') && Number(show) > 0;
}

const find = (items: readonly Item[], ...names: string[]): Item | undefined => {
  for (const name of names) {
    const found = items.find((item) => item.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
};

function put(row: Row, key: string, value: string | undefined): void {
  if (value !== undefined && value !== '') row[key] = value;
}

const decimal = (item: Item | undefined) => (item === undefined ? undefined : String(Number(item.show)));
const reference = (item: Item | undefined) => item?.show.replace(/^0x/, '');

function sccpRow(items: readonly Item[]): Row {
  const row: Row = {};
  put(row, 'opc', decimal(find(items, 'm3ua.protocol_data_opc', 'mtp3.opc')));
  put(row, 'dpc', decimal(find(items, 'm3ua.protocol_data_dpc', 'mtp3.dpc')));
  const type = Number(find(items, 'sccp.message_type')?.show);
  put(row, 'sccp.type', sccpTypes[type] ?? String(type));
  put(row, 'sccp.slr', reference(find(items, 'sccp.slr')));
  put(row, 'sccp.dlr', reference(find(items, 'sccp.dlr')));
  for (const party of ['called', 'calling']) {
    put(row, `sccp.${party}.digits`, find(items, `sccp.${party}.digits`)?.show);
    put(row, `sccp.${party}.ssn`, decimal(find(items, `sccp.${party}.ssn`)));
  }
  const causes = ['release', 'return', 'reset', 'error', 'refusal'].map((cause) => `sccp.${cause}_cause`);
  put(row, 'cause', decimal(find(items, ...causes)));
  return row;
}

/** `… Message Type: Location Updating Request (0x08)`, `Message Type Clear Command`: the name alone. */
function nameIn(item: Item): string {
  return item.showname.replace(/^.*?(Type:?|:) /, '').replace(/ \((0x)?[0-9a-f]+\)$/, '');
}

const dtapTypes = ['mm', 'cc', 'rr', 'sms', 'ss', 'gmm', 'sm', 'tp'].map((name) => `gsm_a.dtap.msg_${name}_type`);

function userRows(seen: Seen): Row[] {
  const { user, components } = seen;
  if (find(user, 'tcap.tid', 'tcap.otid', 'tcap.dtid', 'tcap.unidirectional_element') !== undefined) {
    const head = tcapRow(user);
    if (components.length === 0) return [head];
    const imsi = head.imsi;
    return components.map((items) => {
      const row = { ...head, ...componentRow(items) };
      // MAP-OPEN's destination reference: whom the dialogue is about.
      if (row.imsi === undefined) put(row, 'imsi', imsi);
      return row;
    });
  }
  const ranap = find(user, 'ranap.RANAP_PDU');
  const bssmap = find(user, 'gsm_a.bssmap.msgtype');
  const dtap = find(user, ...dtapTypes);
  if (ranap === undefined && bssmap === undefined && dtap === undefined) return [{}];
  const row: Row = layer3Row(user);
  if (ranap !== undefined) Object.assign(row, ranapRow(user, row));
  else if (bssmap !== undefined) Object.assign(row, { protocol: 'BSSMAP', message: nameIn(bssmap) });
  else row.protocol = 'DTAP';
  if (dtap !== undefined) row[row.protocol === 'DTAP' ? 'message' : 'layer3'] = nameIn(dtap);
  return [row];
}

/** BSSMAP and DTAP elements. */
function layer3Row(items: readonly Item[]): Row {
  const row: Row = {};
  const of = (...names: string[]) => find(items, ...names);
  put(row, 'imsi', of('e212.imsi')?.show);
  const tmsi = of('3gpp.tmsi', 'gsm_a.tmsi');
  put(row, 'tmsi', tmsi && Number(tmsi.show).toString(16).padStart(8, '0'));
  put(row, 'imei', of('gsm_a.imei')?.show);
  put(row, 'imeisv', of('gsm_a.imeisv')?.show);
  const lac = of('gsm_a.lac');
  const mcc = of('e212.lai.mcc');
  if (lac !== undefined && mcc !== undefined) {
    row.lai = `${plmnText(mcc, of('e212.lai.mnc')!)}/${Number(lac.show)}/`;
  }
  const elements = fromFields(items);
  const places = [elements.cell, ...(elements.cells?.split(' ') ?? [elements.targetCell])];
  put(row, 'cells', places.filter((place) => place !== undefined).join(' '));
  const causes = ['gsm_a.dtap.cause', 'gsm_a.dtap.rej_cause', 'gsm_a.rp.cause', 'gsm_a.dtap.cp_cause'];
  put(row, 'cause', elements.bssmapCause ?? decimal(of('gsm_a.bssmap.cause', ...causes)));
  put(row, 'calledNumber', of('gsm_a.dtap.cld_party_bcd_num')?.show);
  put(row, 'callingNumber', of('gsm_a.dtap.clg_party_bcd_num')?.show);
  put(row, 'connectedNumber', of('gsm_a.dtap.conn_num')?.show);
  put(row, 'tpDestination', of('gsm_sms.tp-da')?.show);
  put(row, 'tpOriginator', of('gsm_sms.tp-oa')?.show);
  const component = of('gsm_map.old.Component');
  if (component !== undefined) Object.assign(row, operationRow(items));
  return row;
}

/** The text of the field has the digits of the MNC, leading zeros and all; those of the MCC are three. */
function plmnText(mcc: Item, mnc: Item): string {
  const inBrackets = (item: Item) => /\((\d+)\)$/.exec(item.showname)?.[1] ?? '';
  return `${inBrackets(mcc).padStart(3, '0')}-${inBrackets(mnc)}`;
}

const tcapMessages = ['unidirectional', 'begin', 'end', 'continue', 'abort'];

function tcapRow(items: readonly Item[]): Row {
  const row: Row = { protocol: 'TCAP' };
  const type = tcapMessages.find((name) => find(items, `tcap.${name}_element`) !== undefined) ?? '';
  row.message = type === '' ? '' : type[0].toUpperCase() + type.slice(1);
  put(row, 'otid', find(items, 'tcap.otid')?.show.replaceAll(':', ''));
  put(row, 'dtid', find(items, 'tcap.dtid')?.show.replaceAll(':', ''));
  put(row, 'cause', decimal(find(items, 'tcap.p_abortCause')));
  put(row, 'imsi', find(items, 'e212.imsi')?.show);
  return row;
}

const componentTypes: Record<string, string> = {
  invoke: 'invoke',
  returnResultLast: 'returnResultLast',
  returnError: 'returnError',
  reject: 'reject',
  returnResultNotLast: 'returnResultNotLast',
};

/** `localValue: updateLocation (2)`. */
const valueName = (item: Item) => /^(?:.*: )?(\S.*?) \(-?\d+\)$/.exec(item.showname)?.[1] ?? item.show;

function operationRow(items: readonly Item[]): Row {
  const row: Row = {};
  const component = find(items, 'gsm_map.old.Component');
  if (component !== undefined) put(row, 'component', componentTypes[valueName(component)] ?? component.show);
  const invoke = find(items, 'gsm_old.invokeID', 'gsm_old.derivable', 'camel.present');
  put(row, 'invokeId', decimal(invoke));
  const code = find(items, 'gsm_old.localValue');
  if (code !== undefined) row[find(items, 'gsm_old.errorCode') === undefined ? 'operation' : 'error'] = valueName(code);
  return row;
}

/** Octets of a number without that of its nature: digits, the low half first, up to the filler. 3GPP TS 29.002 §17.7.8. */
function addressDigits(hex: string): string {
  return hex
    .replaceAll(':', '')
    .slice(2)
    .replace(/(.)(.)/g, '$2$1')
    .replace(/f.*$/, '');
}

/** MCC, MNC and LAC (and CI) as octets. 3GPP TS 24.008 §10.5.1.3. */
export function octetPlace(hex: string, isServiceArea: boolean): string {
  const text = hex.replaceAll(':', '');
  const [, b, a, f, c, e, d] = /^(.)(.)(.)(.)(.)(.)/.exec(text)!;
  const number = (from: number) =>
    text.length < from + 4 ? '' : String(Number.parseInt(text.slice(from, from + 4), 16));
  const last = number(10);
  return `${a}${b}${c}-${d}${e}${f === 'f' ? '' : f}/${number(6)}/${isServiceArea ? `/${last}` : last}`;
}

const numbers = ['msisdn', 'msc', 'vlr', 'sgsn', 'hlr', 'roamingNumber'] as const;

function componentRow(items: readonly Item[]): Row {
  const camel = find(items, 'camel.invoke_element', 'camel.returnResultLast_element', 'camel.returnError_element');
  if (camel !== undefined || items[0].name === 'camel') {
    const row = operationRow(items);
    put(row, 'component', camel?.name.replace(/^camel\.(.*)_element$/, '$1'));
    const operation = find(items, 'camel.local');
    if (operation !== undefined) row.operation = valueName(operation);
    const error = find(items, 'camel.error_code_local');
    if (error !== undefined) row.error = valueName(error);
    return row;
  }
  const row: Row = { protocol: 'MAP', ...operationRow(items) };
  const octets = (name: string) => items.find((item) => mapFields[name].test(item.name) && item.show !== '')?.show;
  put(row, 'imsi', find(items, 'e212.imsi')?.show);
  const tmsi = octets('tmsi');
  put(row, 'tmsi', tmsi?.replaceAll(':', ''));
  for (const name of numbers) {
    const hex = octets(name);
    if (hex !== undefined) put(row, name, addressDigits(hex));
  }
  const node = octets('networkNode');
  if (node !== undefined) {
    const isGprs =
      find(items, 'gsm_map.sm.gprsNodeIndicator_element', 'gsm_map.lcs.gprsNodeIndicator_element') !== undefined;
    row[isGprs ? 'sgsn' : 'msc'] ??= addressDigits(node);
  }
  const imei = octets('imei');
  if (imei !== undefined) {
    const digits = addressDigits(`00${imei.replaceAll(':', '')}`);
    row[digits.length === 16 ? 'imeisv' : 'imei'] = digits;
  }
  const isServiceArea = items.some(({ name }) => /\.sai_Present_element$/.test(name));
  const cell = octets('cell');
  const target = octets('targetCell');
  // Of an RNC its location area is told.
  const rnc = octets('targetRnc')?.replaceAll(':', '').slice(0, 10);
  const to = target ?? rnc;
  const places = [cell && octetPlace(cell, isServiceArea), to && octetPlace(to, false)];
  put(row, 'cells', places.filter((place) => place !== undefined).join(' '));
  const lai = octets('lai');
  if (lai !== undefined) put(row, 'lai', octetPlace(lai, false));
  return row;
}
