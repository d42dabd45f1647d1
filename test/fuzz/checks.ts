export function runChecks(): string | null {
  return null;
}
