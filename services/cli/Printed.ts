import { constants } from "node:os"
import { Effect } from "effect"

/** What is printed arrives whole where somebody reads it, or the command says that it did not. */

const streams = [process.stdout, process.stderr] as const
/** The reader went away, with a terminal that was closed say, or has read enough: that ends nothing. */
const goneAway: ReadonlySet<string | undefined> = new Set(["EPIPE", "EIO", "ECONNRESET", "ERR_STREAM_DESTROYED"])

let isOver = false
let lost: string | undefined

/** What standard output did not take, though somebody still reads it: of a disk that is full, say. */
export const lostBy = (): string | undefined => lost

export const outliveReaders = (): void => {
  for (const stream of streams) stream.on("error", () => {})
  process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    isOver = true
    if (!goneAway.has(code)) lost ??= message
  })
}

/** Waits for a reader who is slower than what is printed. */
export const read: Effect.Effect<void> = Effect.callback((resume) => {
  const { stdout } = process
  if (isOver || !stdout.writableNeedDrain) return resume(Effect.void)
  const events = ["drain", "error", "close"] as const
  const done = () => {
    for (const event of events) stdout.off(event, done)
    resume(Effect.void)
  }
  for (const event of events) stdout.on(event, done)
  return Effect.sync(() => {
    for (const event of events) stdout.off(event, done)
  })
})

/** Goes on when everything was taken; a signal waits for nobody. A process that exits before drops what a pipe has not taken. */
export const whenTaken = (then: () => void): void => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => process.exit(128 + constants.signals[signal]))
  }
  let left = streams.length
  for (const stream of streams) {
    stream.write("", () => {
      left--
      if (left === 0) setImmediate(then) // what went wrong is told a turn after the write
    })
  }
}
