import { expect, test } from 'vitest';
import { admit } from '../../server/store/embedded/session-guard.ts';
import { splitStatements } from '../../server/store/sql-text.ts';

test('splits at semicolons and leaves out comments in front and empty statements', () => {
  expect(splitStatements('-- a; b\nselect 1; ;\n/* c; /* nested; */ d */ select 2 -- tail;\n;')).toEqual([
    'select 1',
    'select 2 -- tail;',
  ]);
});

test('does not split inside strings, identifiers and dollar quotes', () => {
  const statements = [
    `select 'a;''b;'`,
    `select E'\\';'`,
    `select "x;""y;"`,
    'select $$a;b$$',
    'select $f$ $$;$$ ; $f$',
  ];
  expect(splitStatements(statements.join(';'))).toEqual(statements);
  expect(splitStatements('select $1; select a$b$c; select $2')).toEqual(['select $1', 'select a$b$c', 'select $2']);
});

test('survives texts that end in the middle of a token', () => {
  for (const text of ["select 'a", 'select "a', 'select $$a', '/* a', '-- a', "select E'\\"]) {
    expect(splitStatements(text).length).toBeLessThanOrEqual(1);
  }
});

test('knows a COPY FROM STDIN behind comments and takes it alone only', () => {
  expect(admit('/* rows */ copy t (a, b) from stdin with (format binary)', 'simple').kind).toBe('copy in');
  expect(admit('copy t from stdin', 'extended').kind).toBe('refused');
  expect(admit('begin; copy t from stdin', 'simple').kind).toBe('refused');
  expect(admit("select 'copy t from stdin'", 'simple').kind).toBe('run');
  expect(admit('copy t to stdout', 'simple').kind).toBe('run');
});

test('refuses what would change the session that all clients share', () => {
  const refused = [
    "set timezone = 'PRC'",
    'SET SESSION work_mem = 1',
    'reset all',
    'discard all',
    'listen x',
    'create temp table t (a int)',
    'create temporary view v as select 1',
    'prepare p as select 1',
    'deallocate all',
    'select 1; set a.b = 1',
    'select pg_advisory_lock(1)',
    'select pg_try_advisory_lock (1, 2)',
  ];
  for (const sql of refused) expect(admit(sql, 'simple').kind, sql).toBe('refused');
  const admitted = ['set local work_mem = 1', 'set transaction read only', 'create table temporary_x (a int)'];
  for (const sql of admitted) expect(admit(sql, 'simple').kind, sql).toBe('run');
  expect(admit('select pg_advisory_xact_lock(1)', 'simple').kind).toBe('run');
});
