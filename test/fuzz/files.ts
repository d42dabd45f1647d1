import type { Report } from './jobs.ts';
export async function runFiles(_r: Report, _s: number, _n: number): Promise<void> {}
