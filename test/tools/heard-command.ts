import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { temporaryFolder } from './serve.ts';

/** A command that is run in this process: a new folder for each test, and what is said on standard output in it. */
export interface HeardCommand {
  readonly folder: string;
  /** A data folder that is not there yet. */
  readonly data: string;
  readonly said: readonly string[];
}

/** Takes effect for all tests of the file. */
export function hearCommand(name: string): HeardCommand {
  let folder = temporaryFolder(name);
  folder.remove();
  const said: string[] = [];
  beforeEach(() => {
    folder = temporaryFolder(name);
    said.length = 0;
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      said.push(String(text));
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    folder.remove();
  });
  return {
    said,
    get folder() {
      return folder.path;
    },
    get data() {
      return join(folder.path, 'data');
    },
  };
}
