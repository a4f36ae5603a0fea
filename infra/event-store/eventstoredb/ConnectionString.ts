import { isIP } from "node:net"
import { Effect, Redacted, Result, Schema } from "effect"
import { EventStoreDbUnfit } from "./EventStoreDbUnfit.ts"

const port = Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 65_535 }))
const Host = Schema.Struct({
  address: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9._-]{1,253}$/)),
  port
})

/** What an address says. */
export const Connection = Schema.Struct({
  /** Ask the hosts who leads the cluster, and talk to that one. */
  discover: Schema.Boolean,
  hosts: Schema.NonEmptyArray(Host),
  tls: Schema.Boolean,
  /** A certificate authority in a PEM file, when the system does not know the server's. */
  tlsCAFile: Schema.optionalKey(Schema.NonEmptyString),
  credentials: Schema.UndefinedOr(
    Schema.Struct({ username: Schema.NonEmptyString, password: Schema.RedactedFromValue(Schema.NonEmptyString) })
  )
})
export type Connection = typeof Connection.Type

export const expected =
  "esdb://[user:password@]host[:port][,host[:port]][?tls=true|false&tlsCAFile=path] or esdb+discover://…; " +
  "with TLS, the default, hosts are names"

const parts =
  /^(?:esdb|kurrentdb)(?<discover>\+discover)?:\/\/(?:(?<user>[^:@/]+):(?<password>[^@/]+)@)?(?<hosts>[^/?@]+)\/?(?:\?(?<options>.*))?$/

const decodeConnection = Schema.decodeUnknownResult(Connection)

/**
 * Only what is used here is taken. The library's own parser prints the whole string, password and all, on a key it does
 * not know, and lets a string change the timers that this adapter rests on.
 */
const parse = (text: string): Connection | undefined => {
  const groups = parts.exec(text.trim())?.groups
  const options = new URLSearchParams(groups?.options ?? "")
  if (groups === undefined || [...options.keys()].some((key) => key !== "tls" && key !== "tlsCAFile")) return undefined
  const { discover, password, user } = groups
  const hosts = groups.hosts!.split(",").map((host) => {
    const [address, port = "2113", ...rest] = host.split(":")
    return { address: rest.length === 0 ? address : undefined, port }
  })
  const tls = options.get("tls") ?? "true"
  const connection = decodeConnection({
    discover: discover !== undefined || hosts.length > 1,
    hosts,
    tls: tls === "true" ? true : tls === "false" ? false : undefined,
    ...(options.has("tlsCAFile") && { tlsCAFile: options.get("tlsCAFile") }),
    credentials: user === undefined ? undefined : { username: decoded(user), password: decoded(password!) }
  })
  // Node takes no IP address for the name that a TLS certificate is asked for, and grpc-js passes the host as it is.
  if (tls === "true" && hosts.some(({ address = "" }) => isIP(address) !== 0)) return undefined
  return Result.getOrUndefined(connection)
}

const decoded = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Fails with what is expected, never with what was given. */
export const decode = (url: Redacted.Redacted): Effect.Effect<Connection, EventStoreDbUnfit> => {
  const connection = parse(Redacted.value(url))
  return connection === undefined
    ? Effect.fail(new EventStoreDbUnfit({ reason: `its address is not of the form ${expected}` }))
    : Effect.succeed(connection)
}
