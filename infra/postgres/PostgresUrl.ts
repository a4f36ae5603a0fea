import { isIP } from "node:net"
import { Effect, Redacted, Schema } from "effect"

/** Says what is wrong with the address, never the address: it holds a password. */
export class PostgresUrlInvalid extends Schema.TaggedError<PostgresUrlInvalid>()("PostgresUrlInvalid", {
  expected: Schema.String
}) {
  override get message() {
    return `the address of PostgreSQL in DATABASE_URL is not valid: ${this.expected}; see docs/operations.md, Configuration`
  }
}

export interface PostgresAddress {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly username: string
  readonly password: Redacted.Redacted | undefined
  readonly tls: boolean
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/
const encrypted = ["require", "verify-ca", "verify-full"]

/**
 * `postgres://user:password@host:port/database?sslmode=…`. Modes that fall back to plain text are refused. Without a
 * mode the connection is encrypted, except to this machine. An encrypted connection always verifies the certificate
 * and the host's name, also where libpq would not.
 */
export const parse = (url: Redacted.Redacted): Effect.Effect<PostgresAddress, PostgresUrlInvalid> =>
  Effect.gen(function* () {
    const invalid = (expected: string) => new PostgresUrlInvalid({ expected })
    const text = Redacted.value(url)
    if (text.length > 2_048 || !URL.canParse(text)) return yield* invalid("expected postgres://user:password@host/name")
    const { hostname, password, pathname, port, protocol, searchParams, username } = new URL(text)
    if (protocol !== "postgres:" && protocol !== "postgresql:")
      return yield* invalid("expected it to begin postgres://")
    const decoded = yield* Effect.try({
      try: () => [username, password, pathname.slice(1)].map(decodeURIComponent),
      catch: () => invalid("what is percent-encoded does not decode")
    })
    const [user, secret, database] = decoded as [string, string, string]
    const host = hostname.replace(/^\[(.*)\]$/, "$1")
    if (host === "" || user === "" || database === "") return yield* invalid("expected a user, a host and a database")
    const unknown = [...searchParams.keys()].find((name) => name !== "sslmode")
    if (unknown !== undefined) return yield* invalid("the only parameter it takes is sslmode")
    const mode = searchParams.get("sslmode") ?? (loopback.test(host) ? "disable" : "require")
    if (mode !== "disable" && !encrypted.includes(mode)) {
      return yield* invalid(`expected an sslmode of ${["disable", ...encrypted].join(", ")}`)
    }
    return {
      host,
      port: port === "" ? 5432 : Number(port),
      database,
      username: user,
      password: secret === "" ? undefined : Redacted.make(secret),
      tls: mode !== "disable"
    }
  })

/** The name the certificate must carry; an address has none to indicate. */
export const serverNameOf = ({ host }: PostgresAddress) => (isIP(host) === 0 ? host : undefined)
