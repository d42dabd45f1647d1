import { type ApiRequest, Refusal } from './http.ts';

/** What of a name is said back. */
const echoMax = 40;

/**
 * Holds a query to the parameters that its path has, each once: a mistyped one would answer another question than was
 * asked. @throws Refusal 400 BAD_PARAMETER
 */
export function checkQuery({ query }: Pick<ApiRequest, 'query'>, known: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      const those = known.length === 0 ? 'there is none here' : `known here: ${known.join(', ')}`;
      throw new Refusal(400, 'BAD_PARAMETER', `no parameter '${name.slice(0, echoMax)}': ${those}`);
    }
    if (seen.has(name)) throw new Refusal(400, 'BAD_PARAMETER', `${name} is given twice: give it once`);
    seen.add(name);
  }
}
