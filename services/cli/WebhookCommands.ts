import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { EndpointId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { connected, json, url } from "./GatewayCommands.ts"

/** The commands about webhooks: who is told what happens, and what was delivered. */

const scope = "webhooks:manage"
const endpointsCommand = Effect.promise(() => import("./EndpointsCommand.ts"))
const deliveriesCommand = Effect.promise(() => import("./DeliveriesCommand.ts"))

const id = Argument.String("endpoint").pipe(Argument.withDescription("The endpoint's id"))
const named = { url, json, id }

const endpointsList = Command.make("list", { url, json }, ({ json, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, scope)
    yield* (yield* endpointsCommand).list(ask, { json })
  })
).pipe(Command.withDescription("Print every endpoint, a line each"))

const endpointsCreate = Command.make(
  "create",
  {
    url,
    json,
    types: Flag.String("types").pipe(
      Flag.withDescription("Only events of these types, comma-separated"),
      Flag.withDefault("")
    ),
    device: Flag.String("device").pipe(Flag.withDescription("Only events of the device with this id"), Flag.optional),
    personal: Flag.Boolean("personal").pipe(
      Flag.withDescription("With numbers, names and texts"),
      Flag.withDefault(false)
    ),
    address: Argument.String("address").pipe(Argument.withDescription("Where to post: https://…"))
  },
  ({ address, device, json, personal, types, url }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, scope)
      const wanted = { url: address, types, personal, device: Option.getOrUndefined(device) }
      yield* (yield* endpointsCommand).create(ask, wanted, { json })
    })
).pipe(Command.withDescription("Create an endpoint, and print it with its secret, which is shown once"))

const endpointsShow = Command.make("show", named, ({ id, json, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, scope)
    yield* (yield* endpointsCommand).show(ask, { id, json })
  })
).pipe(Command.withDescription("Print an endpoint"))

const endpointsRotate = Command.make(
  "rotate",
  {
    ...named,
    overlap: Flag.Int("overlap").pipe(
      Flag.withDescription("For how many seconds the secret before is good too; a day if nothing is said"),
      Flag.optional
    )
  },
  ({ id, json, overlap, url }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, scope)
      yield* (yield* endpointsCommand).rotate(ask, { id, json, overlap: Option.getOrUndefined(overlap) })
    })
).pipe(Command.withDescription("Sign with a new secret, and print it once"))

const endpointsTest = Command.make("test", named, ({ id, json, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, scope)
    yield* (yield* endpointsCommand).test(ask, { id, json })
  })
).pipe(Command.withDescription("Deliver a test, and print what came of it: ends with 0 if it arrived"))

const able = (name: "enable" | "disable", what: string) =>
  Command.make(name, named, ({ id, json, url }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, scope)
      yield* (yield* endpointsCommand).enable(ask, { id, json, enabled: name === "enable" })
    })
  ).pipe(Command.withDescription(what))

const endpointsRemove = Command.make("remove", { url, id }, ({ id, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, scope)
    yield* (yield* endpointsCommand).remove(ask, id)
  })
).pipe(Command.withDescription("Remove an endpoint, and what waits for it"))

export const endpoints = Command.make("endpoints").pipe(
  Command.withDescription("Ask a running gateway who is told what happens; needs API_KEY"),
  Command.withSubcommands([
    endpointsList,
    endpointsCreate,
    endpointsShow,
    endpointsRotate,
    endpointsTest,
    able("enable", "Deliver to it again: first what waited for it"),
    able("disable", "Deliver nothing more to it; what waits stays"),
    endpointsRemove
  ])
)

const delivery = Argument.String("delivery").pipe(Argument.withDescription("The delivery's id"))

/** As people write a moment: a day, or RFC 3339. */
const Moment = Schema.String.check(
  Schema.isPattern(/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/),
  Schema.makeFilter((text: string) => !Number.isNaN(Date.parse(text)), { message: "no moment: 2026-11-30T12:00:00Z" })
)
const instantOf = (moment: Option.Option<string>): Instant | undefined =>
  Option.isSome(moment) ? fromMillis(Date.parse(moment.value)) : undefined
const moment = (name: string, what: string) =>
  Flag.String(name).pipe(Flag.withDescription(what), Flag.withSchema(Moment), Flag.optional)
const range = {
  from: moment("from", "Only of events that were recorded from this moment on, as 2026-11-30T12:00:00Z"),
  to: moment("to", "Only of events that were recorded before this moment")
}

const target = Flag.String("target").pipe(
  Flag.withDescription("Of this target of routes, by its name or its id, instead of an endpoint"),
  Flag.optional
)
type Named = { readonly [K in "endpoint" | "target"]: Option.Option<string> }
const destinationOf = ({ endpoint, target }: Named) => ({
  ...(Option.isSome(endpoint) && { endpoint: endpoint.value }),
  ...(Option.isSome(target) && { target: target.value })
})

const deliveriesList = Command.make(
  "list",
  {
    url,
    json,
    ...range,
    status: Flag.Literals("status", ["pending", "delivered", "dead"]).pipe(
      Flag.withDescription("Only those with this status"),
      Flag.optional
    ),
    target,
    endpoint: id.pipe(Argument.optional)
  },
  ({ from, json, status, to, url, ...named }) =>
    Effect.gen(function* () {
      const { ask } = yield* connected(url, scope)
      const asked = {
        destination: destinationOf(named),
        status: Option.getOrUndefined(status),
        from: instantOf(from),
        to: instantOf(to)
      }
      yield* (yield* deliveriesCommand).list(ask, asked, json)
    })
).pipe(Command.withDescription("Print every delivery to an endpoint or a target, newest first, a line each"))

const deliveriesShow = Command.make("show", { url, json, delivery }, ({ delivery, json, url }) =>
  Effect.gen(function* () {
    const { ask } = yield* connected(url, scope)
    yield* (yield* deliveriesCommand).show(ask, delivery, json)
  })
).pipe(Command.withDescription("Print a delivery, and what its attempts came to"))

const deliveriesRedrive = Command.make(
  "redrive",
  {
    url,
    json,
    ...range,
    endpoint: Flag.String("endpoint").pipe(
      Flag.withDescription("Of this endpoint, all with the status, instead of those that are named"),
      Flag.withSchema(EndpointId),
      Flag.optional
    ),
    target,
    status: Flag.Literals("status", ["dead", "delivered"]).pipe(
      Flag.withDescription("What is redriven of an endpoint or a target: what was given up, or what arrived"),
      Flag.withDefault("dead")
    ),
    ids: delivery.pipe(Argument.variadic())
  },
  ({ endpoint, from, ids, json, status, target, to, url }) =>
    Effect.gen(function* () {
      const { redrive } = yield* deliveriesCommand
      const { ask } = yield* connected(url, scope)
      const range = {
        destination: destinationOf({ endpoint, target }),
        status,
        from: instantOf(from),
        to: instantOf(to)
      }
      yield* redrive(ask, { ids, range, json })
    })
).pipe(
  Command.withDescription(
    "Deliver again under the same id: some that are named, or those of a time to an endpoint or a target"
  )
)

export const deliveries = Command.make("deliveries").pipe(
  Command.withDescription("Ask a running gateway what was told to endpoints and targets; needs API_KEY"),
  Command.withSubcommands([deliveriesList, deliveriesShow, deliveriesRedrive])
)
