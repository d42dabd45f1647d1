import type { Row } from './ours.ts';
import type { Item } from './pdml.ts';

/** The SCCP message that each SUA message stands for, by class × 16 + type. RFC 3868 §3.1.2, §1.5. */
const standsFor: Record<number, string> = {
  113: 'UDT',
  114: 'UDTS',
  129: 'CR',
  130: 'CC',
  131: 'CREF',
  132: 'RLSD',
  133: 'RLC',
  134: 'RSC',
  135: 'RSR',
  136: 'DT1',
  137: 'AK',
  138: 'ERR',
  139: 'IT',
};

/** Whether a message is one of those, by its fields. */
export function isSuaData(items: readonly Item[]): boolean {
  return standsFor[codeOf(items)] !== undefined;
}

function codeOf(items: readonly Item[]): number {
  const number = (name: string) => Number(items.find((item) => item.name === name)?.show ?? 0);
  return number('sua.message_class') * 16 + number('sua.message_type');
}

/** What SCCP would say. */
export function suaRow(items: readonly Item[]): Row {
  const type = standsFor[codeOf(items)];
  // A segment can stand for nothing less. RFC 3868 §3.3.1.
  const isSegment = items.some(({ name }) => name === 'sua.first_remaining');
  const row: Row = { 'sccp.type': isSegment && /^UDTS?$/.test(type) ? `X${type}` : type };
  const put = (key: string, field: string, text: (show: string) => string) => {
    const found = items.find(({ name }) => name === field);
    if (found !== undefined && found.show !== '') row[key] = text(found.show);
  };
  const reference = (show: string) => Number(show).toString(16).padStart(6, '0');
  put('sccp.slr', 'sua.source_reference_number', reference);
  put('sccp.dlr', 'sua.destination_reference_number', reference);
  for (const [party, side] of [
    ['called', 'destination'],
    ['calling', 'source'],
  ]) {
    put(`sccp.${party}.ssn`, `sua.${side}.ssn`, (show) => String(Number(show)));
    put(`sccp.${party}.digits`, `sua.${side}.global_title_signals`, (show) => show);
  }
  put('cause', 'sua.sccp_cause_value', (show) => String(Number(show)));
  return row;
}
