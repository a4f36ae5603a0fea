import { once } from "node:events"
import { assert } from "@effect/vitest"
import shared from "@eventstore/db-client/generated/shared_pb.js"
import streamsService from "@eventstore/db-client/generated/streams_grpc_pb.js"
import streams from "@eventstore/db-client/generated/streams_pb.js"
import { credentials } from "@grpc/grpc-js"
import { Effect } from "effect"
import empty from "google-protobuf/google/protobuf/empty_pb.js"
import timestamps from "google-protobuf/google/protobuf/timestamp_pb.js"
import { alike, Connected, freshStream } from "./testing/TestClients.ts"

const correlationId = new shared.UUID().setString(crypto.randomUUID())

/** One part of an append; the options come with the first. */
const part = (id: string, options?: streams.BatchAppendReq.Options) => {
  const event = new streams.BatchAppendReq.ProposedMessage().setId(new shared.UUID().setString(id))
  event.getMetadataMap().set("type", "type").set("content-type", "application/json")
  event.setData(Buffer.from("{}"))
  return new streams.BatchAppendReq()
    .setCorrelationId(correlationId)
    .setOptions(options)
    .setProposedMessagesList([event])
}

const optionsUntil = (millis: number) =>
  new streams.BatchAppendReq.Options()
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(freshStream())))
    .setNoStream(new empty.Empty())
    .setDeadline(timestamps.Timestamp.fromDate(new Date(millis)))

/** What the bare call answers: on some of it, the library ends the process. */
const answers = Effect.fnUntraced(function* (requests: ReadonlyArray<streams.BatchAppendReq>, count: number) {
  const { url } = yield* Connected
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => new streamsService.StreamsClient(new URL(url).host, credentials.createInsecure())),
    (client) => Effect.sync(() => client.close())
  )
  const call = client.batchAppend().on("error", () => {})
  yield* Effect.addFinalizer(() => Effect.sync(() => call.cancel()))
  const said: Array<string> = []
  yield* Effect.promise(async () => {
    for (const request of requests) call.write(request)
    while (said.length < count) {
      const [response]: Array<streams.BatchAppendResp> = await once(call, "data")
      said.push(response!.getError()?.getMessage() ?? `revision ${response!.getSuccess()!.getCurrentRevision()}`)
    }
  })
  return said
}, Effect.scoped)

alike("the call of the batch path", (it) => {
  const inTime = () => optionsUntil(Date.now() + 60_000)

  it.effect("joins the parts of an append", () =>
    Effect.gen(function* () {
      const [first, second] = [part(crypto.randomUUID(), inTime()), part(crypto.randomUUID()).setIsFinal(true)]
      assert.deepStrictEqual(yield* answers([first, second], 1), ["revision 1"])
    })
  )

  it.effect("answers a bad id, and two seconds later once more", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* answers([part("none", inTime()).setIsFinal(true)], 2), ["BadRequest", "Timeout"])
    })
  )

  it.effect("takes a deadline that has passed for one", () =>
    Effect.gen(function* () {
      const late = optionsUntil(Date.now() - 1_000)
      assert.deepStrictEqual(yield* answers([part(crypto.randomUUID(), late).setIsFinal(true)], 1), ["Timeout"])
    })
  )
})
