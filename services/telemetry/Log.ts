import { Layer, Logger, type LogLevel, References, Schema } from "effect"
import { type DestinationStream, destination, pino } from "pino"
import { contentMembers } from "#domain/message/content/Content.ts"
import { setting } from "../Setting.ts"
import { scrub, scrubField, tellCause } from "./Scrub.ts"

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

/** Only scalars are logged as fields: a whole object could carry what must stay secret. */
const told = (value: unknown) => {
  if (typeof value === "string") return scrubField(value)
  return value === null || ["number", "boolean", "undefined"].includes(typeof value) ? value : "[object]"
}

/** Structured logs as JSON lines. */
const make = (level: Level, out: DestinationStream) => {
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

  return Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
    const fields: Record<string, unknown> = {}
    const words: Array<string> = []
    const keep = (values: object) => {
      for (const [key, value] of Object.entries(values)) fields[key] = told(value)
    }
    keep(fiber.getRef(References.CurrentLogAnnotations))
    for (const part of Array.isArray(message) ? message : [message]) {
      if (typeof part === "object" && part !== null) keep(part)
      else words.push(String(part))
    }
    if (cause.reasons.length > 0) fields.causes = tellCause(cause)
    log[write[logLevel as keyof typeof write] ?? "info"](fields, scrub(words.join(" ")))
  })
}

/** To standard error, unless told otherwise: standard output is for what people read. */
export const layer = ({ level, out }: { readonly level: Level; readonly out?: DestinationStream }) =>
  Layer.mergeAll(
    Logger.layer([make(level, out ?? destination({ fd: 2, sync: true }))]),
    Layer.succeed(References.MinimumLogLevel, effectLevel[level])
  )
