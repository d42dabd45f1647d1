import { UserError } from '../../server/errors.ts';

/** A whole number that an option of a test's command gives, or a default where it is not given. */
export function whole(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text.replaceAll('_', ''));
  if (!Number.isInteger(value) || value < 0 || value > 0x7fff_ffff) {
    throw new UserError('OPTION', `--${name} must be a whole number from 0 to ${0x7fff_ffff}, not '${text}'`);
  }
  return value;
}
