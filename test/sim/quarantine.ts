import type { FakeDisk } from '../tools/fake-disk.ts';
import type { Client } from './client.ts';
import type { Schedule } from './schedule.ts';
import { batchBehind, type Script } from './script.ts';

/** A file of rows that the server has set aside. */
export interface AsideFile {
  path: string;
  /** Of the feed. */
  identity: string;
  /** NaN: no batch of the feed gave it its name. */
  batch: number;
  lines: readonly string[];
}

const named = /^(\d+)-(\d+)\.ndjson$/;

/** Rows that the server has set aside, on disk and where an operator has moved them. */
export class Quarantine {
  /** What was taken away. */
  #taken: AsideFile[] = [];
  readonly #disk: FakeDisk;
  readonly #clients: readonly Client[];
  readonly #schedule: Schedule;

  constructor(disk: FakeDisk, clients: readonly Client[], schedule: Schedule) {
    this.#disk = disk;
    this.#clients = clients;
    this.#schedule = schedule;
  }

  /** Files of batches that were acknowledged are moved elsewhere: there is room again. */
  async take(): Promise<void> {
    for (const client of this.#clients) {
      const old = (await this.#there(client)).filter(({ batch }) => batch < client.kept);
      for (const { path } of old) {
        this.#schedule.note(`--- ${path} is taken away`);
        this.#schedule.coverage.meet('rows taken away');
        await this.#disk.remove(path);
      }
      this.#taken.push(...old);
      await this.#disk.syncFolder(folderOf(client));
    }
  }

  /** The journal is lost: batches behind so many of each feed will be sent again, and what was taken of them is void. */
  forget(parts: ReadonlyMap<string, number>): void {
    this.#taken = this.#taken.filter(({ batch, identity }) => batch < parts.get(identity)!);
  }

  /** All of them, wherever they are. */
  async files(): Promise<AsideFile[]> {
    const files = [...this.#taken];
    for (const client of this.#clients) files.push(...(await this.#there(client)));
    return files;
  }

  async #there(client: Client): Promise<AsideFile[]> {
    const folder = folderOf(client);
    // What was being written when a process ended is of no worth.
    const names = (await this.#disk.list(folder)).filter((name) => !name.endsWith('.new')).sort();
    return names.map((name) => {
      const path = `${folder}/${name}`;
      const text = Buffer.from(this.#disk.contents(path)).toString();
      const { script } = client;
      return { path, identity: script.identity, batch: batchOf(script, name), lines: text.trimEnd().split('\n') };
    });
  }
}

const folderOf = ({ id }: Client) => `quarantine/${id}`;

function batchOf(script: Script, name: string): number {
  const match = named.exec(name);
  if (match === null) return Number.NaN;
  const behind = batchBehind(script, { epoch: Number(match[1]), seq: Number(match[2]) });
  return behind > 0 ? behind - 1 : Number.NaN;
}
