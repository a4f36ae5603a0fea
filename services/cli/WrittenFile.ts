import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises"
import { Effect, Schema } from "effect"

/** Of the operating system: what cannot be made or takes no more. */
export class NotWritten extends Schema.TaggedError<NotWritten>()("NotWritten", { message: Schema.String }) {}

const trying = <A>(work: () => Promise<A>) =>
  Effect.tryPromise({ try: work, catch: (error) => new NotWritten({ message: (error as Error).message }) })

/** Where a file stands, or is to stand; `undefined` for a device or a pipe, which takes what it is given at once. */
const placeOf = async (file: string): Promise<string | undefined> => {
  try {
    return (await stat(file)).isFile() ? await realpath(file) : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return file
    throw error
  }
}

const opened = (path: string) =>
  Effect.acquireRelease(
    trying(() => open(path, "w")),
    (handle) => Effect.promise(() => handle.close())
  )

/** Ends with the file that was begun, whatever became of it. */
const begun = (path: string) =>
  Effect.tap(opened(path), () => Effect.addFinalizer(() => Effect.promise(() => rm(path, { force: true }))))

type Write = (text: string) => Effect.Effect<void, NotWritten>
const into =
  (handle: FileHandle): Write =>
  (text) =>
    trying(() => handle.appendFile(text))

/** All that `work` writes stands in the file when it ends well; else what stood there before does. */
export const writtenWhole = <A, E, R>(file: string, work: (write: Write) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const place = yield* trying(() => placeOf(file))
      if (place === undefined) return yield* work(into(yield* opened(file)))
      const beside = `${place}.${process.pid}.part`
      const handle = yield* begun(beside)
      const result = yield* work(into(handle))
      yield* trying(() => handle.sync())
      yield* trying(() => rename(beside, place))
      return result
    })
  )
