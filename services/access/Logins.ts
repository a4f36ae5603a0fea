import { Context, Effect, Layer, Schema } from "effect"
import { type Ending, Login, type LoginCommand } from "#domain/access/Login.ts"
import { base64url } from "#domain/Bytes.ts"
import * as Clocks from "#domain/Clocks.ts"
import { fold } from "#domain/Decider.ts"
import { uuidV7 } from "#domain/Identifiers.ts"
import { type ClientId, LoginId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { Principal } from "../api/Principal.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import type { Caller } from "../runtime/Caller.ts"
import { inForce, Views } from "../views/Views.ts"
import { Authenticator } from "./Authenticator.ts"
import { newToken, proofOf, type Token, tokenIn, written } from "./LoginCookie.ts"
import { LoginUses } from "./LoginUses.ts"
import { OpenLogins } from "./OpenLogins.ts"

export interface Options {
  /** How long a login lasts, at most. */
  readonly hours: number
  /** And when nothing is asked by it. */
  readonly idleMinutes: number
  /** Of one client; a further one ends the oldest. */
  readonly perClient: number
}

/** How long a link waits to be followed. */
const linkMinutes = 10

export interface LoginDocument {
  readonly id: LoginId
  readonly client: ClientId
  readonly key: string
  readonly loggedInAt: Instant
  /** Exact where it was used last, elsewhere to a quarter of the idle time. */
  readonly lastUsedAt: Instant
  readonly expiresAt: Instant
}

interface Opened {
  readonly id: LoginId
  /** For the cookie. */
  readonly token: string
  readonly expiresAt: Instant
}

/** What was presented opens nothing. */
export class LoginRefused extends Schema.TaggedError<LoginRefused>()("LoginRefused", {}) {}
export class LoginUnknown extends Schema.TaggedError<LoginUnknown>()("LoginUnknown", {}) {}

type Unavailable = EventStoreUnavailable

/** Logins of clients: each is in force on this process when a call here answers, and elsewhere when that is heard. */
export class Logins extends Context.Service<
  Logins,
  {
    readonly open: (caller: Caller) => Effect.Effect<Opened, LoginRefused | Unavailable>
    /** Exchanges a link's token, once. Answers as whom, too. */
    readonly redeem: (link: string) => Effect.Effect<Opened & { readonly caller: Caller }, LoginRefused | Unavailable>
    readonly offer: (
      caller: Caller
    ) => Effect.Effect<{ readonly link: string; readonly expiresAt: Instant }, LoginRefused | Unavailable>
    /** Those that are good: of its client, or for an administrator all. Oldest first. */
    readonly list: (principal: Principal) => ReadonlyArray<LoginDocument>
    /** `unknown` also for one that is not shown to whoever asks. */
    readonly end: (principal: Principal, login: LoginId) => Effect.Effect<void, LoginUnknown | Unavailable>
    /** Waits until this process knows of what the log holds by now. */
    readonly hear: Effect.Effect<void, Unavailable>
  }
>()("homing/services/access/Logins") {}

const isLoginId = Schema.is(LoginId)

export const layer = ({ hours, perClient }: Options) =>
  Layer.effect(
    Logins,
    Effect.gen(function* () {
      const wall = yield* Clocks.wall
      const crypto = yield* Crypto
      const store = yield* EventStore
      const views = yield* Views
      const open = yield* OpenLogins
      const uses = yield* LoginUses
      const { digestOfKey, isGood } = yield* Authenticator
      const actors = yield* AggregateActors.make(Login)

      const after = (minutes: number) => fromMillis(wall() + minutes * 60_000)

      const execute = Effect.fnUntraced(function* (
        id: LoginId,
        { key }: Caller,
        command: (decision: AggregateActors.Decision) => LoginCommand
      ) {
        const origin = { actor: { kind: "api_key" as const, id: key }, correlationId: id, causationId: key }
        const { position } = yield* actors.execute(Login.streamOf(id), command, origin)
        if (position !== undefined) yield* inForce(views, position)
      })

      const shown = (principal: Principal) =>
        [...open.values()].filter(({ client }) => client === principal.client || principal.scopes.has("admin"))

      const end = (caller: Caller, id: LoginId, reason: Ending) =>
        Effect.catchTag(
          execute(id, caller, () => ({ _tag: "LogOut", reason })),
          "LoginRejected",
          () => Effect.fail(new LoginUnknown({}))
        )

      /** What nobody can use any more, and the oldest of what is one too many. Two gateways may each leave one more. */
      const makeRoom = Effect.fnUntraced(function* (caller: Caller, except: LoginId) {
        const own = [...open.values()].filter(({ client, id }) => client === caller.client && id !== except)
        const good = own.filter(({ id }) => isGood(id))
        const crowded = good.slice(0, Math.max(0, good.length + 1 - perClient))
        for (const { id } of own) {
          const reason = !good.some((one) => one.id === id) ? "expired" : "crowded"
          if (reason === "expired" || crowded.some((one) => one.id === id))
            yield* Effect.ignore(end(caller, id, reason))
        }
      })

      const logIn = Effect.fnUntraced(function* (token: Token, { client, key }: Caller, by: "key" | "link") {
        const digest = digestOfKey(key)
        if (digest === undefined) return yield* new LoginRefused({})
        const expiresAt = after(hours * 60)
        const granted = { client, key, digest: base64url(proofOf(crypto, token, digest)), expiresAt, by }
        yield* Effect.catchTag(
          execute(token.id, { client, key }, ({ at }) => ({ _tag: "LogIn", at, ...granted })),
          "LoginRejected",
          () => Effect.fail(new LoginRefused({}))
        )
        yield* makeRoom({ client, key }, token.id)
        return { id: token.id, token: written(token), expiresAt }
      })

      const fresh = () => newToken(crypto, LoginId.make(uuidV7(crypto, wall())))

      return {
        open: (caller) => Effect.suspend(() => logIn(fresh(), caller, "key")),

        redeem: Effect.fnUntraced(function* (link) {
          const token = tokenIn(link)
          if (token === undefined || !isLoginId(token.id)) return yield* new LoginRefused({})
          // of the log itself: another gateway may have offered it just now
          const state = fold(Login, (yield* store.read(Login.streamOf(token.id))).map(Login.read))
          if (state._tag !== "Offered") return yield* new LoginRefused({})
          const { client, digest, key } = state
          const proof = proofOf(crypto, token, digestOfKey(key) ?? crypto.random(32))
          if (base64url(proof) !== digest) return yield* new LoginRefused({})
          const opened = yield* logIn(newToken(crypto, token.id), { client, key }, "link")
          return { ...opened, caller: { client, key } }
        }),

        offer: Effect.fnUntraced(function* ({ client, key }) {
          const token = fresh()
          const digest = digestOfKey(key)
          if (digest === undefined) return yield* new LoginRefused({})
          const expiresAt = after(linkMinutes)
          const granted = { client, key, digest: base64url(proofOf(crypto, token, digest)), expiresAt }
          yield* Effect.catchTag(
            execute(token.id, { client, key }, () => ({ _tag: "Offer", ...granted })),
            "LoginRejected",
            Effect.die
          )
          return { link: written(token), expiresAt }
        }),

        list: (principal) =>
          shown(principal).flatMap((login) => {
            const { client, expiresAt, id, key, loggedInAt } = login
            const lastUsedAt = fromMillis(uses.lastOf(login))
            return isGood(id) ? [{ id, client, key, loggedInAt, lastUsedAt, expiresAt }] : []
          }),

        end: Effect.fnUntraced(function* (principal, id) {
          if (!shown(principal).some((login) => login.id === id)) return yield* new LoginUnknown({})
          yield* end(principal, id, id === principal.login ? "asked" : "revoked")
        }),

        hear: Effect.flatMap(store.head, (head) => (head === undefined ? Effect.void : inForce(views, head)))
      }
    })
  )
