import { causeGroups } from '../decode/ranap-oracle.ts';
import type { Row } from './ours.ts';
import type { Item } from './pdml.ts';
import { octetPlace } from './seen.ts';

/**
 * RANAP's own elements, in the order of the octets.
 *
 * @param nas what the layer 3 message inside says: its LAI goes before that of RANAP
 */
export function ranapRow(items: readonly Item[], nas: Row): Row {
  const row: Row = { protocol: 'RANAP' };
  const at = (name: string, from = 0) => items.findIndex((item, i) => i >= from && item.name === name);
  const value = items
    .slice(at('ranap.value_element'))
    .find(({ name }) => name !== 'ranap.value_element' && /_element$/.test(name));
  row.message = value?.showname ?? '';
  const cause = items.find(({ name }) => causeGroups.includes(name));
  if (cause !== undefined) row.cause = String(Number(cause.show));
  const place = (element: string, last: string): string | undefined => {
    const from = at(element);
    if (from < 0) return undefined;
    const rest = items.slice(from);
    const show = (wanted: string) => rest.find(({ name }) => name === wanted)?.show ?? '';
    const octets = (wanted: string) => {
      const text = show(wanted);
      return text.includes(':') ? text : Number(text).toString(16).padStart(4, '0');
    };
    const end = last === '' ? '' : octets(last);
    return octetPlace(`${show('ranap.pLMNidentity')}${octets('ranap.lAC')}${end}`, last === 'ranap.sAC');
  };
  const sai = place('ranap.SAI_element', 'ranap.sAC') ?? place('ranap.sAI_element', 'ranap.sAC');
  const target = place('ranap.targetRNC_ID_element', '') ?? place('ranap.cGI_element', 'ranap.cI');
  const cells = [sai, target].filter((text) => text !== undefined).join(' ');
  if (cells !== '') row.cells = cells;
  const lai =
    nas.lai ??
    place('ranap.LAI_element', '') ??
    (at('ranap.PagingAreaID') < 0 ? undefined : place('ranap.lAI_element', ''));
  if (lai !== undefined) row.lai = lai;
  const tmsi = items.find(({ name }) => name === 'ranap.tMSI');
  if (nas.tmsi === undefined && tmsi !== undefined) row.tmsi = tmsi.show.replaceAll(':', '');
  const equipment = items.find(
    ({ name }) => name === 'ranap.iMEI' || name === 'ranap.iMEISV' || name === 'ranap.imei' || name === 'ranap.imeisv',
  );
  if (equipment !== undefined) {
    const digits = equipment.show
      .replaceAll(':', '')
      .replace(/(.)(.)/g, '$2$1')
      .replace(/f$/, '');
    row[digits.length === 16 ? 'imeisv' : 'imei'] = digits;
  }
  return row;
}
