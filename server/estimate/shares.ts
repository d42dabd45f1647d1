import { type OriginClass, originClasses } from '../../shared/protocol.ts';
import { UserError } from '../errors.ts';
import { parseTable, readTableText, type TableForm, type TableRow } from './table-file.ts';

/** How many of the heads of some origin classes carry a device that this network can hear. */
export interface Share {
  /** Devices of this network per head, 0 < share: its market share × devices per head. */
  readonly share: number;
  /** Standard error of {@link share}, same unit: of the survey it comes from. */
  readonly error: number;
  /** Share of those devices that are on and registered, and its standard error. */
  readonly heard: number;
  readonly heardError: number;
}

/** Shares by origin class; a class without one of its own takes the row `*`, if there is one. */
export type Shares = ReadonlyMap<OriginClass | '*', Share>;

/**
 * Where the file says nothing: a few phones in a hundred are off, flat, in flight mode or refused by the network. The
 * error spans what surveys of handsets have found.
 */
const heardDefault = 0.97;
const heardErrorDefault = 0.015;

const form: TableForm = {
  what: 'table of market shares',
  code: 'SHARES',
  required: ['origin', 'share', 'error'],
  optional: ['heard', 'heardError'],
};

/**
 * Market shares: CSV or JSON with `origin` (an origin class, or `*` for all others), `share` (devices of this network
 * per head: `0.4` or `40%`), `error` (its standard error), and perhaps `heard`, `heardError` (share of the devices that
 * are on and registered).
 *
 * @throws UserError naming file, line and remedy
 */
export async function readShares(path: string): Promise<Shares> {
  return parseShares(path, await readTableText(path, form));
}

/** As {@link readShares}, of a text. */
export function parseShares(path: string, text: string): Shares {
  return sharesOf(path, parseTable(path, text, form));
}

/** The share that speaks for a class; undefined: unknown. */
export function shareOf(shares: Shares, origin: OriginClass): Share | undefined {
  return shares.get(origin) ?? shares.get('*');
}

function sharesOf(path: string, rows: readonly TableRow[]): Shares {
  const shares = new Map<OriginClass | '*', Share>();
  for (const row of rows) {
    const fail = (what: string): never => {
      throw new UserError('SHARES_ROW', `${path}: ${row.where}: ${what}`);
    };
    const origin = row.field('origin');
    if (origin !== '*' && !originClasses.includes(origin as OriginClass)) {
      fail(`unknown origin '${origin}': write * or one of ${originClasses.join(', ')}`);
    }
    const key = origin as OriginClass | '*';
    if (shares.has(key)) fail(`the origin ${origin} stands there twice: remove one of the two`);
    const number = (name: string, max: number, otherwise: number | null): number => {
      const text = row.field(name);
      if (text === '' && otherwise !== null) return otherwise;
      const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text);
      const value = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
      return value >= 0 && value <= max
        ? value
        : fail(`${name} '${text}' is no share from 0 to ${max}: write 0.4 or 40%`);
    };
    // Above 1 where people carry more than one device each.
    const share = number('share', 5, null);
    const heard = number('heard', 1, heardDefault);
    if (share === 0 || heard === 0) fail('a share of 0 says nothing about heads: leave the row out');
    const error = number('error', 1, null);
    const heardError = number('heardError', 1, row.field('heard') === '' ? heardErrorDefault : 0);
    shares.set(key, { share, error, heard, heardError });
  }
  return shares;
}
