import { Clock, Effect, Layer } from "effect"
import * as Secret from "#domain/delivery/Secret.ts"
import { uuidV7 } from "#domain/Identifiers.ts"
import { TargetId } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import type { AppRoutesCommand } from "#domain/meta/AppRoutes.ts"
import { isApp, nameOf } from "#domain/meta/RoutedSource.ts"
import type { Target } from "#domain/meta/Target.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { OutboundHttp, type RefusalReason } from "#domain/ports/OutboundHttp.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Decision } from "../runtime/AggregateActors.ts"
import type { Caller } from "../runtime/Caller.ts"
import * as Requests from "../runtime/Requests.ts"
import * as Apps from "./Apps.ts"
import * as Commands from "./Commands.ts"
import * as Erasure from "./Erasure.ts"
import * as Refusals from "./Refusals.ts"
import { Routes } from "./Routes.ts"
import { RoutesRegistry } from "./RoutesRegistry.ts"
import { type TargetDocument, Targets } from "./Targets.ts"

const ofRegion = "none: the target takes requests whole, and reads of people of every region in them"

const ofMeta = "change: requests of Meta's alone are told whole"

export const layer = Layer.effect(
  Targets,
  Effect.gen(function* () {
    const appNamed = yield* Apps.make
    const crypto = yield* Crypto
    const erase = yield* Erasure.make
    const outbound = yield* OutboundHttp
    const personal = yield* Personal
    const registry = yield* RoutesRegistry
    const requests = yield* Requests.Requests
    const { opened } = yield* Routes
    const say = yield* Commands.make

    const vet = (url: string) =>
      Effect.catchTag(outbound.vet(url), "OutboundRefused", ({ reason }: { readonly reason: RefusalReason }) =>
        Effect.fail(new Refusals.TargetRefused({ reason }))
      )

    const all = () => [...registry.values()].flatMap(({ targets }) => [...targets.values()])
    const found = (id: TargetId) =>
      Effect.suspend(() => {
        const target = all().find((one) => one.id === id)
        return target === undefined ? Effect.fail(new Refusals.TargetUnknown()) : Effect.succeed(target)
      })

    const present = Effect.fnUntraced(function* (target: Target, secret?: string) {
      const { app, createdAt, disabled: reason, id, name, region = null, secrets, timeoutMillis, unit } = target
      const url = (yield* opened(target))?.url
      const now = fromMillis(yield* Clock.currentTimeMillis)
      const document: TargetDocument = {
        id,
        app: nameOf(app),
        name,
        ...(url !== undefined && { url }),
        unit,
        region,
        timeoutMs: timeoutMillis,
        state: reason === null ? "enabled" : "disabled",
        reason,
        createdAt,
        keys: secrets
          .filter(({ publicKey, until }) => publicKey !== "" && (until === null || until > now))
          .map((key) => ({ publicKey: Secret.publicKeyOf(key), until: key.until })),
        ...(secret !== undefined && { secret })
      }
      return document
    })

    type OfTarget = (decision: Decision) => AppRoutesCommand
    /** What is said of one that may be gone meanwhile. */
    const ask = (caller: Caller, { app, id }: Pick<Target, "app" | "id">, command: OfTarget) =>
      Effect.catchTag(say(Commands.byCaller(caller), app, id, command), "RoutesRejected", () =>
        Effect.fail(new Refusals.TargetUnknown())
      )
    const sealing = (id: TargetId) => personal.sealFor("target", id)
    const sealedSecret = Effect.fnUntraced(function* (target: TargetId, id: string, made: Secret.Made) {
      const seal = yield* sealing(target)
      return ({ eventId }: Decision) => {
        const box = seal(eventId(0), "secret", made.text)
        return { id, publicKey: made.publicKey, box }
      }
    })

    return {
      find: (id) => Effect.flatMap(found(id), (target) => present(target)),
      list: Effect.fnUntraced(function* (name) {
        const app = name === undefined ? undefined : yield* appNamed(name)
        const some = all().filter((target) => app === undefined || target.app === app)
        return yield* Effect.forEach(some, (target) => present(target))
      }),

      add: Effect.fnUntraced(function* (caller, { idempotencyKey: key, ...asked }) {
        const { gatewaySecret, name, region, timeoutMs: timeoutMillis, unit, url } = asked
        const app = yield* appNamed(asked.app)
        if (unit === "raw" && !isApp(app))
          return yield* new Refusals.RoutesFlawed({ pointer: "/unit", expected: ofMeta })
        if (unit === "raw" && region !== null) {
          return yield* new Refusals.RoutesFlawed({ pointer: "/region", expected: ofRegion })
        }
        yield* vet(url)
        const fresh = uuidV7(crypto, yield* Clock.currentTimeMillis)
        const id = TargetId.make(yield* requests.accept(caller, { what: "target", key, asked, fresh }))
        const made: Secret.Made = unit === "raw" ? Secret.ofOwner(gatewaySecret) : Secret.make(crypto)
        const seal = yield* sealing(id)
        const secretOf = yield* sealedSecret(id, Secret.newId(crypto), made)
        const plain = { id, name, unit, timeoutMillis, ...(region !== null && { region }) }
        const isNew = yield* say(Commands.byCaller(caller), app, id, (decision) => ({
          _tag: "Add",
          added: { ...plain, url: seal(decision.eventId(0), "url", url), secret: secretOf(decision) }
        })).pipe(
          Effect.catchTag(
            "RoutesRejected",
            ({ reason }): Effect.Effect<boolean, Refusals.TargetNameTaken | Refusals.TargetsFull> => {
              if (reason === "name_taken") return Effect.fail(new Refusals.TargetNameTaken())
              if (reason === "full") return Effect.fail(new Refusals.TargetsFull())
              return Effect.succeed(false)
            }
          )
        )
        const target = Effect.flatMap(found(id), (one) => present(one, isNew ? made.shown : undefined))
        return yield* Effect.catchTag(target, "TargetUnknown", () => Effect.fail(new Requests.OtherContent({})))
      }),

      change: Effect.fnUntraced(function* (caller, id, { enabled, gatewaySecret, region, timeoutMs, url }) {
        const target = yield* found(id)
        if (region != null && target.unit === "raw") {
          return yield* new Refusals.RoutesFlawed({ pointer: "/region", expected: ofRegion })
        }
        if (gatewaySecret !== undefined && target.unit !== "raw") {
          const expected = "none: only a target that takes requests whole has a secret of its owner's"
          return yield* new Refusals.RoutesFlawed({ pointer: "/gatewaySecret", expected })
        }
        if (url !== undefined) yield* vet(url)
        const seal = yield* sealing(id)
        yield* ask(caller, target, ({ eventId }) => ({
          _tag: "Change",
          changed: {
            id,
            ...(url !== undefined && { url: seal(eventId(0), "url", url) }),
            ...(region !== undefined && { region }),
            ...(timeoutMs !== undefined && { timeoutMillis: timeoutMs })
          }
        }))
        if (gatewaySecret !== undefined && (yield* opened(target))?.secrets[0]?.shared !== gatewaySecret) {
          const secretOf = yield* sealedSecret(id, Secret.newId(crypto), Secret.ofOwner(gatewaySecret))
          yield* ask(caller, target, (decision) => ({
            _tag: "Rotate",
            id,
            secret: secretOf(decision),
            until: decision.at
          }))
        }
        if (enabled !== undefined) {
          yield* ask(caller, target, () =>
            enabled ? { _tag: "Enable", id } : { _tag: "Disable", id, reason: "operator" }
          )
        }
        return yield* Effect.flatMap(found(id), (one) => present(one))
      }),

      rotate: Effect.fnUntraced(function* (caller, id, { idempotencyKey: key, overlapSeconds }) {
        const target = yield* found(id)
        if (target.unit === "raw") return yield* new Refusals.TargetSignsNothing()
        const fresh = Secret.newId(crypto)
        const secret = yield* requests.accept(caller, {
          what: `secret of ${id}`,
          key,
          asked: { overlapSeconds },
          fresh
        })
        const made = Secret.make(crypto)
        const secretOf = yield* sealedSecret(id, secret, made)
        const isNew = yield* ask(caller, target, (decision) => ({
          _tag: "Rotate",
          id,
          secret: secretOf(decision),
          until: fromMillis(toMillis(decision.at) + overlapSeconds * 1_000)
        }))
        return yield* Effect.flatMap(found(id), (one) => present(one, isNew ? made.shown : undefined))
      }),

      remove: (caller, id) =>
        Effect.gen(function* () {
          const app = [...registry.values()].find(
            ({ removed, targets }) => removed.includes(id) || [...targets.values()].some((one) => one.id === id)
          )?.app
          if (app === undefined) return yield* new Refusals.TargetUnknown()
          yield* say(Commands.byCaller(caller), app, id, () => ({ _tag: "Remove", id })).pipe(
            Effect.catchTag("RoutesRejected", ({ place, reason }) =>
              Effect.fail(
                reason === "in_use"
                  ? new Refusals.TargetInUse({ place: `/${(place ?? []).join("/")}` })
                  : new Refusals.TargetUnknown()
              )
            )
          )
          yield* erase(id)
        }).pipe(Effect.uninterruptible)
    }
  })
).pipe(Layer.provide(Requests.layer))
