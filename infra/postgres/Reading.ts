import type { Redacted } from "effect"
import * as PostgresClient from "./PostgresClient.ts"

/** PostgreSQL for whoever writes nothing: the server sees to that. */
export const layer = (url: Redacted.Redacted) => PostgresClient.layer(url, { maxConnections: 2, readOnly: true })
