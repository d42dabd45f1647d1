import type { Report } from './jobs.ts';

/** A run in words, for whoever reads a test's or the command's output. */
export function formatReport(title: string, report: Report): string {
  const { inputs, seconds, messages, components, rows, faults, slowest, depth } = report;
  const count = (value: number) => value.toLocaleString('en');
  const lines = [
    `${title}: ${count(inputs)} inputs, ${count(Math.round(inputs / seconds))} a second; ${count(messages)} messages, ${count(components)} components, ${count(rows)} events; depth ${depth}`,
    `  faults: ${faults.map(([code, n]) => `${code} ${count(n)}`).join(', ')}`,
    `  slowest: ${(slowest.steps / slowest.octets).toFixed(1)} steps an octet (${slowest.steps} for ${slowest.octets}): ${slowest.input}`,
  ];
  if (report.failure !== null) lines.push(`  FAILED: ${report.failure}`);
  return lines.join('\n');
}

/** The same of sequences of messages. */
export function formatSequences(title: string, { inputs, seconds, messages, rows, slowest, failure }: Report): string {
  const count = (value: number) => value.toLocaleString('en');
  return [
    `${title}: ${count(inputs)} sequences, ${count(messages)} messages, ${count(rows)} events in ${seconds.toFixed(1)} s; at most ${slowest.steps} steps a message (${slowest.input})`,
    ...(failure === null ? [] : [`  FAILED: ${failure}`]),
  ].join('\n');
}
