/**
 * What a client of the embedded database may not ask for, because all clients share the one session behind the
 * wire server, or because it would end the WASM instance.
 */
import { splitStatements } from '../sql-text.ts';

const sessionState =
  /^(?:set\s+(?!local\b|transaction\b|constraints\b)|reset\b|discard\b|listen\b|unlisten\b|prepare\b|deallocate\b|load\b|create\s+(?:global\s+|local\s+)?temp(?:orary)?\b)/i;
const sessionFunction = /\b(?:pg_(?:try_)?advisory_lock(?:_shared)?|set_config)\s*\(/i;
const copyIn = /^copy\s[\s\S]*\sfrom\s+stdin\b/i;

export type Admission = { kind: 'run' } | { kind: 'copy in' } | { kind: 'refused'; code: string; message: string };

const run: Admission = { kind: 'run' };

/**
 * How a query text is to be handled. `copy in`: it is one COPY … FROM STDIN, whose data must reach the instance in
 * the same buffer as the statement (a second read would end it).
 */
export function admit(sql: string, protocol: 'simple' | 'extended'): Admission {
  const statements = splitStatements(sql);
  for (const statement of statements) {
    if (sessionState.test(statement) || sessionFunction.test(statement)) {
      return {
        kind: 'refused',
        code: '0A000',
        message: `session state is shared by all clients of the embedded database: '${statement.slice(0, 40)}'`,
      };
    }
    if (copyIn.test(statement)) {
      if (protocol === 'simple' && statements.length === 1) return { kind: 'copy in' };
      return {
        kind: 'refused',
        code: '0A000',
        message: 'the embedded database takes COPY FROM STDIN only as a simple query of one statement',
      };
    }
  }
  return run;
}
