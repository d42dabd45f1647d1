import { execFileSync } from 'node:child_process';
import { type Comparable, fromRow, oracle } from './oracle.ts';
import { hex, type Octets } from './wire.ts';

type Tree = { [name: string]: unknown };

/** A RANAP message of a capture: its octets, and what tshark reads in them in the terms of SignalMessage. */
export interface Dissected {
  frame: number;
  octets: Octets;
  theirs: Comparable;
}

/** What the layer 3 message in a NAS-PDU says; the rest comes from RANAP's own elements. */
const nasFields = [
  'protocolDiscriminator',
  'dtapType',
  'transactionId',
  'locationUpdatingType',
  'cmServiceType',
  'cause',
  'rpType',
  'called',
  'calling',
  'calledType',
  'callingType',
  'imsi',
  'tmsi',
] as const;

/** tshark's dissection of every RANAP message in a capture. */
export function dissect(path: string): Dissected[] {
  const args = ['-n', '-r', path, '-Y', 'ranap', '-T', 'json', '-x', '--no-duplicate-keys'];
  const packets: { _source: { layers: Tree } }[] = JSON.parse(
    execFileSync('tshark', args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 }),
  );
  const rows = oracle(path);
  return packets.map(({ _source: { layers } }) => {
    const frame = Number((layers.frame as Tree)['frame.number']);
    const fields = rows.get(frame) ?? {};
    const row = fromRow(fields);
    const gmm = fields['gsm_a.dtap.msg_gmm_type'];
    if (gmm !== undefined) row.dtapType = String(Number(gmm));
    const nas = Object.fromEntries(
      nasFields.filter((name) => row[name] !== undefined).map((name) => [name, row[name]]),
    );
    const [octets] = layers.ranap_raw as [string];
    return { frame, octets: hex(octets), theirs: { ...nas, ...ofRanap(layers.ranap as Tree, nas, row) } };
  });
}

/** The first node of one of these names, from the top down. */
function find(tree: unknown, ...names: string[]): Tree | string | undefined {
  if (typeof tree !== 'object' || tree === null) return undefined;
  const nodes = tree as Tree;
  for (const name of names) if (nodes[name] !== undefined) return nodes[name] as Tree | string;
  for (const [name, node] of Object.entries(nodes)) {
    const found = name.endsWith('_raw') ? undefined : find(node, ...names);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `00:f1:10` as `1-1`: without leading zeros, as `fromMessage` writes PLMNs. */
function plmn(octets: unknown): string {
  const swapped = String(octets)
    .replace(/:/g, '')
    .replace(/(.)(.)/g, '$2$1');
  const [, mcc, third, mnc] = /^(...)(.)(..)$/.exec(swapped)!;
  return `${Number(mcc)}-${Number(third === 'f' ? mnc : mnc + third)}`;
}

/** Octets are shown with colons, numbers as they are. */
function number(value: unknown): string {
  const text = String(value);
  return text.includes(':') ? String(Number.parseInt(text.replace(/:/g, ''), 16)) : text;
}

/** Fields of tshark that hold a cause, one for each of its groups. 3GPP TS 25.413 §9.2.1.4. */
export const causeGroups = [
  'radioNetwork',
  'transmissionNetwork',
  'nAS',
  'protocol',
  'misc',
  'non_Standard',
  'radioNetworkExtension',
].map((group) => `ranap.${group}`);

/** @param nas what the layer 3 message says; its LAI goes before that of RANAP */
function ofRanap(ranap: Tree, nas: Comparable, row: Comparable): Comparable {
  const out: Comparable = {
    ranapProcedure: String(find(ranap, 'ranap.procedureCode')),
    ranapType: String(find(ranap, 'ranap.RANAP_PDU')),
  };
  const put = (name: string, value: unknown) => {
    if (value !== undefined) out[name] = number(value);
  };
  put('ranapCause', find(find(ranap, 'ranap.Cause_tree'), ...causeGroups) ?? find(ranap, ...causeGroups));
  put('cnDomain', find(ranap, 'ranap.CN_DomainIndicator'));
  const sapi = find(ranap, 'ranap.SAPI');
  if (sapi !== undefined) out.sapi = String(3 * Number(sapi));
  put('iuConnection', find(ranap, 'ranap.IuSignallingConnectionIdentifier'));
  const rac = find(ranap, 'ranap.RAC', 'ranap.rAC');
  if (rac !== undefined) out.rac = String(rac);

  const sai = find(ranap, 'ranap.SAI_element', 'ranap.sAI_element');
  if (sai !== undefined) {
    out.cellPlmn = plmn(find(sai, 'ranap.pLMNidentity'));
    out.cellLac = String(find(sai, 'ranap.lAC'));
    out.cellSac = String(find(sai, 'ranap.sAC'));
  }
  const target = find(ranap, 'ranap.targetRNC_ID_element', 'ranap.cGI_element');
  if (target !== undefined) {
    out.targetCellPlmn = plmn(find(target, 'ranap.pLMNidentity'));
    out.targetCellLac = String(find(target, 'ranap.lAC'));
    put('targetCellCi', find(target, 'ranap.cI'));
    const id = find(target, 'ranap.rNC_ID');
    if (id !== undefined) out.targetRncId = String(id);
  }
  const rnc = find(ranap, 'ranap.GlobalRNC_ID_element', 'ranap.sourceRNC_ID_element');
  if (rnc !== undefined) {
    out.rncPlmn = plmn(find(rnc, 'ranap.pLMNidentity'));
    out.rncId = String(find(ranap, 'ranap.ExtendedRNC_ID') ?? find(rnc, 'ranap.rNC_ID'));
  }
  const lai = find(ranap, 'ranap.LAI_element') ?? find(find(ranap, 'ranap.PagingAreaID_tree'), 'ranap.lAI_element');
  if (row.laiLac !== undefined) {
    out.laiPlmn = row.laiPlmn;
    out.laiLac = row.laiLac;
  } else if (lai !== undefined) {
    out.laiPlmn = plmn(find(lai, 'ranap.pLMNidentity'));
    out.laiLac = String(find(lai, 'ranap.lAC'));
  }
  if (nas.tmsi === undefined) put('tmsi', find(ranap, 'ranap.tMSI'));
  const equipment = find(ranap, 'ranap.imei', 'ranap.imeisv');
  if (equipment !== undefined) {
    out.imei = String(equipment)
      .replace(/:/g, '')
      .replace(/(.)(.)/g, '$2$1')
      .replace(/f$/, '');
  }
  return out;
}
