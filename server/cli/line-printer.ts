import type { TextOutput } from './text-output.ts';

/** Prints lines that others append, in their order, whoever asks for it and whenever. */
export class LinePrinter {
  readonly waiting: string[] = [];
  readonly #output: TextOutput;
  #printing: Promise<void> = Promise.resolve();

  constructor(output: TextOutput) {
    this.#output = output;
  }

  /** Prints what waits. Resolves once that is written, or its reader has gone. */
  print(): Promise<void> {
    if (this.waiting.length > 0) {
      const lines = this.waiting.splice(0);
      this.#printing = this.#printing.then(() => this.#output.printAll(lines));
    }
    return this.#printing;
  }
}
