/** A command of the command line: one file each. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole help text. */
  readonly usage: string;
  /** Resolves to the exit code. @throws UserError */
  run(argv: string[]): Promise<number>;
}
