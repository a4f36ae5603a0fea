import { Effect, Exit, Redacted, Schema } from "effect"
import * as Access from "./access/Settings.ts"
import * as Announcements from "./announcements/Settings.ts"
import * as Archive from "./archive/Settings.ts"
import * as Dashboard from "./dashboard/Settings.ts"
import * as EnvFile from "./EnvFile.ts"
import * as Door from "./gateway/Settings.ts"
import * as Http from "./http/Settings.ts"
import * as Provenance from "./identity/Pepper.ts"
import * as Inbound from "./inbound/Settings.ts"
import { contradiction } from "./layers/Role.ts"
import * as Layers from "./layers/Settings.ts"
import * as WhatsApp from "./layers/WhatsAppSettings.ts"
import * as Live from "./live/Settings.ts"
import { meantBy } from "./Misspelt.ts"
import * as Messages from "./messages/Settings.ts"
import * as Meta from "./meta/Settings.ts"
import type { Setting, Settings, Values } from "./Setting.ts"
import * as Log from "./telemetry/Log.ts"
import * as Traces from "./telemetry/TraceSettings.ts"
import * as Webhooks from "./webhooks/Settings.ts"

/** Everything that can be set, by whoever reads it, in the order it is told. */
const rooms = {
  door: Door.settings,
  access: Access.settings,
  dashboard: Dashboard.settings,
  process: Layers.process,
  addresses: Layers.addresses,
  announcements: Announcements.settings,
  log: Log.settings,
  traces: Traces.settings,
  provenance: Provenance.settings,
  http: Http.settings,
  rateLimits: Http.rateLimits,
  messages: Messages.settings,
  inbound: Inbound.settings,
  webhooks: Webhooks.settings,
  live: Live.settings,
  meta: Meta.settings,
  archive: Archive.settings,
  whatsApp: WhatsApp.settings
} satisfies Readonly<Record<string, Settings>>

type Rooms = typeof rooms
export type Config = { readonly [Room in keyof Rooms]: Values<Rooms[Room]> }

export const declared: ReadonlyArray<Setting<unknown>> = Object.values<Settings>(rooms).flatMap((room) =>
  Object.values(room)
)

export type Source = "environment" | ".env" | "default"

export interface Loaded {
  readonly config: Config
  /** What is set to what and where, secrets hidden, for people. */
  readonly described: ReadonlyArray<{
    readonly variable: string
    readonly value: string
    readonly source: Source
    readonly meaning: string
  }>
  /** What is set, is no setting, and is so nearly one that it was meant. */
  readonly misspelt: ReadonlyArray<Misspelt>
  /** What more than one line of the file names, by name: the last of them counts. */
  readonly twice: ReadonlyArray<string>
}

export interface Misspelt {
  readonly variable: string
  readonly source: Source
  readonly meant: string
}

/** Names what is wrong and what is expected there; never the value, which may be a secret. */
export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>()("ConfigInvalid", {
  problems: Schema.Array(Schema.Struct({ variable: Schema.String, source: Schema.String, expected: Schema.String }))
}) {
  override get message() {
    return this.problems
      .map(({ expected, source, variable }) => `${variable} (${source}): expected ${expected}`)
      .join("\n")
  }
}

type Variables = Readonly<Record<string, string | undefined>>

const asWritten = "a value that is taken whole: put quotes around one with # or a quote in it"

/** The environment wins over the file; an empty value counts as none. */
export const read = (
  environment: Variables,
  file: Variables,
  { strange, torn, twice }: Pick<EnvFile.EnvFile, "strange" | "torn" | "twice"> = EnvFile.parse("")
): Effect.Effect<Loaded, ConfigInvalid> => {
  const problems: Array<(typeof ConfigInvalid.Type)["problems"][number]> = strange.map((line) => ({
    variable: `line ${line}`,
    source: ".env",
    expected: "NAME=value, or a comment after #"
  }))
  const described: Array<Loaded["described"][number]> = []
  const sourceOf = (variable: string): Source =>
    environment[variable] ? "environment" : file[variable] ? ".env" : "default"

  const valueOf = ({ expected, fallback, meaning, schema, variable }: Setting<unknown>) => {
    const source = sourceOf(variable)
    if (!environment[variable] && torn.has(variable)) {
      return void problems.push({ variable, source: ".env", expected: asWritten })
    }
    const text = environment[variable] || file[variable] || fallback
    const exit = text === undefined ? Exit.succeed(undefined) : Schema.decodeUnknownExit(schema)(text)
    if (Exit.isFailure(exit)) return void problems.push({ variable, source, expected })
    const value = Redacted.isRedacted(exit.value) ? "(hidden)" : (text ?? "(not set)")
    described.push({ variable, value, source, meaning })
    return exit.value
  }
  const valuesOf = (room: Settings) =>
    Object.fromEntries(Object.entries(room).map(([name, setting]) => [name, valueOf(setting)]))
  const values = Object.fromEntries(Object.entries<Settings>(rooms).map(([name, room]) => [name, valuesOf(room)]))
  if (problems.length > 0) return Effect.fail(new ConfigInvalid({ problems }))

  const config = values as Config
  const misspelt = [...misspeltIn(environment, "environment"), ...misspeltIn(file, ".env")]
  const expected = contradiction({ ...config.process, ...config.addresses })
  if (expected === undefined) return Effect.succeed({ config, described, misspelt, twice: [...twice] })
  return Effect.fail(new ConfigInvalid({ problems: [{ variable: "ROLE", source: sourceOf("ROLE"), expected }] }))
}

const names = declared.map(({ variable }) => variable)
const misspeltIn = (variables: Variables, source: Source): ReadonlyArray<Misspelt> =>
  Object.keys(variables).flatMap((variable) => {
    const meant = variables[variable] ? meantBy(variable, names) : undefined
    return meant === undefined ? [] : [{ variable, source, meant }]
  })

/** From the environment, and from a file `.env` in the working directory if there is one. */
export const load = Effect.suspend(() => {
  const file = EnvFile.read()
  return read(process.env, file.variables, file)
})
