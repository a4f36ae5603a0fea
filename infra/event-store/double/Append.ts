import shared from "@eventstore/db-client/generated/shared_pb.js"
import streams from "@eventstore/db-client/generated/streams_pb.js"
import type { handleClientStreamingCall } from "@grpc/grpc-js"
import { appendAndAnswer } from "./Appending.ts"
import { admit, type Context, isServiceError } from "./Context.ts"
import type { ProposedEvent } from "./Log.ts"
import { expectedOf, maxAppendSize, nameOf, proposedEvent, sizeOf } from "./Proposal.ts"
import { appendTooLarge, streamDeleted, thrown, timedOut } from "./Rpc.ts"
import type { Outcome } from "./Writer.ts"

/** The classic append: one call, its options first, then an event per message. */
export const append =
  (context: Context): handleClientStreamingCall<streams.AppendReq, streams.AppendResp> =>
  async (call, callback) => {
    try {
      await admit(context, "append")
      let options: streams.AppendReq.Options | undefined
      const events: Array<ProposedEvent> = []
      for await (const message of call as AsyncIterable<streams.AppendReq>) {
        options ??= message.getOptions()
        const proposed = message.getProposedMessage()
        if (proposed === undefined) continue
        const event = proposedEvent(proposed)
        if (event === undefined) throw thrown()
        events.push(event)
        if (sizeOf(events) > maxAppendSize) throw appendTooLarge(maxAppendSize)
      }
      const stream = nameOf(options?.getStreamIdentifier())
      if (options === undefined || stream === "") throw thrown()
      const outcome = await appendAndAnswer(
        context,
        "append",
        stream,
        expectedOf(options, options.hasRevision() ? options.getRevision() : undefined),
        events
      )
      callback(null, answer(options, stream, outcome))
    } catch (error) {
      if (call.cancelled) return
      if (!isServiceError(error)) throw error
      callback(error)
    }
  }

const answer = (options: streams.AppendReq.Options, stream: string, outcome: Outcome): streams.AppendResp => {
  if (outcome._tag === "Deleted") throw streamDeleted(stream)
  if (outcome._tag === "Dropped") throw timedOut()
  return outcome._tag === "Success"
    ? new streams.AppendResp().setSuccess(success(outcome))
    : new streams.AppendResp().setWrongExpectedVersion(wrongExpectedVersion(options, outcome.current))
}

const success = ({ position, revision }: Extract<Outcome, { _tag: "Success" }>) => {
  const success = new streams.AppendResp.Success().setPosition(
    new streams.AppendResp.Position().setCommitPosition(`${position}`).setPreparePosition(`${position}`)
  )
  return revision < 0n ? success.setNoStream(new shared.Empty()) : success.setCurrentRevision(`${revision}`)
}

const wrongExpectedVersion = (options: streams.AppendReq.Options, current: bigint) => {
  const wrong = new streams.AppendResp.WrongExpectedVersion()
  if (current < 0n) wrong.setCurrentNoStream(new shared.Empty())
  else wrong.setCurrentRevision(`${current}`)
  if (options.hasRevision()) return wrong.setExpectedRevision(options.getRevision())
  if (options.hasNoStream()) return wrong.setExpectedNoStream(new shared.Empty())
  return options.hasStreamExists()
    ? wrong.setExpectedStreamExists(new shared.Empty())
    : wrong.setExpectedAny(new shared.Empty())
}
