import { parse } from 'csv-parse/sync';

/** Columns that hold numbers, wherever they stand; parts of places too. */
const numbers = new Set([
  ...['frame', 'timeUs', 'opc', 'dpc', 'ssn', 'cause', 'invokeId', 'offset', 'durationMs'],
  ...['lac', 'ci', 'sac'],
]);

const typed = (key: string, text: string) => (numbers.has(key) ? Number(text) : text);

function placeOf(text: string): Record<string, unknown> {
  const parts = text.split(' ').map((part) => part.split('='));
  return Object.fromEntries(parts.map(([key, value]) => [key, typed(key, value)]));
}

/** What `decode --format csv` prints, as the objects that NDJSON holds. */
export function readCsv(text: string): Record<string, unknown>[] {
  const isEvents = /^timeUs,/.test(text);
  return (parse(text, { columns: true }) as Record<string, string>[]).map((row) => {
    const line: Record<string, unknown> = {};
    for (const [column, field] of Object.entries(row)) {
      if (field === '') continue;
      const path = column.split('.');
      const key = path.pop() ?? '';
      let at = line;
      for (const step of path) {
        at[step] ??= {};
        at = at[step] as Record<string, unknown>;
      }
      if (key === 'cells') at[key] = field.split('; ').map(placeOf);
      else if (!isEvents && (key === 'cell' || key === 'lai')) at[key] = placeOf(field);
      else at[key] = typed(key, field);
    }
    return line;
  });
}
