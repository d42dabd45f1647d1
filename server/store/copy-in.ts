/**
 * COPY … FROM STDIN of rows that are all there. Statement and rows go out together, and on a real database those of
 * several tables as one query: whoever waits for the server's word in between waits a round of a busy event loop, each
 * time, while the server has nothing to do.
 *
 * PostgreSQL documentation, Frontend/Backend Protocol, "COPY Operations": a server that has refused the statement drops
 * the rows that come behind it, and the statements behind it in the same query.
 */
import pg from 'pg';

export interface Copy {
  readonly table: string;
  readonly columns: string;
  /** In PostgreSQL's binary COPY format, whole; left alone until the copy has ended. */
  readonly rows: Uint8Array;
}

const copyData = 0x64;
const copyDone = Uint8Array.of(0x63, 0, 0, 0, 4);

class CopyIn extends pg.Query {
  constructor(copies: readonly Copy[], done: (error: Error | undefined) => void) {
    super('', done);
    this.submit = (connection) => {
      const { stream } = connection;
      stream.cork();
      connection.query(
        copies.map(({ table, columns }) => `copy ${table} (${columns}) from stdin with (format binary)`).join(';'),
      );
      for (const { rows } of copies) {
        const head = Buffer.allocUnsafe(5);
        head[0] = copyData;
        head.writeInt32BE(4 + rows.length, 1);
        stream.write(head);
        stream.write(rows);
        stream.write(copyDone);
      }
      stream.uncork();
    };
  }

  /** Called by `pg`, for each of the tables. */
  handleCopyInResponse(): void {
    // The rows are on their way.
  }
}

/** Copies rows into one table after the other. Rejects with what the first of them that fails meets. */
export function copyIn(client: pg.Client, copies: readonly Copy[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(copies, (error) => (error ? reject(error) : resolve())));
  });
}
