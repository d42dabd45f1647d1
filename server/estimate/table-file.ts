import { CsvError, parse } from 'csv-parse/sync';
import { messageOf, UserError } from '../errors.ts';
import { readText } from '../reference/read-cells.ts';

/** One row of an imported table, and where it stands: `line 3` of CSV, `entry 2` of JSON. */
export interface TableRow {
  where: string;
  /** Fields as text, trimmed; '' where empty or absent. */
  field(name: string): string;
}

/** What an imported table is called in messages, and which columns it must and may have. */
export interface TableForm {
  what: string;
  /** Prefix of the error codes, `SHARES`. */
  code: string;
  required: readonly string[];
  optional: readonly string[];
}

/** Most rows of an imported table: more is a mistake. */
const rowsMax = 1_000_000;

/** Text of a table's file. @throws UserError naming file and remedy */
export async function readTableText(path: string, form: TableForm): Promise<string> {
  return await readText(path, form.what, `${form.code}_UNREADABLE`);
}

/** A text that is JSON: an array or object, or some other value alone, which no header of CSV is. */
const jsonText = /^\s*(?:[[{]|(?:null|true|false|-?\d[\d.eE+-]*|"[^",]*")\s*$)/;

/**
 * Rows of a small table: CSV with a header in any order, or JSON, an array of objects with the same names.
 *
 * @param path for messages
 * @param isJson whether the text is said to be JSON; absent: what it looks like
 * @throws UserError naming file, line and remedy
 */
export function parseTable(path: string, text: string, form: TableForm, isJson = jsonText.test(text)): TableRow[] {
  const rows = isJson ? jsonRows(path, text, form) : csvRows(path, text, form);
  if (rows.length === 0) {
    throw new UserError(
      `${form.code}_EMPTY`,
      `${path}: the ${form.what} is empty: give it ${isJson ? `objects with ${form.required.join(', ')}` : `the header ${form.required.join(',')} and a line each`}`,
    );
  }
  if (rows.length > rowsMax) {
    throw new UserError(`${form.code}_ROWS`, `${path}: the ${form.what} has more than ${rowsMax} rows: cut it`);
  }
  return rows;
}

function checkNames(path: string, where: string, names: readonly string[], form: TableForm): void {
  const missing = form.required.filter((name) => !names.includes(name));
  const known = [...form.required, ...form.optional];
  const foreign = names.filter((name) => !known.includes(name));
  if (missing.length === 0 && foreign.length === 0) return;
  const fault = missing.length > 0 ? `lacks ${missing.join(', ')}` : `has an unknown column ${foreign.join(', ')}`;
  const may = form.optional.length > 0 ? ` (it may have ${form.optional.join(', ')})` : '';
  throw new UserError(
    `${form.code}_COLUMNS`,
    `${path}: ${where}: the ${form.what} ${fault}: name the columns ${form.required.join(',')}${may}`,
  );
}

function csvRows(path: string, text: string, form: TableForm): TableRow[] {
  try {
    const parsed = parse(text, {
      columns: (header: string[]) => {
        checkNames(path, 'line 1', header, form);
        return header;
      },
      info: true,
      trim: true,
      skip_empty_lines: true,
    }) as unknown as { record: Record<string, string>; info: { lines: number } }[];
    return parsed.map(({ record, info }) => ({ where: `line ${info.lines}`, field: (name) => record[name] ?? '' }));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const line = error instanceof CsvError && typeof error.lines === 'number' ? `line ${error.lines}: ` : '';
    throw new UserError(`${form.code}_CSV`, `${path}: ${line}${messageOf(error)}: mend this line of the ${form.what}`, {
      cause: error,
    });
  }
}

function jsonRows(path: string, text: string, form: TableForm): TableRow[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec(messageOf(error));
    const line = position === null ? '' : `line ${text.slice(0, Number(position[1])).split('\n').length}: `;
    throw new UserError(`${form.code}_JSON`, `${path}: ${line}no valid JSON (${messageOf(error)}): mend the file`, {
      cause: error,
    });
  }
  if (!Array.isArray(value)) {
    throw new UserError(
      `${form.code}_JSON`,
      `${path}: the ${form.what} must be an array of objects: put it into [ … ]`,
    );
  }
  return value.map((entry: unknown, i) => {
    const where = `entry ${i + 1}`;
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      throw new UserError(`${form.code}_JSON`, `${path}: ${where} of the ${form.what} is no object: write {"…": …}`);
    }
    const fields = new Map(Object.entries(entry).map(([name, field]) => [name, fieldText(field)]));
    checkNames(path, where, [...fields.keys()], form);
    return { where, field: (name) => fields.get(name) ?? '' };
  });
}

function fieldText(value: unknown): string {
  return value === null || value === undefined ? '' : String(value).trim();
}
