import { existsSync, readFileSync } from "node:fs"
import { parseEnv } from "node:util"
import { Effect, Exit, Redacted, Schema } from "effect"
import { AgentId } from "#domain/Ids.ts"
import { trustOf } from "./http/ClientAddress.ts"
import { originsOf } from "./http/Cors.ts"
import { levels } from "./telemetry/Log.ts"

interface Setting<A> {
  readonly variable: string
  readonly schema: Schema.Decoder<A>
  readonly fallback: string | undefined
  readonly expected: string
  readonly meaning: string
}

/** With a default, or without: then it may be absent. */
const setting = <A>(variable: string, fallback: string, schema: Schema.Decoder<A>, expected: string, meaning: string) =>
  ({ variable, schema, fallback, expected, meaning }) satisfies Setting<A>
const optional = <A>(variable: string, schema: Schema.Decoder<A>, expected: string, meaning: string) =>
  ({ variable, schema, fallback: undefined, expected, meaning }) satisfies Setting<A>

const whole = (minimum: number, maximum: number) =>
  Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum }))
const perMinute = (variable: string, fallback: string, meaning: string) =>
  setting(variable, fallback, whole(0, 10_000_000), "requests a minute, or 0 for no limit", meaning)
const matching = (pattern: RegExp) => Schema.String.check(Schema.isPattern(pattern))

/** May hold a password: it is never shown. */
const address = (variable: string, start: RegExp, expected: string, meaning: string) =>
  optional(
    variable,
    Schema.RedactedFromValue(matching(start).check(Schema.isMaxLength(2_048), Schema.isPattern(/^\S+$/))),
    expected,
    meaning
  )

/** Everything that can be set, in the order it is told. */
const settings = {
  host: setting("HOST", "127.0.0.1", Schema.NonEmptyString, "a host name or address", "Where the API listens."),
  port: setting("PORT", "4010", whole(0, 65_535), "a port, 0 to 65535", "The port it listens on; 0 takes a free one."),
  apiKey: optional(
    "API_KEY",
    Schema.RedactedFromValue(Schema.String.check(Schema.isMinLength(16), Schema.isMaxLength(512))),
    "at least 16 characters",
    "A key that may do everything, besides those issued through the API."
  ),
  dataDirectory: setting("DATA_DIR", "./data", Schema.NonEmptyString, "a directory", "Where everything is kept."),
  eventStoreUrl: address(
    "EVENTSTORE_URL",
    /^(esdb|kurrentdb)(\+discover)?:\/\//,
    "an address beginning with esdb://",
    "An EventStoreDB for the log, instead of a file."
  ),
  natsUrl: address(
    "NATS_URL",
    /^(nats|tls):\/\//,
    "an address beginning with nats:// or tls://",
    "A NATS server with JetStream between gateway and agent, which then are processes of their own."
  ),
  natsCaFile: optional(
    "NATS_CA_FILE",
    Schema.NonEmptyString,
    "a PEM file",
    "The authority that NATS's certificate is checked against, instead of the public ones."
  ),
  databaseUrl: address(
    "DATABASE_URL",
    /^postgres(ql)?:\/\//,
    "an address beginning with postgres://",
    "A PostgreSQL for views, subject keys and leases, instead of files."
  ),
  logLevel: setting("LOG_LEVEL", "info", Schema.Literals(levels), levels.join(", "), "What is logged at least."),
  phoneCountryCode: optional(
    "PHONE_COUNTRY_CODE",
    matching(/^[1-9]\d{0,2}$/),
    "a calling code such as 60",
    "The country of phone numbers written without one."
  ),
  agent: setting("AGENT_ID", "home", AgentId, "1 to 32 of a-z, 0-9 and -", "The agent that holds WhatsApp."),
  region: setting(
    "REGION",
    "local",
    matching(/^[a-z0-9-]{1,32}$/),
    "1 to 32 of a-z, 0-9 and -",
    "Stands on every event."
  ),
  corsOrigins: optional(
    "CORS_ORIGINS",
    Schema.String.check(Schema.makeFilter((text) => originsOf(text) !== undefined)),
    "origins such as https://shop.example, separated by commas, or *",
    "Whose pages may call the API from a browser."
  ),
  trustProxy: optional(
    "TRUST_PROXY",
    Schema.String.check(Schema.makeFilter((text) => trustOf(text) !== undefined)),
    "how many proxies, or their addresses and networks, separated by commas",
    "The proxies before the gateway whose X-Forwarded-For is believed."
  ),
  rateLimitMessages: perMinute("RATE_LIMIT_MESSAGES", "3000", "Requests of one key to the messages."),
  rateLimitDevices: perMinute("RATE_LIMIT_DEVICES", "600", "Requests of one key to the devices."),
  rateLimitSendsPerDevice: perMinute("RATE_LIMIT_SENDS_PER_DEVICE", "600", "Requests to send from one device."),
  rateLimitAddress: perMinute("RATE_LIMIT_ADDRESS", "6000", "Requests from one address."),
  rateLimitTotal: perMinute("RATE_LIMIT_TOTAL", "60000", "Requests of everybody to one process."),
  queueLimitPerDevice: setting(
    "QUEUE_LIMIT_DEVICE",
    "1000",
    whole(1, 1_000_000),
    "a number from 1 to 1000000",
    "How many messages may wait for one device."
  ),
  queueLimitTotal: setting(
    "QUEUE_LIMIT_TOTAL",
    "10000",
    whole(1, 10_000_000),
    "a number from 1 to 10000000",
    "How many messages may wait for all devices."
  ),
  waitLimit: setting(
    "WAIT_LIMIT",
    "5000",
    whole(1, 100_000),
    "a number from 1 to 100000",
    "How many requests may wait for a confirmation."
  ),
  connectionLimit: setting(
    "CONNECTION_LIMIT",
    "10000",
    whole(1, 1_000_000),
    "a number from 1 to 1000000",
    "How many connections may be open."
  ),
  drainTimeoutMs: setting(
    "DRAIN_TIMEOUT_MS",
    "10000",
    whole(0, 600_000),
    "milliseconds, 0 to 600000",
    "How long a shutdown waits for open requests."
  ),
  whatsAppUrl: optional(
    "WHATSAPP_URL",
    matching(/^wss?:\/\/[^\s]{1,500}$/),
    "an address beginning with ws:// or wss://",
    "Another server to talk to instead of WhatsApp's: the simulator."
  ),
  whatsAppVersion: optional(
    "WHATSAPP_VERSION",
    matching(/^\d{1,3}\.\d{1,6}\.\d{1,10}$/),
    "a version such as 2.3000.1023456789",
    "The version of WhatsApp Web to be, when WhatsApp refuses the one that is built in."
  )
}

type Settings = typeof settings
type ValueOf<S> = S extends { readonly schema: Schema.Decoder<infer A>; readonly fallback: infer F }
  ? A | (F extends string ? never : undefined)
  : never
export type Config = { readonly [K in keyof Settings]: ValueOf<Settings[K]> }

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

/** The environment wins over the file; an empty value counts as none. */
export const read = (environment: Variables, file: Variables): Effect.Effect<Loaded, ConfigInvalid> => {
  const values: Record<string, unknown> = {}
  const problems: Array<(typeof ConfigInvalid.Type)["problems"][number]> = []
  const described: Array<Loaded["described"][number]> = []
  for (const [name, { expected, fallback, meaning, schema, variable }] of Object.entries<Setting<unknown>>(settings)) {
    const source: Source = environment[variable] ? "environment" : file[variable] ? ".env" : "default"
    const text = environment[variable] || file[variable] || fallback
    const exit = text === undefined ? Exit.succeed(undefined) : Schema.decodeUnknownExit(schema)(text)
    if (Exit.isFailure(exit)) {
      problems.push({ variable, source, expected })
      continue
    }
    values[name] = exit.value
    const value = Redacted.isRedacted(exit.value) ? "(hidden)" : (text ?? "(not set)")
    described.push({ variable, value, source, meaning })
  }
  if (problems.length > 0) return Effect.fail(new ConfigInvalid({ problems }))
  return Effect.succeed({ config: values as Config, described })
}

/** From the environment, and from a file `.env` in the working directory if there is one. */
export const load = Effect.suspend(() =>
  read(process.env, existsSync(".env") ? parseEnv(readFileSync(".env", "utf8")) : {})
)
