import { readFileSync, writeFileSync } from 'node:fs';

/** Most memory that this process has had at once, MiB (Linux: since {@link forgetPeak}). */
export function peakMib(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'latin1'))![1]) / 1024;
}

/** proc(5), clear_refs: 5 sets the peak to what there is now. */
export function forgetPeak(): void {
  if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5');
}
