/** A way to the database that can be cut at chosen moments, as networks and servers do. */

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';

/** `hang`: nothing arrives any more. `before commit`: the COMMIT never arrives. `after commit`: it is carried out and its answer never comes back. */
export type Cut = 'none' | 'before commit' | 'after commit' | 'refuse' | 'hang';

const commit = Buffer.from('Q\0\0\0\x0bcommit\0', 'latin1');

export class CuttingProxy {
  /** Applied at the next COMMIT (then `none` again); `refuse` stays until it is taken back. */
  cut: Cut = 'none';
  cuts = 0;
  readonly config: pg.ClientConfig;
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #deaf = new WeakSet<Socket>();

  /** @param target configuration that leads to the database by host (or socket folder) and port */
  static async open(target: pg.ClientConfig): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(join(proxy.#folder, '.s.PGSQL.5432'), () => resolve()));
    return proxy;
  }

  private constructor(target: pg.ClientConfig) {
    this.#folder = mkdtempSync(join(tmpdir(), 'sw-proxy-'));
    this.config = { ...target, host: this.#folder, port: 5432 };
    this.#server = createServer((client) => {
      if (this.cut === 'refuse') {
        client.destroy();
        return;
      }
      const host = target.host ?? 'localhost';
      const port = target.port ?? 5432;
      const database = connect(host.startsWith('/') ? { path: join(host, `.s.PGSQL.${port}`) } : { host, port });
      this.#join(client, database);
    });
  }

  /** Of every connection there is now nothing arrives any more, not even its end. */
  deafen(): void {
    for (const socket of this.#sockets) this.#deaf.add(socket);
  }

  /** Cuts every connection now. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #join(client: Socket, database: Socket): void {
    let swallow = false;
    const end = () => {
      if (this.#deaf.has(client)) return;
      client.destroy();
      database.destroy();
    };
    for (const socket of [client, database]) {
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on('data', (bytes) => {
      if (this.cut === 'hang' || this.#deaf.has(client)) return;
      if (this.cut === 'none' || this.cut === 'refuse' || !bytes.includes(commit)) {
        database.write(bytes);
        return;
      }
      this.cuts++;
      if (this.cut === 'before commit') end();
      else {
        swallow = true;
        database.write(bytes);
      }
      this.cut = 'none';
    });
    database.on('data', (bytes) => {
      if (swallow) end();
      else client.write(bytes);
    });
  }
}
