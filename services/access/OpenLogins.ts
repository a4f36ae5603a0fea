import { Context, Effect, Layer } from "effect"
import { type LoggedIn, Login } from "#domain/access/Login.ts"
import { fromBase64url } from "#domain/Bytes.ts"
import type { ApiKeyId, ClientId, LoginId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Registrations } from "../views/Registrations.ts"
import * as LoginRows from "./LoginRows.ts"

export interface OpenLogin {
  readonly id: LoginId
  readonly client: ClientId
  readonly key: ApiKeyId
  readonly digest: Uint8Array
  readonly loggedInAt: Instant
  /** As far as the log was told. */
  readonly usedAt: Instant
  readonly expiresAt: Instant
}

/** Every login that nobody has ended, oldest first, in memory; whether one is still good depends on time and on its key. */
export class OpenLogins extends Context.Service<OpenLogins, ReadonlyMap<LoginId, OpenLogin>>()(
  "homing/services/access/OpenLogins"
) {
  static readonly layer = Layer.effect(
    this,
    Effect.map(Registrations, ({ register }) => {
      const open = new Map<LoginId, OpenLogin>()
      register({
        rows: LoginRows.view,
        memory: {
          hydrate: (sql) =>
            Effect.map(LoginRows.read(sql), (rows) => {
              for (const { expires_at: expiresAt, logged_in_at: loggedInAt, used_at: usedAt, ...row } of rows) {
                open.set(row.id, { ...row, digest: fromBase64url(row.digest), loggedInAt, usedAt, expiresAt })
              }
            }),
          follow: (events) => {
            for (const event of events) apply(open, event)
          }
        }
      })
      return open
    })
  )
}

const opened = (id: LoginId, { client, digest, expiresAt, key }: LoggedIn, at: Instant): OpenLogin => ({
  id,
  client,
  key,
  digest: fromBase64url(digest),
  loggedInAt: at,
  usedAt: at,
  expiresAt
})

const apply = (open: Map<LoginId, OpenLogin>, recorded: RecordedEvent) => {
  const id = Login.idOf(recorded.stream)
  const event = Login.read(recorded)
  if (event.type === "access.logged_in") open.set(id, opened(id, event.data, recorded.metadata.occurredAt))
  if (event.type === "access.logged_out") open.delete(id)
  const known = open.get(id)
  if (event.type === "access.login_used" && known !== undefined) open.set(id, { ...known, usedAt: event.data.at })
}
