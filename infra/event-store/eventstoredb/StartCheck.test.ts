import { assert, describe, it } from "@effect/vitest"
import featuresService from "@eventstore/db-client/generated/serverfeatures_grpc_pb.js"
import features from "@eventstore/db-client/generated/serverfeatures_pb.js"
import streamsService from "@eventstore/db-client/generated/streams_grpc_pb.js"
import type streams from "@eventstore/db-client/generated/streams_pb.js"
import { type handleClientStreamingCall, Metadata, Server, ServerCredentials, status } from "@grpc/grpc-js"
import { Effect, Layer, Redacted } from "effect"
import { eventStoreDouble } from "../double/testing/DoubleFixture.ts"
import * as EventStoreDb from "./EventStoreDb.ts"
import type { Patience } from "./Patience.ts"
import { appendLimit } from "./Proposals.ts"
import { impatient, quiet } from "./testing/ImpatientFixture.ts"

const brief = { start: 1_500 }

/** What starting on this address ends with, for people. */
const refusal = (url: string, patience: Partial<Patience> = {}) =>
  Layer.build(EventStoreDb.layer({ url: Redacted.make(url), patience: { ...impatient, ...patience } })).pipe(
    Effect.flip,
    Effect.map(({ message }) => message)
  )

type Append = handleClientStreamingCall<streams.AppendReq, streams.AppendResp>

/** A server that says its version, and refuses every append. */
const refusing = (version: string, exception: Record<string, string>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = new Server()
      server.addService(featuresService.ServerFeaturesService, {
        getSupportedMethods: (_: unknown, callback: (error: null, methods: features.SupportedMethods) => void) =>
          callback(null, new features.SupportedMethods().setEventStoreServerVersion(version))
      })
      let received = 0
      const append: Append = (call, callback) => {
        call.on("data", (request) => {
          received += request.getProposedMessage()?.getData_asU8().length ?? 0
        })
        call.on("end", () => {
          const metadata = Metadata.fromHttp2Headers(exception)
          callback({ code: status.INVALID_ARGUMENT, details: "refused", metadata })
        })
      }
      const { append: definition } = streamsService.StreamsService
      server.addService({ append: definition }, { append })
      const port = await new Promise<number>((resolve, reject) =>
        server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
          error === null ? resolve(port) : reject(error)
        )
      )
      return { url: `esdb://127.0.0.1:${port}?tls=false`, server, received: () => received }
    }),
    ({ server }) => Effect.sync(() => server.forceShutdown())
  )

describe("starting on an EventStoreDB", () => {
  const unfit = [
    [
      "that is too old",
      "22.10.3",
      {},
      "it is version 22.10.3; 23.10 is the oldest that will do: use that or a later one"
    ],
    [
      "that takes less than an append may be",
      "24.2.0",
      { exception: "maximum-append-size-exceeded", "maximum-append-size": "65536" },
      "its MaxAppendSize is 65536 bytes; 1048576 are needed: set it to as many"
    ],
    [
      "that does not know the user",
      "24.2.0",
      { exception: "access-denied" },
      "its user must be known, may write to streams, and may read $all"
    ]
  ] as const
  for (const [name, version, exception, reason] of unfit) {
    it.live(`${name} says so`, () =>
      Effect.gen(function* () {
        const { received, url } = yield* refusing(version, exception)
        assert.strictEqual(yield* refusal(url), `EventStoreDB at EVENTSTORE_URL cannot be used: ${reason}`)
        assert.include([0, appendLimit], received())
      }).pipe(Effect.scoped, Effect.provide(quiet))
    )
  }

  it.live("waits for it, a while, and says where it looked", () =>
    Effect.gen(function* () {
      const server = yield* eventStoreDouble
      yield* server.freeze
      const where = `EventStoreDB at EVENTSTORE_URL cannot be used: no useful answer at ${new URL(server.url.replace("esdb", "http")).host}`
      assert.strictEqual(yield* refusal(server.url, brief), `${where}: silence; see whether it runs there`)
      yield* server.kill
      assert.match(yield* refusal(server.url, brief), new RegExp(`^${where}: 14 UNAVAILABLE: .*ECONNREFUSED`))
      yield* Effect.forkChild(Effect.andThen(Effect.sleep("700 millis"), server.restart), { startImmediately: true })
      yield* Layer.build(
        EventStoreDb.layer({ url: Redacted.make(server.url), patience: { ...impatient, start: 60_000 } })
      )
    }).pipe(Effect.scoped, Effect.provide(quiet))
  )

  it.live("reads the certificate authority's file first", () =>
    Effect.gen(function* () {
      const message = yield* refusal("esdb://u:hunter2@localhost:1?tlsCAFile=/no/such/file")
      assert.strictEqual(
        message,
        "EventStoreDB at EVENTSTORE_URL cannot be used: the file named by tlsCAFile cannot be read"
      )
    }).pipe(Effect.scoped, Effect.provide(quiet))
  )
})
