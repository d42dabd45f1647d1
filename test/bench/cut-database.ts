import pg from 'pg';

/**
 * Nobody reaches the database until what this gives is called: it takes no connections, and those that there are have ended.
 *
 * @param server connection of a superuser to another database of the same server
 */
export async function cutDatabase(server: string, url: string): Promise<() => Promise<void>> {
  const name = new URL(url).pathname.slice(1);
  const onServer = async (statement: string, values: string[] = []) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    try {
      await client.query(statement, values);
    } finally {
      await client.end();
    }
  };
  await onServer(`alter database ${name} allow_connections false`);
  await onServer('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  return () => onServer(`alter database ${name} allow_connections true`);
}
