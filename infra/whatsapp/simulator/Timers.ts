/** Delayed work that ends with the simulator and never keeps a process alive. */
export class Timers {
  readonly #pending = new Set<NodeJS.Timeout>()

  /** Runs the task after so many milliseconds; at once, before returning, when there is nothing to wait for. */
  after(ms: number, task: () => void) {
    if (ms === 0) return task()
    const timer = setTimeout(() => {
      this.#pending.delete(timer)
      task()
    }, ms)
    timer.unref()
    this.#pending.add(timer)
  }

  close() {
    for (const timer of this.#pending) clearTimeout(timer)
    this.#pending.clear()
  }
}
