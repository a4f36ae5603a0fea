import { createReadStream } from "node:fs"
import { Console, Effect, Runtime, Schema } from "effect"
import { type End, type Flaw, type Read, reading } from "#domain/archive/Reading.ts"
import { linesIn } from "#domain/archive/Split.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { crypto } from "../layers/Adapters.ts"
import { faint, say, strong } from "./Terminal.ts"

/** A verdict that a program should hear. It was told already. */
export class NotWhole extends Schema.TaggedError<NotWhole>()("NotWhole", {}) {
  override readonly [Runtime.errorReported] = false
  override readonly [Runtime.errorExitCode] = 2
}

export class NotRead extends Schema.TaggedError<NotRead>()("NotRead", { file: Schema.String }) {
  override get message() {
    return `${this.file} cannot be read`
  }
}

/** What is to be said of a file. */
interface Verified {
  readonly file: string
  readonly read: Read | undefined
  /** Its first line that is not what was written, and what is wrong with it. */
  readonly flaw: { readonly line: number; readonly what: Flaw } | undefined
  /** Something of a line is at its end, which was being written. */
  readonly isTorn: boolean
}

const verifiedIn = Effect.fnUntraced(function* (file: string, before: End | undefined) {
  const reader = reading(yield* Crypto, before)
  return yield* Effect.tryPromise({
    try: async (): Promise<Verified> => {
      let line = 0
      let isTorn = false
      const lines = createReadStream(file, { encoding: "utf8" }) as AsyncIterable<string>
      for await (const { isWhole, text } of linesIn(lines)) {
        line++
        isTorn = !isWhole
        const found = isTorn ? undefined : reader.take(text)
        if (typeof found === "string") return { file, read: reader.soFar(), flaw: { line, what: found }, isTorn }
      }
      const read = reader.soFar()
      return { file, read, flaw: read === undefined ? { line: line + 1, what: "misplaced" } : undefined, isTorn }
    },
    catch: () => new NotRead({ file })
  })
})

const words: Readonly<Record<Flaw, string>> = {
  unreadable: "is no line of an archive",
  broken_link: "is not what was written, or what stood before it is missing",
  misplaced: "is not where it belongs: a file begins with its `opened`, and has one",
  other_segment: "does not go on where the file before ends",
  miscounted: "counts more or fewer lines than there are",
  after_the_end: "stands behind the end of the file"
}

const shown = ({ file, flaw, isTorn, read }: Verified): ReadonlyArray<string> => {
  const counts = read === undefined ? "" : `${read.requests} requests, ${read.routed} routings`
  const end = read?.isClosed ? "closed" : isTorn ? "open, a line is being written" : "open"
  const verdict = flaw === undefined ? end : strong(`line ${flaw.line} ${words[flaw.what]}`)
  return [`  ${file}: ${verdict}`, faint(`    ${counts}${read === undefined ? "" : `, up to ${read.link}`}`)]
}

const summaryOf = ({ file, flaw, isTorn, read }: Verified) => ({
  file,
  verdict: flaw === undefined ? "whole" : "broken",
  ...(flaw !== undefined && { line: flaw.line, flaw: flaw.what }),
  ...(read !== undefined && {
    segment: read.segment,
    day: read.day,
    requests: read.requests,
    routed: read.routed,
    closed: read.isClosed,
    link: read.link
  }),
  torn: isTorn
})

/** Whether files of an archive are what was written, each behind the one named before it. Needs nothing but them. */
export const verify = Effect.fnUntraced(
  function* (files: ReadonlyArray<string>, { json }: { readonly json: boolean }) {
    let before: End | undefined
    let isWhole = true
    for (const file of files) {
      const verified: Verified = yield* verifiedIn(file, before)
      if (json) yield* Console.log(JSON.stringify(summaryOf(verified)))
      else say(...shown(verified))
      before = verified.flaw === undefined ? verified.read : undefined
      if (verified.flaw !== undefined) isWhole = false
    }
    if (!isWhole) return yield* new NotWhole()
  },
  (verifying) => Effect.provide(verifying, crypto)
)
