/** Stands for the store's upkeep in the simulation's bundle: refreshing, compressing and dropping change no row here. */
export class Maintenance {
  async resume(): Promise<void> {}
  tick(): void {}
  advance(): void {}
  touched(): void {}
  behind(): boolean {
    return false;
  }
  async close(): Promise<void> {}
  async runNow(): Promise<void> {}
}
