/** So many digits on end may be an IMSI, an IMEI or a telephone number. */
const digitsMin = 10;
const run = new RegExp(`\\d{${digitsMin},}`, 'g');
const number = /^\+?\d[\d ()-]*$/;

/**
 * Takes what may be an identity out of a message: whoever types one where a command or a file is wanted need not find it
 * in a log. What the message says of its own, such as a limit, stays.
 *
 * @param argv what was typed
 */
export function withoutTyped(message: string, argv: readonly string[]): string {
  const typed = new Set<string>();
  for (const argument of argv) {
    for (const digits of argument.match(run) ?? []) typed.add(digits);
    const value = argument.replace(/^--[\w-]+=/, '');
    if (number.test(value) && value.replace(/\D/g, '').length >= digitsMin) typed.add(value);
  }
  // The longest first: one may hold another.
  const all = [...typed].sort((a, b) => b.length - a.length);
  return all.reduce((text, identity) => text.replaceAll(identity, '…'), message);
}
