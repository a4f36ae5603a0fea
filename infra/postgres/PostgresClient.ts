import { connect } from "node:net"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, type Redacted } from "effect"
import * as PostgresUrl from "./PostgresUrl.ts"

/** In milliseconds. */
const patience = {
  connect: 5_000,
  /** Of the server with one statement, and with a lock that another transaction holds. */
  statement: 5_000,
  lock: 3_000,
  /** Of the server with a transaction whose client says nothing: a paused process holds its locks no longer. */
  idleTransaction: 3_000,
  /** Of this side with a connection on which nothing comes or goes: more than any statement may take. */
  silence: 7_000
}

export interface Options {
  /** How many connections this process may open. */
  readonly maxConnections: number
  /** The server itself refuses whatever would write. */
  readonly readOnly?: boolean
}

/**
 * effect/sql on PostgreSQL: a pool that opens connections as they are needed and again after they break. Every wait is
 * bounded, also when the server is frozen and its machine still answers for it: then no timer of the server's runs, and
 * an interrupted statement would wait for it to say that it was cancelled. `bigint` columns are JavaScript bigints.
 */
export const layer = (url: Redacted.Redacted, { maxConnections, readOnly = false }: Options = { maxConnections: 10 }) =>
  Layer.unwrap(
    Effect.map(PostgresUrl.parse(url), (address) => {
      const { database, host, password, port, tls, username } = address
      const servername = PostgresUrl.serverNameOf(address)
      return PgClient.layer({
        host,
        port,
        database,
        username,
        password,
        ssl: tls && { ...(servername !== undefined && { servername }) },
        stream: () => {
          const socket = connect({ host, port, noDelay: true, keepAlive: true })
          return socket.setTimeout(patience.silence, () => socket.destroy(new Error("PostgreSQL says nothing")))
        },
        applicationName: "homing",
        maxConnections,
        connectTimeout: patience.connect,
        idleTimeout: patience.silence - 2_000, // before the silence of a connection that nobody uses counts as a fault
        startupParameters: {
          ...(readOnly && { default_transaction_read_only: "on" }),
          statement_timeout: String(patience.statement),
          lock_timeout: String(patience.lock),
          idle_in_transaction_session_timeout: String(patience.idleTransaction)
        }
      })
    })
  )
