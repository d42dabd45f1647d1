/**
 * Just enough of PostgreSQL's lexical structure to take a text of several statements apart: comments, quoted
 * strings and identifiers, dollar quotes. PostgreSQL documentation §4.1.
 */

const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;

/** Where the token that starts at `at` ends, when it is one that hides semicolons; `at` itself otherwise. */
function skipToken(sql: string, at: number): number {
  const pair = sql.slice(at, at + 2);
  if (pair === '--') {
    const end = sql.indexOf('\n', at);
    return end < 0 ? sql.length : end;
  }
  if (pair === '/*') {
    let depth = 1;
    let i = at + 2;
    for (; i < sql.length && depth > 0; i++) {
      if (sql.startsWith('/*', i)) depth++;
      else if (sql.startsWith('*/', i)) depth--;
      else continue;
      i++;
    }
    return i;
  }
  const c = sql[at];
  if (c === "'" || c === '"') {
    const backslash = c === "'" && /[eE]/.test(sql[at - 1] ?? '') && !/[\w$]/.test(sql[at - 2] ?? '');
    let i = at + 1;
    for (; i < sql.length; i++) {
      if (backslash && sql[i] === '\\') i++;
      else if (sql[i] === c) {
        if (sql[i + 1] !== c) return i + 1;
        i++;
      }
    }
    return i;
  }
  if (c === '$' && !/[\w$]/.test(sql[at - 1] ?? '')) {
    dollarTag.lastIndex = at;
    const tag = dollarTag.exec(sql)?.[0];
    if (tag === undefined) return at;
    const end = sql.indexOf(tag, at + tag.length);
    return end < 0 ? sql.length : end + tag.length;
  }
  return at;
}

/** The statements of a text, without the comments and blanks in front of each, without semicolons, none empty. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let start = -1;
  let i = 0;
  while (i < sql.length) {
    const comment = sql.startsWith('--', i) || sql.startsWith('/*', i);
    const end = skipToken(sql, i);
    if (end > i) {
      if (start < 0 && !comment) start = i;
      i = end;
      continue;
    }
    if (sql[i] === ';') {
      if (start >= 0) statements.push(sql.slice(start, i).trimEnd());
      start = -1;
    } else if (start < 0 && !/\s/.test(sql[i])) start = i;
    i++;
  }
  if (start >= 0) statements.push(sql.slice(start).trimEnd());
  return statements;
}
