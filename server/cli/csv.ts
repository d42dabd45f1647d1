/** One line of CSV, RFC 4180: fields with a comma, quote or line break stand in quotes. */
export function csvLine(fields: readonly (string | number | undefined)[]): string {
  return `${fields.map((field) => quoted(field === undefined ? '' : String(field))).join(',')}\n`;
}

function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
