import { execFileSync } from 'node:child_process';
import { formatPlmn } from '../../server/events/plmn.ts';
import type { PlainComponent } from './map-collect.ts';

/** A TCAP message as tshark sees it: its octets, and what each of its components says. */
export interface SeenTcap {
  frame: number;
  calledSsn: number;
  callingSsn: number;
  bytes: Uint8Array;
  dialogue: Comparable;
  components: Comparable[];
  /** Texts of its expert messages, `BER Error: …`. */
  complaints: string[];
}

/** Both sides of the comparison: text by the field's name in MapMessage. */
export type Comparable = Record<string, string>;

type Tree = Record<string, unknown>;

/** All fields of a dissection tree by name, in order, whatever they hang on. */
function flatten(tree: unknown, out: Map<string, string[]> = new Map()): Map<string, string[]> {
  if (Array.isArray(tree)) for (const part of tree) flatten(part, out);
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return out;
  for (const [name, value] of Object.entries(tree as Tree)) {
    if (name.endsWith('_raw')) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === 'string') out.set(name, [...(out.get(name) ?? []), one]);
      else flatten(one, out);
    }
  }
  return out;
}

function all(tree: unknown): unknown[] {
  return tree === undefined ? [] : Array.isArray(tree) ? tree : [tree];
}

/** What tshark calls the slices and numbers of MapMessage; the first field that a component has counts. */
export const fields: Record<string, RegExp> = {
  componentType: /^gsm_map\.old\.Component$/,
  msisdn: /^(gsm_map\.((ms|sm|ch|ss|lcs)\.)?|gsm_old\.)(msisdn|storedMSISDN)$/,
  msc: /^gsm_map\.(ms|sm|ch)\.(msc_Number|vmsc_Address)$/,
  vlr: /^(gsm_map\.ms|gsm_old)\.vlr_[Nn]umber$/,
  sgsn: /^gsm_map\.(ms|sm)\.sgsn_Number$/,
  hlr: /^(gsm_map\.ms|gsm_old)\.hlr_Number$/,
  roamingNumber: /^(gsm_map\.ch|gsm_old)\.roamingNumber$/,
  // LocationInfo of sendRoutingInfoForSM v2.
  networkNode: /^(gsm_map\.(sm|lcs)\.networkNode_Number|gsm_old\.msc_Number)$/,
  serviceCentre: /^gsm_(map\.sm|old)\.serviceCentreAddress(DA|OA)?$/,
  forwardedTo: /\.forwardedToNumber$/,
  gmsc: /^gsm_map\.(ch\.gmsc_OrGsmSCF_Address|ch\.gmsc_Address|ms\.gsmSCF_Address)$/,
  newMsc: /\.newMSC_Number$/,
  newVlr: /\.newVLR_Number$/,
  targetMsc: /\.targetMSC_Number$/,
  handoverNumber: /\.handoverNumber$/,
  ussd: /^gsm_map\.(ss\.)?ussd_String$/,
  imsi: /^e212\.imsi$/,
  tmsi: /^(gsm_map|gsm_map\.ms|gsm_old)\.tmsi$/,
  lmsi: /^gsm_(map(\.(ms|sm|ch|lcs))?|old)\.lmsi$/,
  cancellationType: /\.cancellationType$/,
  equipmentStatus: /\.equipmentStatus$/,
  deliveryOutcome: /\.sm_DeliveryOutcome$/,
  locationAgeMinutes: /\.ageOfLocation(Information|Estimate)$/,
  cell: /\.cellGlobalIdOrServiceAreaIdFixedLength$/,
  targetCell: /\.targetCellId$/,
  targetRnc: /\.targetRNCId$/,
  lai: /\.(laiFixedLength|previous_LAI)$/,
  ssCode: /\.ss_Code$/,
  imei: /\.imei(sv)?$/,
  shortMessage: /\.sm_RP_UI$/,
  accessPdu: /\.signalInfo$/,
  accessProtocol: /\.(accessNetworkP|p)rotocolId$/,
  errorCause:
    /\.(roamingNotAllowedCause|callBarringCause|absentSubscriberReason|unknownSubscriberDiagnostic|absentSubscriberDiagnosticSM|sm_EnumeratedDeliveryFailureCause|networkResource)$/,
  problem: /^gsm_old\.(general|invoke|returnResult|returnError)Problem$/,
};

/** Operations between the MSCs of a handover. */
const handovers = new Set(['28', '29', '30', '33', '34', '68', '69']);

/** What our record calls octets there; tshark shows these in hex. */
const hexFields = new Set(['tmsi', 'lmsi']);

const hexOf = (value: string) => value.replaceAll(':', '');

/** Numbers are compared with their octet of nature and plan. */
function fromTree(tree: unknown): Comparable {
  const seen = flatten(tree);
  const out: Comparable = {};
  const number = (name: RegExp) => {
    for (const [field, values] of seen) if (name.test(field)) return values[0];
    return undefined;
  };
  const invoke = number(/^(gsm_old\.(invokeID|derivable)|camel\.present)$/);
  if (invoke !== undefined) out.invokeId = String(Number(invoke) & 0xff);
  const linked = number(/^gsm_old\.linkedI[dD]$/);
  if (linked !== undefined) out.linkedId = String(Number(linked) & 0xff);
  const code = number(/^(gsm_old\.localValue|camel\.local)$/);
  if (code !== undefined) out[seen.has('gsm_old.errorCode') ? 'error' : 'operation'] = code;
  if (seen.has('camel.present')) {
    // Of CAP only the codes are read.
    out.componentType = '1';
    return out;
  }
  for (const [name, pattern] of Object.entries(fields)) {
    const value = number(pattern);
    if (value === undefined || value === '') continue;
    // Other operations carry bearer capabilities in the same type.
    if (name.startsWith('access') && !handovers.has(code ?? '')) continue;
    // A subscriber's profile lists services that nobody invokes here; what equipment is asked for is no answer.
    if (code === '7' && (name === 'ssCode' || name === 'forwardedTo')) continue;
    if (name === 'targetRnc') {
      // Of an RNC its location area is told.
      out.targetCell = hexOf(value).slice(0, 10);
      continue;
    }
    if (name === 'equipmentStatus' && out.componentType === '1') continue;
    const hex = hexOf(value);
    out[name] = hexFields.has(name)
      ? String(Number.parseInt(hex, 16))
      : /^0x/.test(value)
        ? String(Number(value))
        : hex;
  }
  return out;
}

function dialogueFromTree(tree: unknown): Comparable {
  const seen = flatten(tree);
  const out: Comparable = {};
  const put = (name: string, field: string) => {
    const value = seen.get(field)?.[0];
    if (value !== undefined && value !== '') out[name] = value.replaceAll(':', '');
  };
  put('otid', 'tcap.otid');
  put('dtid', 'tcap.dtid');
  put('contextName', 'tcap.application_context_name');
  if (!/^0\.4\.0\.0\.1\.0\.[1-4]?\d\.\d$/.test(out.contextName ?? '')) delete out.contextName;
  put('abortCause', 'tcap.p_abortCause');
  put('referenceImsi', 'e212.imsi');
  return out;
}

/** The TCAP messages of a capture in their order; undelivered ones (XUDTS, UDTS) are none. */
export function tcapMessages(path: string): SeenTcap[] {
  const filter = 'tcap and sccp.message_type != 0x0a and sccp.message_type != 0x12';
  const args = ['-n', '-r', path, '-Y', filter, '-T', 'json', '-x', '--no-duplicate-keys'];
  const text = execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 });
  const out: SeenTcap[] = [];
  for (const packet of JSON.parse(text) as Tree[]) {
    const layers = (packet._source as Tree).layers as Tree;
    const complaints = flatten(layers).get('_ws.expert.message') ?? [];
    const raw = layers.tcap_raw as unknown[];
    const octets = (typeof raw[0] === 'string' ? [raw] : raw) as string[][];
    const dissected = all(layers.tcap);
    const sccp = all(layers.sccp);
    const components = all(layers.gsm_map ?? layers.camel).map(fromTree);
    for (const [i, [hex]] of octets.entries()) {
      const ssn = (field: string) => Number(flatten(sccp[i]).get(field)?.[0] ?? -1);
      out.push({
        frame: Number(((layers.frame as Tree)['frame.number'] ?? 0) as string),
        calledSsn: ssn('sccp.called.ssn'),
        callingSsn: ssn('sccp.calling.ssn'),
        bytes: Uint8Array.from(Buffer.from(hex, 'hex')),
        dialogue: dialogueFromTree(dissected[i]),
        // Where a frame has several messages, each of them has one component; otherwise all are its own.
        components: octets.length > 1 ? components.slice(i, i + 1) : components,
        complaints,
      });
    }
  }
  return out;
}

/** A cell or location area in the octets that carry it: PLMN as MCC 2, MCC 1 and so on. 3GPP TS 24.008 §10.5.1.3. */
function cellHex(plmn: number, lac: number, ci: number): string {
  const [mcc, mnc] = formatPlmn(plmn).split('-');
  const [a, b, c] = mnc.padEnd(3, 'f');
  const hex = (value: number) => value.toString(16).padStart(4, '0');
  return `${mcc[1]}${mcc[0]}${c}${mcc[2]}${b}${a}${hex(lac)}${ci < 0 ? '' : hex(ci)}`;
}

function numberHex(digits: string, nature: number): string {
  const even = digits.length % 2 === 0 ? digits : `${digits}f`;
  return nature.toString(16).padStart(2, '0') + even.replace(/(.)(.)/g, '$2$1');
}

/** Our view of a component in the same terms. */
export function fromComponent(component: PlainComponent): Comparable {
  const out: Comparable = {};
  const number = (name: string) => (component[name] as number | undefined) ?? -1;
  for (const name of ['componentType', 'invokeId', 'linkedId', 'operation', 'error', ...Object.keys(fields)]) {
    const value = component[name];
    if (value === undefined) continue;
    const nature = component[`${name}Nature`];
    out[name] = nature === undefined ? String(value) : numberHex(value as string, nature as number);
  }
  if (component.imsi !== undefined) out.imsi = String(component.imsi).padStart(number('imsiDigits'), '0');
  if (component.imei !== undefined) {
    const digits = number('imeiDigits');
    const first = String(component.imei).padStart(14, '0');
    const tail = digits > 14 ? String(component.imeiTail ?? 0).padStart(digits - 14, '0') : '';
    out.imei = numberHex(first + tail, 0).slice(2);
  }
  const lastPart = component.cellSac === undefined ? number('cellCi') : number('cellSac');
  if (component.cellPlmn !== undefined) out.cell = cellHex(number('cellPlmn'), number('cellLac'), lastPart);
  if (component.targetCellPlmn !== undefined) {
    out.targetCell = cellHex(number('targetCellPlmn'), number('targetCellLac'), number('targetCellCi'));
  }
  if (component.laiPlmn !== undefined) out.lai = cellHex(number('laiPlmn'), number('laiLac'), -1);
  return out;
}

/** And of a TCAP message, from its first component. */
export function fromTransaction(component: PlainComponent): Comparable {
  const out: Comparable = {};
  const identity = (name: 'otid' | 'dtid') => {
    const length = component[`${name}Length`] as number | undefined;
    if (length !== undefined) out[name] = (component[name] as number).toString(16).padStart(2 * length, '0');
  };
  identity('otid');
  identity('dtid');
  if (component.context !== undefined) out.contextName = `0.4.0.0.1.0.${component.context}.${component.contextVersion}`;
  if (component.abortCause !== undefined) out.abortCause = String(component.abortCause);
  if (component.referenceImsi !== undefined) {
    out.referenceImsi = String(component.referenceImsi).padStart(component.referenceImsiDigits as number, '0');
  }
  return out;
}

const secrets = new Set([
  'imsi',
  'referenceImsi',
  'tmsi',
  'lmsi',
  'msisdn',
  'ussd',
  'forwardedTo',
  'roamingNumber',
  'imei',
  'shortMessage',
]);

/** What differs between two views, one line a field; identities stay out of the text. */
export function differencesOf(where: string, ours: Comparable, theirs: Comparable): string[] {
  const lines: string[] = [];
  for (const name of [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort()) {
    if (ours[name] === theirs[name]) continue;
    const show = (value: string | undefined) => (value === undefined ? 'absent' : secrets.has(name) ? 'given' : value);
    lines.push(`${where} ${name}: ${show(ours[name])}, tshark ${show(theirs[name])}`);
  }
  return lines;
}
