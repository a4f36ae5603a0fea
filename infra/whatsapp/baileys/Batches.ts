/** Gathers what waits for a turn, and asks for it together. */
export interface Batches<A, B> {
  /** The answer about all that was asked together. */
  readonly ask: (item: A) => Promise<B>
}

/** `turn` runs what it is given when the next question may be put. */
export const make = <A, B>(options: {
  readonly most: number
  readonly turn: (work: () => void) => void
  readonly question: (items: ReadonlyArray<A>) => Promise<B>
}): Batches<A, B> => {
  const { most, question, turn } = options
  const waiting: Array<{ readonly item: A; readonly answer: PromiseWithResolvers<B> }> = []
  let isDue = false

  const put = () => {
    const batch = waiting.splice(0, most)
    isDue = false
    if (waiting.length > 0) due()
    const answered = question(batch.map(({ item }) => item))
    for (const { answer } of batch) answer.resolve(answered)
  }

  const due = () => {
    if (isDue) return
    isDue = true
    setImmediate(() => turn(put)) // with all that comes in the same moment
  }

  return {
    ask: (item) => {
      const answer = Promise.withResolvers<B>()
      waiting.push({ item, answer })
      due()
      return answer.promise
    }
  }
}
