/** One waiter at a time that others wake: what keeps a thread's loop still while there is nothing for it to do. */
export class Wake {
  #resolve: (() => void) | null = null;

  /** Resolves at the next {@link call}. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Goes by where nobody waits. */
  call(): void {
    this.#resolve?.();
    this.#resolve = null;
  }
}
