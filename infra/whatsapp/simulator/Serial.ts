/** Runs tasks one after the other, in the order in which they were given; a failed one does not stop the next. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve()

  run<A>(task: () => A | Promise<A>): Promise<A> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => undefined)
    return result
  }
}
