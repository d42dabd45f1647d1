/** One line for the person who runs the server. Never holds a subscriber's identity. */
export type Log = (level: 'info' | 'warn' | 'error', line: string) => void;

/** Logs to standard error, one line each; warnings and errors say so in front. */
export const consoleLog: Log = (level, line) => {
  process.stderr.write(`${level === 'info' ? '' : `${level}: `}${line}\n`);
};
