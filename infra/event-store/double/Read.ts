import { once } from "node:events"
import streams from "@eventstore/db-client/generated/streams_pb.js"
import type { handleServerStreamingCall } from "@grpc/grpc-js"
import { admit, type Context, isServiceError } from "./Context.ts"
import { deletedRevision, type Order, type StoredEvent } from "./Log.ts"
import { positionOf } from "./Positions.ts"
import { nameOf } from "./Proposal.ts"
import { eventMessage, streamNotFoundMessage } from "./ReadMessages.ts"
import { streamDeleted, unknownPosition, unreadable } from "./Rpc.ts"
import { visible } from "./StreamMetadata.ts"
import { CleanEnd, type Send, subscriber } from "./Subscriber.ts"
import { subscribeToAll } from "./SubscribeToAll.ts"
import { subscribeToStream } from "./SubscribeToStream.ts"

const pageSize = 128

/** Reads and subscriptions are one method of the protocol. */
export const read =
  (context: Context): handleServerStreamingCall<streams.ReadReq, streams.ReadResp> =>
  async (call) => {
    const gone = new AbortController()
    call.on("cancelled", () => gone.abort())
    const send: Send = async (message) => {
      gone.signal.throwIfAborted()
      if (!call.write(message)) await once(call, "drain", { signal: gone.signal })
    }
    try {
      const options = call.request.getOptions()!
      await admit(context, options.hasSubscription() ? "subscribe" : "read")
      if (options.hasSubscription()) {
        const subscribe = options.hasAll() ? subscribeToAll : subscribeToStream
        await subscribe(context.log, options, subscriber(context, send, gone.signal))
      } else await (options.hasAll() ? readAll : readStream)(context, options, send)
      call.end()
    } catch (error) {
      if (gone.signal.aborted) return
      if (error instanceof CleanEnd) call.end()
      else if (isServiceError(error)) call.emit("error", error)
      else throw error
    }
  }

const orderOf = (options: streams.ReadReq.Options): Order =>
  options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS ? "backwards" : "forwards"

const readStream = async ({ log }: Context, options: streams.ReadReq.Options, send: Send) => {
  const target = options.getStream()!
  const stream = nameOf(target.getStreamIdentifier())
  const last = log.lastRevision(stream)
  if (last === deletedRevision) throw streamDeleted(stream)
  const { createdAfterMillis, firstRevision, softDeleted } = visible(log, stream)
  if (last < 0n || softDeleted) return send(streamNotFoundMessage(stream))

  const order = orderOf(options)
  if (options.getCount() === "0" || (order === "forwards" && target.hasEnd())) throw unreadable()
  const from = target.hasRevision() ? BigInt(target.getRevision()) : target.hasEnd() ? deletedRevision : 0n
  const page = (after: bigint | undefined, limit: number) =>
    order === "forwards"
      ? log.stream(stream, after === undefined ? max(from, firstRevision) : after + 1n, last, order, limit)
      : log.stream(stream, firstRevision, after === undefined ? from : after - 1n, order, limit)
  await sendPages(
    options,
    send,
    page,
    (event) => event.revision,
    (event) => event.createdMillis > createdAfterMillis
  )
}

/** From a position: itself and what follows it forwards, only what precedes it backwards. */
const readAll = async ({ log }: Context, options: streams.ReadReq.Options, send: Send) => {
  const order = orderOf(options)
  const from = positionOf(log, options.getAll()!, unknownPosition) ?? 0n
  const page = (after: bigint | undefined, limit: number) =>
    order === "forwards"
      ? log.all(after === undefined ? from : after + 1n, deletedRevision, order, limit)
      : log.all(0n, (after ?? from) - 1n, order, limit)
  await sendPages(
    options,
    send,
    page,
    (event) => event.position,
    () => true
  )
}

const sendPages = async (
  options: streams.ReadReq.Options,
  send: Send,
  page: (after: bigint | undefined, limit: number) => ReadonlyArray<StoredEvent>,
  cursor: (event: StoredEvent) => bigint,
  keep: (event: StoredEvent) => boolean
) => {
  let after: bigint | undefined
  let left = Number(options.getCount())
  while (left > 0) {
    const events = page(after, Math.min(left, pageSize))
    for (const event of events) if (keep(event)) await send(eventMessage(event))
    left -= events.length
    if (events.length < pageSize) return
    after = cursor(events.at(-1)!)
  }
}

const max = (a: bigint, b: bigint) => (a > b ? a : b)
