/**
 * An error that the person at the keyboard can mend. Its message is one line that says what is wrong, where and
 * what to do; the command line prints it without a stack trace and ends with `exitCode`.
 */
export class UserError extends Error {
  /** Stable name of the failure, e.g. `FEED_NOT_PCAP`; for tests, logs and `/api/health`. */
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UserError';
    this.code = code;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** A broken invariant: a bug of ours. It stops the process with a clear message. */
export class InvariantError extends Error {
  override name = 'InvariantError';
}

export function assertInvariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/**
 * Whether an error comes from outside: wrong input, or a disk or network that fails (`errno`). Every other one is a bug
 * of ours, those of Node with a code too (`ERR_OUT_OF_RANGE`: something was read beyond its end).
 */
export function isFromOutside(error: unknown): boolean {
  if (error instanceof UserError) return true;
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}

/** Anything thrown, as an error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new InvariantError(`thrown, but no error: ${String(thrown)}`);
}

/** The message of anything thrown, for logs and wrapped errors. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Why a file can't be read, in words and with the remedy where it is known; without the path, which the caller names. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such file; check the path';
  if (code === 'EISDIR') return 'is a folder; name a file in it';
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it; change its rights';
  return `can't be read (${messageOf(error).replace(/, \w+ '.*'$/, '')}); check the file`;
}

/** Why a file can't be written, as {@link whyUnreadable}. */
export function whyUnwritable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'its folder does not exist; make it first';
  if (code === 'EISDIR') return 'it is a folder; give a file name';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'no permission; choose another place';
  if (code === 'ENOSPC') return 'the disk is full; free some space';
  return `${messageOf(error).replace(/, \w+ '.*'$/, '')}; choose another place`;
}

/**
 * For errors of which another way tells: a connection that is being given up, a promise whose rejection its waiter
 * hears. Named, so that a reader sees it is meant; say at the place who hears.
 */
export function heardElsewhere(_error: unknown): void {}
