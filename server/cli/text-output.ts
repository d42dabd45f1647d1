import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { UserError, whyUnwritable } from '../errors.ts';

const blockChars = 1 << 16;

/** Where a command prints: standard output or a file. A reader that closes the pipe ends the command without a complaint. */
export class TextOutput {
  /** The reader has gone. */
  closed = false;
  private readonly command: string;
  private readonly stream: Writable;
  private readonly path: string | undefined;
  private failure: Error | null = null;

  private constructor(command: string, stream: Writable, path: string | undefined) {
    this.command = command;
    this.stream = stream;
    this.path = path;
    stream.on('error', (error: NodeJS.ErrnoException) => this.note(error));
  }

  /**
   * @param command who prints, for what is wrong
   * @param path a file, or undefined for standard output
   * @throws UserError OUTPUT_UNWRITABLE
   */
  static async open(command: string, path: string | undefined): Promise<TextOutput> {
    if (path === undefined) return new TextOutput(command, process.stdout, undefined);
    const stream = createWriteStream(path);
    const output = new TextOutput(command, stream, path);
    await new Promise<void>((resolve) => {
      stream.once('open', () => resolve());
      stream.once('error', () => resolve());
    });
    output.check();
    return output;
  }

  /** Prints all of a source, block by block, as fast as the reader takes it; stops when the reader has gone. */
  async printAll(blocks: Iterable<string>): Promise<void> {
    let held = '';
    for (const block of blocks) {
      held += block;
      if (held.length < blockChars) continue;
      await this.print(held);
      held = '';
      if (this.closed) return;
    }
    await this.print(held);
  }

  async print(text: string): Promise<void> {
    this.check();
    if (text === '' || this.closed) return;
    // The callback may come before the stream's own error does.
    await new Promise<void>((resolve) =>
      this.stream.write(text, (error) => {
        if (error) this.note(error);
        resolve();
      }),
    );
    this.check();
  }

  async close(): Promise<void> {
    if (this.path === undefined) return;
    await new Promise<void>((resolve) => {
      if (this.stream.closed) resolve();
      this.stream.once('close', () => resolve());
      this.stream.end();
    });
    this.check();
  }

  private note(error: NodeJS.ErrnoException): void {
    if (this.path === undefined && error.code === 'EPIPE') this.closed = true;
    else this.failure = error;
  }

  private check(): void {
    if (this.failure === null) return;
    const where = this.path ?? 'standard output';
    throw new UserError(
      'OUTPUT_UNWRITABLE',
      `${this.command} can't write to ${where}: ${whyUnwritable(this.failure)}`,
      {
        cause: this.failure,
      },
    );
  }
}
