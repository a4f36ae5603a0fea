import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { units } from "#domain/meta/Target.ts"
import { connected, json, url } from "./GatewayCommands.ts"

/** The commands about where what apps of Meta hear goes. */

const reading = "routes:read"
const managing = "routes:manage"
const targetsCommand = Effect.promise(() => import("./TargetsCommand.ts"))
const routesCommand = Effect.promise(() => import("./RoutesCommand.ts"))

const app = Flag.String("app").pipe(
  Flag.withDescription(
    "An app of Meta, as META_APPS calls it, session.<source> or own.devices; by default the app with variables of its own"
  ),
  Flag.withDefault("default")
)
const target = Argument.String("target").pipe(Argument.withDescription("The target's name, or its id"))
const named = { url, json, app, target }

const targetsList = Command.make("list", { url, json, app }, ({ app, json, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, reading)
    yield* (yield* targetsCommand).list(ask, { app, json })
  })
).pipe(Command.withDescription("Print every target, a line each"))

const targetsAdd = Command.make(
  "add",
  {
    url,
    json,
    app,
    unit: Flag.Literals("unit", units).pipe(
      Flag.withDescription("change: what routes lead there and nothing else; raw: each such request, whole"),
      Flag.withDefault("change" as const)
    ),
    region: Flag.String("region").pipe(Flag.withDescription("Where it is: no target with one is raw"), Flag.optional),
    timeout: Flag.Int("timeout").pipe(
      Flag.withDescription("How long an attempt may take, in milliseconds"),
      Flag.optional
    ),
    secret: Flag.String("gateway-secret").pipe(
      Flag.withDescription("Of raw: a file with what it is told in x-gateway-secret; - reads it"),
      Flag.optional
    ),
    name: Argument.String("name").pipe(Argument.withDescription("What routes call it")),
    address: Argument.String("address").pipe(Argument.withDescription("Where to post: https://…"))
  },
  ({ address, app, json, name, region, secret, timeout, unit, url }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, managing)
      const more = {
        region: Option.getOrUndefined(region),
        timeoutMs: Option.getOrUndefined(timeout),
        gatewaySecret: Option.getOrUndefined(secret)
      }
      yield* (yield* targetsCommand).add(ask, { name, url: address, unit, ...more }, { app, json })
    })
).pipe(Command.withDescription("Add a target, and print it with its secret, which is shown once"))

const targetsShow = Command.make("show", named, ({ url, ...named }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, reading)
    yield* (yield* targetsCommand).show(ask, named)
  })
).pipe(Command.withDescription("Print a target"))

const targetsMove = Command.make(
  "move",
  { ...named, address: Argument.String("address").pipe(Argument.withDescription("Where to post instead")) },
  ({ address, url, ...named }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, managing)
      yield* (yield* targetsCommand).move(ask, named, address)
    })
).pipe(Command.withDescription("Give a target another address"))

const targetsRotate = Command.make(
  "rotate",
  {
    ...named,
    overlap: Flag.Int("overlap").pipe(
      Flag.withDescription("For how many seconds the secret before is good too; a day if nothing is said"),
      Flag.optional
    )
  },
  ({ overlap, url, ...named }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, managing)
      yield* (yield* targetsCommand).rotate(ask, named, Option.getOrUndefined(overlap))
    })
).pipe(Command.withDescription("Sign with a new secret, and print it once"))

const able = (name: "enable" | "disable", what: string) =>
  Command.make(name, named, ({ url, ...named }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, managing)
      yield* (yield* targetsCommand).enable(ask, named, name === "enable")
    })
  ).pipe(Command.withDescription(what))

const targetsRemove = Command.make("remove", { url, app, target }, ({ url, ...named }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, managing)
    yield* (yield* targetsCommand).remove(ask, { ...named, json: false })
  })
).pipe(Command.withDescription("Remove a target that no route leads to"))

export const targets = Command.make("targets").pipe(
  Command.withDescription("Ask a running gateway where routes may lead; needs API_KEY"),
  Command.withSubcommands([
    targetsList,
    targetsAdd,
    targetsShow,
    targetsMove,
    targetsRotate,
    able("enable", "Deliver to it again: first what waited for it"),
    able("disable", "Deliver nothing more to it; what waits stays"),
    targetsRemove
  ])
)

const file = (what: string) => Argument.String("file").pipe(Argument.withDescription(`${what}; - reads it`))

const routesShow = Command.make("show", { url, json, app }, ({ app, json, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, reading)
    yield* (yield* routesCommand).show(ask, { app, json })
  })
).pipe(Command.withDescription("Print which rules lead where"))

const routesSet = Command.make(
  "set",
  { url, json, app, file: file("JSON with fields, accounts, prefixes, countries, others") },
  ({ app, file, json, url }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, managing)
      yield* (yield* routesCommand).set(ask, file, { app, json })
    })
).pipe(Command.withDescription("Set the rules, in place of all that there were"))

const routesExplain = Command.make(
  "explain",
  { url, json, app, file: file("A request as Meta posts it") },
  ({ app, file, json, url }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, reading)
      yield* (yield* routesCommand).explain(ask, file, { app, json })
    })
).pipe(Command.withDescription("Print which rule would lead what of a request where; nothing of it is kept"))

export const routes = Command.make("routes").pipe(
  Command.withDescription("Ask a running gateway where what apps of Meta hear goes; needs API_KEY"),
  Command.withSubcommands([routesShow, routesSet, routesExplain])
)
