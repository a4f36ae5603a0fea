import { Layer, Logger, type LogLevel, References, Schema } from "effect"
import { type DestinationStream, destination, pino } from "pino"
import { contentMembers } from "#domain/message/content/Content.ts"
import { Noticed } from "#domain/Notice.ts"
import { setting } from "../Setting.ts"
import * as Repeats from "./Repeats.ts"
import { scrub, scrubField, tellCause, tellError } from "./Scrub.ts"

export const levels = ["debug", "info", "warn", "error"] as const
export type Level = (typeof levels)[number]

export const settings = {
  level: setting(
    "LOG_LEVEL",
    "info",
    Schema.Literals(levels),
    levels.join(", "),
    "What is logged at least; debug: a line per request."
  )
}

const effectLevel: Record<Level, LogLevel.LogLevel> = { debug: "Debug", info: "Info", warn: "Warn", error: "Error" }

/** Words under which nobody should log anything; whoever does, logs this instead. */
const never = [
  "authorization",
  "apiKey",
  "secret",
  "password",
  "phone",
  "to",
  "content",
  ...contentMembers,
  "jid",
  "name",
  "qr",
  "code"
]

/** Only scalars are logged as fields, and what went wrong: a whole object could carry what must stay secret. */
const valueOf = (value: unknown): unknown => {
  if (typeof value === "string") return scrubField(value)
  if (value instanceof Error) return tellError(value)
  return value === null || ["number", "boolean", "undefined"].includes(typeof value) ? value : "[object]"
}

/** What goes wrong may go wrong twice a second, for days. */
const troubled: ReadonlySet<LogLevel.LogLevel> = new Set(["Warn", "Error", "Fatal"])

type Fields = Readonly<Record<string, unknown>>

/** Structured logs as JSON lines. */
const make = (level: Level, out: DestinationStream, notices: Destinations["notices"]) => {
  const log = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: never, censor: "[redacted]" }
    },
    out
  )
  const write = { Debug: "debug", Info: "info", Warn: "warn", Error: "error", Fatal: "fatal", Trace: "trace" } as const

  const leftOut = Repeats.make(() => performance.now())

  return Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
    const fields: Record<string, unknown> = {}
    const words: Array<string> = []
    const keep = (values: object) => {
      for (const [key, value] of Object.entries(values)) fields[key] = valueOf(value)
    }
    keep(fiber.getRef(References.CurrentLogAnnotations))
    for (const part of Array.isArray(message) ? message : [message]) {
      if (part instanceof Error) fields.causes = [tellError(part)]
      else if (typeof part === "object" && part !== null) keep(part)
      else words.push(String(part))
    }
    if (cause.reasons.length > 0) fields.causes = tellCause(cause)
    const told = scrub(words.join(" "))
    if (troubled.has(logLevel)) {
      const repeated = leftOut(JSON.stringify([told, fields], withoutDifferences).replace(figures, "0"))
      if (repeated === undefined) return
      if (repeated > 0) fields.repeated = repeated
    }
    if (notices !== undefined && fiber.getRef(Noticed)) notices(told, fields)
    // the words before what may be long: in a terminal a line is cut
    log[write[logLevel as keyof typeof write] ?? "info"]({ msg: told, ...fields })
  })
}

const standardError = (): DestinationStream => {
  const out = destination({ fd: 2, sync: true })
  out.on("error", () => {}) // whoever read it may be gone, with a terminal that was closed say: that ends nothing
  return out
}

/** By which two lines about the same differ: whose request it was, where it was noticed, how long something took. */
const differences = ["at", "request"]
const withoutDifferences = (name: string, value: unknown) => (differences.includes(name) ? undefined : value)
const figures = /\d+(\.\d+)?(?=(ns|us|ms|s)\b)/g

/** Where lines go. */
interface Destinations {
  /** All of them, from a level on. Standard error, unless told otherwise: standard output is for what people read. */
  readonly level: Level
  readonly out?: DestinationStream
  /** Those that are for people, as words and what belongs to them. */
  readonly notices?: ((words: string, fields: Fields) => void) | undefined
}

export const layer = ({ level, notices, out = standardError() }: Destinations) =>
  Layer.mergeAll(
    Logger.layer([make(level, out, notices)]),
    Layer.succeed(References.MinimumLogLevel, effectLevel[level])
  )
