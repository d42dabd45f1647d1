import { secondUs } from '../clock.ts';

/** Columns an xDR file must have, in any order; others are ignored. */
export const xdrColumns = [
  'user',
  'lac',
  'ci',
  'imei_prefix',
  'start',
  'end',
  'uplink_bytes',
  'downlink_bytes',
  'rat',
] as const;
type XdrColumn = (typeof xdrColumns)[number];

/** One decoded record (xDR): a data session of one user in one cell. Reused between calls. */
export interface XdrRecord {
  user: string;
  lac: number;
  ci: number;
  /** IMEI prefix (6 or 8 digits) as an integer; 0: none. */
  typeAllocationCode: number;
  startUs: number;
  endUs: number;
  bytes: number;
}

const timePattern = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/;

/** `2015-08-02 22:26:52.644817` at `offsetMinutes` east of UTC → integer µs, NaN if it is no time. */
export function parseTimeUs(text: string, offsetMinutes: number): number {
  const match = timePattern.exec(text);
  if (match === null) return Number.NaN;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = new Date(ms);
  // Date.UTC rolls 31 April over to 1 May; a record with such a date is broken.
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59)
    return Number.NaN;
  return ms * 1000 + Number((match[7] ?? '').padEnd(6, '0')) - offsetMinutes * 60 * secondUs;
}

/** Integer from 0 to `max`, NaN otherwise. */
function whole(text: string | undefined, max: number): number {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return Number.NaN;
  const value = Number(text);
  return value <= max ? value : Number.NaN;
}

export class XdrRowParser {
  readonly missing: XdrColumn[];
  private readonly at: Record<XdrColumn, number>;
  private readonly width: number;
  private readonly offsetMinutes: number;

  constructor(header: readonly string[], offsetMinutes: number) {
    const names = header.map((name) =>
      name
        .replace(/^\uFEFF/, '')
        .trim()
        .toLowerCase(),
    );
    this.at = Object.fromEntries(xdrColumns.map((column) => [column, names.indexOf(column)])) as Record<
      XdrColumn,
      number
    >;
    this.missing = xdrColumns.filter((column) => this.at[column] < 0);
    this.width = names.length;
    this.offsetMinutes = offsetMinutes;
  }

  /** Fills `record`; returns '' or the reason code for which the row is skipped. */
  parse(row: readonly string[], record: XdrRecord): string {
    const { at } = this;
    if (row.length !== this.width) return 'XDR_COLUMN_COUNT';
    record.user = row[at.user];
    if (record.user === '') return 'XDR_NO_USER';
    record.startUs = parseTimeUs(row[at.start], this.offsetMinutes);
    record.endUs = parseTimeUs(row[at.end], this.offsetMinutes);
    if (Number.isNaN(record.startUs) || Number.isNaN(record.endUs)) return 'XDR_BAD_TIME';
    if (record.endUs < record.startUs) return 'XDR_END_BEFORE_START';
    record.lac = whole(row[at.lac], 0xffff);
    record.ci = whole(row[at.ci], 0xfffffff);
    if (Number.isNaN(record.lac) || Number.isNaN(record.ci)) return 'XDR_BAD_CELL';
    const uplink = whole(row[at.uplink_bytes], 2 ** 50);
    const downlink = whole(row[at.downlink_bytes], 2 ** 50);
    if (Number.isNaN(uplink) || Number.isNaN(downlink)) return 'XDR_BAD_BYTES';
    record.bytes = uplink + downlink;
    const prefix = row[at.imei_prefix];
    record.typeAllocationCode = /^(\d{6}|\d{8})$/.test(prefix) ? Number(prefix) : 0;
    return '';
  }
}
