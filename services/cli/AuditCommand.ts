import { closeSync, openSync, writeSync } from "node:fs"
import { Effect, Runtime, Schema } from "effect"
import { entryLine, firstLine, lastLine } from "./AuditExport.ts"
import type * as Client from "./Client.ts"
import { say, sayEach, warn } from "./Terminal.ts"

/** A verdict that a program should hear. It was told already. */
export class NotProven extends Schema.TaggedError<NotProven>()("NotProven", { exitCode: Schema.Number }) {
  override readonly [Runtime.errorReported] = false
  override readonly [Runtime.errorExitCode] = this.exitCode
}

/** The verifier says in words of its own why it cannot judge. */
export class NotJudged extends Schema.TaggedError<NotJudged>()("NotJudged", { message: Schema.String }) {}

export const head = Effect.fnUntraced(function* (ask: Client.Ask, { json }: { readonly json: boolean }) {
  const signed = yield* ask(({ audit }) => audit.head())
  if (json) say(JSON.stringify(signed))
  else process.stdout.write(signed.note)
})

/** Ends with 2 if one of them has seen another history. */
export const listWitnesses = Effect.fnUntraced(function* (ask: Client.Ask) {
  const { items } = yield* ask(({ audit }) => audit.witnesses())
  sayEach({ items })
  if (items.some(({ contradiction }) => contradiction !== null)) return yield* new NotProven({ exitCode: 2 })
})

export const prove = Effect.fnUntraced(function* (
  ask: Client.Ask,
  { cursor, message }: { readonly cursor: string | undefined; readonly message: string | undefined }
) {
  const query = { ...(cursor !== undefined && { cursor }), ...(message !== undefined && { message }) }
  say(JSON.stringify(yield* ask(({ audit }) => audit.inclusion({ query }))))
})

const pageSize = 500
const progressEvery = 10_000

/** The log up to the newest head, a line for each entry as it is stored, and the head itself as the last. */
export const exportLog = Effect.fnUntraced(function* (ask: Client.Ask, file: string) {
  const { note, origin, size } = yield* ask(({ audit }) => audit.head())
  const out = file === "-" ? process.stdout.fd : openSync(file, "w")
  const write = (text: string) => void writeSync(out, text)
  write(firstLine(origin, size))
  let written = 0
  while (written < size) {
    const query = { from: written, limit: Math.min(pageSize, size - written) }
    const { items } = yield* ask(({ audit }) => audit.entries({ query }))
    if (items.length === 0) break
    write(items.map(entryLine).join(""))
    const before = written
    written += items.length
    if (Math.floor(before / progressEvery) < Math.floor(written / progressEvery)) warn(`${written} of ${size} entries`)
  }
  write(lastLine(note))
  if (file !== "-") closeSync(out)
  warn(`${written} of ${size} entries, with the tree head that they come to`)
})

interface Verifying {
  readonly file: string
  readonly heads: ReadonlyArray<string>
  readonly keys: ReadonlyArray<string>
  readonly witnesses: ReadonlyArray<string>
  readonly quorum: number
  readonly earlier: string | undefined
  readonly json: boolean
}

/** By the verifier, which knows nothing of this product. Needs no gateway. */
export const verify = Effect.fnUntraced(function* ({ json, ...files }: Verifying) {
  const verifier = yield* Effect.promise(() => import("../../verifier/verify.mjs"))
  const { exitCode, report } = yield* Effect.tryPromise({
    try: () => verifier.verifyFiles(files),
    catch: (error) => new NotJudged({ message: error instanceof Error ? error.message : String(error) })
  })
  say(json ? JSON.stringify(report) : verifier.toldOf(report))
  if (exitCode !== 0) return yield* new NotProven({ exitCode })
})
