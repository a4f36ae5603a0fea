import { Context, Effect, Layer, type Redacted, References, Stream } from "effect"
import { type ConnectionOptions, connect } from "nats"
import { AgentId } from "#domain/Ids.ts"
import { CommandBus, type Lane, type Outgoing } from "#domain/ports/CommandBus.ts"
import { EventBus } from "#domain/ports/EventBus.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import type * as EventStream from "../EventStream.ts"
import * as JetStream from "../JetStream.ts"
import type { Tuning } from "../Tuning.ts"

/** Less patient than the real thing. */
export const impatient: Partial<Tuning> = {
  ackWait: 2_000,
  eventAckWait: 2_000,
  request: 2_000,
  heartbeat: 500,
  look: 500,
  stuck: 4_000
}

export interface Ends {
  readonly agent?: AgentId
  readonly tuning?: Partial<Tuning>
  readonly gatewaySeed?: Redacted.Redacted
  readonly agentSeed?: Redacted.Redacted
}

const silent = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, References.MinimumLogLevel, "None")

/** One end, which logs nothing: what goes wrong in these tests is meant to. */
export const oneEnd = (options: JetStream.Options) =>
  Effect.map(silent(Layer.build(Layer.fresh(JetStream.layer(options)))), (context) => {
    const bus = Context.get(context, CommandBus)
    return {
      publish: (lane, envelopes) => silent(bus.publish(lane, envelopes)),
      subscribe: (lane) => Stream.provideService(bus.subscribe(lane), References.MinimumLogLevel, "None"),
      answer: bus.answer,
      ...Context.get(context, JetStream.JetStreamServer)
    } satisfies CommandBus["Service"] & JetStream.JetStreamServer["Service"]
  })

/** A gateway's end of the stream of events. */
export const eventsEnd = (options: Omit<JetStream.Options, "role"> & { readonly events: EventStream.Options }) =>
  Effect.map(
    silent(Layer.build(Layer.fresh(JetStream.layer({ ...options, role: "gateway" })))),
    (context): EventBus => {
      const bus = Context.get(context, EventBus)!
      return {
        keptMillis: bus.keptMillis,
        reached: silent(bus.reached),
        publish: (after, events) => silent(bus.publish(after, events)),
        watch: (stream) => silent(bus.watch(stream))
      }
    }
  )

/** Both ends in one: a gateway's bus where the gateway speaks or listens, an agent's where the agent does. */
export const bothEnds = (url: string, ends: Ends = {}) =>
  Effect.gen(function* () {
    const { agent = AgentId.make("home"), agentSeed, gatewaySeed, tuning = impatient } = ends
    const gateway = yield* oneEnd({ url, tuning, role: "gateway", nkeySeed: gatewaySeed })
    const home = yield* oneEnd({ url, tuning, role: "agent", agent, nkeySeed: agentSeed })
    return CommandBus.of({
      publish: (lane, envelopes) => (lane.kind === "commands" ? gateway : home).publish(lane, envelopes),
      subscribe: (lane) => (lane.kind === "commands" ? home : gateway).subscribe(lane),
      answer: Effect.andThen(gateway.answer, home.answer)
    })
  })

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** An envelope that is what it is called. */
export const envelope = (text: string): Outgoing => ({ id: text, bytes: encoder.encode(text) })

/** Acknowledges all that comes and `keep` does not keep; hears each, repetitions included. */
export const receiver = Effect.fnUntraced(function* (
  bus: CommandBus["Service"],
  lane: Lane,
  keep: (text: string) => boolean = () => false
) {
  const heard: Array<string> = []
  yield* bus.subscribe(lane).pipe(
    Stream.runForEach(({ acknowledge, bytes }) => {
      const text = decoder.decode(bytes)
      heard.push(text)
      return keep(text) ? Effect.void : acknowledge
    }),
    Effect.forkScoped({ startImmediately: true })
  )
  const distinct = () => [...new Set(heard)]
  /** Waits until so many different ones were heard. */
  const hears = (count: number) => until(() => distinct().length >= count)
  return { heard, distinct, hears }
})

export const until = (condition: () => boolean | Promise<boolean>) =>
  Effect.asVoid(
    eventually(
      Effect.orElseSucceed(
        Effect.tryPromise(async () => condition()),
        () => false
      ),
      (holds) => holds
    )
  )

/** The server as its administrator sees it. */
export const administrator = (servers: string, options: ConnectionOptions = {}) =>
  Effect.gen(function* () {
    const nc = yield* Effect.acquireRelease(
      Effect.promise(() => connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 100, ...options })),
      (nc) => Effect.promise(() => nc.close())
    )
    return { nc, jsm: yield* Effect.promise(() => nc.jetstreamManager({ checkAPI: false })) }
  })
