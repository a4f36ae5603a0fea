import { Context, Effect, Layer, Redacted } from "effect"
import * as Client from "#domain/access/Client.ts"
import { scopes } from "#domain/access/Scopes.ts"
import * as Clocks from "#domain/Clocks.ts"
import type { ApiKeyId, LoginId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { Principal } from "../api/Principal.ts"
import { type Lag, Readiness } from "../views/Readiness.ts"
import { digestOf, keyIdIn } from "./Credential.ts"
import { KeyUses } from "./KeyUses.ts"
import { proofOf, tokenIn } from "./LoginCookie.ts"
import { LoginUses } from "./LoginUses.ts"
import { OpenLogins } from "./OpenLogins.ts"
import { Roster, stateOf } from "./Roster.ts"

const configured: Principal = { ...Client.configured, scopes: new Set(scopes), devices: "all" }

/**
 * Says whose key a credential is; `undefined` for nobody's. Until the roster is known to be complete, and while there is no
 * word of the log, it answers why to any key but the configured one: a key may have been revoked that still looks good.
 */
export class Authenticator extends Context.Service<
  Authenticator,
  {
    readonly authenticate: (credential: string) => Principal | Lag | undefined
    /** The same of a cookie; `unheard`: there may be such a login, of which this process was not told yet. */
    readonly authenticateLogin: (cookie: string) => Principal | Lag | "unheard" | undefined
    /** Of the key's own digest, for as long as it is good: what is granted under it is bound to this. */
    readonly digestOfKey: (key: ApiKeyId) => Uint8Array | undefined
    readonly isGood: (login: LoginId) => boolean
    /** For what lasts: whether its key is still good, and may see what it might. */
    readonly standing: (principal: Principal) => "good" | "changed" | "over"
  }
>()("homing/services/access/Authenticator") {}

/** `apiKey` is the configured one. */
export const layer = (apiKey: Redacted.Redacted | undefined) =>
  Layer.effect(
    Authenticator,
    Effect.gen(function* () {
      const wall = yield* Clocks.wall
      const crypto = yield* Crypto
      const { lag } = yield* Readiness
      const { clients, keys } = yield* Roster
      const uses = yield* KeyUses
      const own = apiKey === undefined ? crypto.random(32) : digestOf(crypto, Redacted.value(apiKey))
      const nobodys = crypto.random(32)
      const logins = yield* OpenLogins
      const loginUses = yield* LoginUses

      /** Of a key that is good now. */
      const holderOf = (id: ApiKeyId, millis: number) => {
        if (id === configured.key) return apiKey && { principal: configured, digest: own }
        const key = keys.get(id)
        const devices = key && clients.get(key.client)?.devices
        if (key === undefined || devices === undefined) return undefined
        if (stateOf(key, fromMillis(millis)) !== "active") return undefined
        return { principal: { client: key.client, key: id, scopes: key.scopes, devices }, digest: key.digest }
      }
      const isGood = (id: LoginId) => {
        const millis = wall()
        const login = logins.get(id)
        return login !== undefined && loginUses.isCurrent(login, millis) && holderOf(login.key, millis) !== undefined
      }

      return {
        authenticate: (credential) => {
          if (credential === "") return undefined
          const digest = digestOf(crypto, credential)
          if (crypto.equal(digest, own)) return configured
          const claimed = keyIdIn(credential)
          const key = claimed && keys.get(claimed)
          // An unknown id is compared as well: the time taken does not tell which ids exist.
          const good = crypto.equal(digest, key?.digest ?? nobodys)
          const behind = claimed === undefined ? undefined : lag()
          if (behind !== undefined) return behind
          const now = wall()
          if (!good || key === undefined || stateOf(key, fromMillis(now)) !== "active") return undefined
          const { client, id, scopes } = key
          const owner = clients.get(client)
          if (owner === undefined) return "out_of_date" // what is not known limits no key
          uses.note(id, now)
          return { client, key: id, scopes, devices: owner.devices }
        },
        authenticateLogin: (cookie) => {
          const token = tokenIn(cookie)
          if (token === undefined) return undefined
          const behind = lag()
          if (behind !== undefined) return behind
          const millis = wall()
          const login = logins.get(token.id)
          const holder = login && holderOf(login.key, millis)
          const proof = proofOf(crypto, token, holder?.digest ?? nobodys)
          if (!crypto.equal(proof, login?.digest ?? nobodys) || holder === undefined || login === undefined) {
            return login === undefined ? "unheard" : undefined
          }
          if (!loginUses.isCurrent(login, millis)) return undefined
          loginUses.note(login.id, millis)
          if (login.key !== configured.key) uses.note(login.key, millis)
          return { ...holder.principal, login: login.id }
        },
        digestOfKey: (key) => holderOf(key, wall())?.digest,
        isGood,
        standing: ({ client, devices, key: id, login }) => {
          if (login !== undefined && !isGood(login)) return "over"
          if (id === configured.key) return "good"
          const key = keys.get(id)
          if (key === undefined || stateOf(key, fromMillis(wall())) !== "active") return "over"
          return clients.get(client)?.devices === devices ? "good" : "changed"
        }
      }
    })
  )
