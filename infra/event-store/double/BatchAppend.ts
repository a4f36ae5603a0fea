import shared from "@eventstore/db-client/generated/shared_pb.js"
import type status from "@eventstore/db-client/generated/status_pb.js"
import streams from "@eventstore/db-client/generated/streams_pb.js"
import type { handleBidiStreamingCall } from "@grpc/grpc-js"
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js"
import { appendAndAnswer } from "./Appending.ts"
import {
  badRequestStatus,
  deletedStatus,
  timeoutStatus,
  tooLargeStatus,
  unavailableStatus,
  wrongExpectedVersionStatus
} from "./BatchStatus.ts"
import { admit, type Context, isServiceError } from "./Context.ts"
import type { ProposedEvent } from "./Log.ts"
import { expectedOf, maxAppendSize, nameOf, proposedEvent, sizeOf, writeTimeoutMillis } from "./Proposal.ts"
import type { Outcome } from "./Writer.ts"

interface Pending {
  readonly options: streams.BatchAppendReq.Options
  readonly events: Array<ProposedEvent>
}

/**
 * The client's default path: one long call that carries all its appends, each under a correlation id and possibly in
 * parts. An append that was answered as bad stays pending and times out: a second answer, on which the client crashes.
 * Source: EventStoreDB 24.2.0, `Streams.BatchAppend`.
 */
export const batchAppend =
  (context: Context): handleBidiStreamingCall<streams.BatchAppendReq, streams.BatchAppendResp> =>
  (call) => {
    const pending = new Map<string, Pending>()
    const answer = (
      request: streams.BatchAppendReq,
      stream: string,
      what: status.Status | streams.BatchAppendResp.Success
    ) => {
      const response = new streams.BatchAppendResp()
        .setCorrelationId(request.getCorrelationId())
        .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(stream)))
      if (what instanceof streams.BatchAppendResp.Success) response.setSuccess(what)
      else response.setError(what)
      if (call.writable) call.write(response)
    }

    const take = async (request: streams.BatchAppendReq) => {
      const id = request.getCorrelationId()?.getString() ?? ""
      const options = request.getOptions()
      if (options) {
        const remaining = (options.getDeadline()?.toDate().getTime() ?? Number.POSITIVE_INFINITY) - Date.now()
        if (remaining <= 0) return answer(request, nameOf(options.getStreamIdentifier()), timeoutStatus())
        pending.set(id, { options, events: [] })
        const expire = () => {
          if (pending.delete(id)) answer(request, nameOf(options.getStreamIdentifier()), timeoutStatus())
        }
        setTimeout(expire, Math.min(remaining, writeTimeoutMillis)).unref()
      }
      const waiting = pending.get(id)
      if (waiting === undefined) return
      const stream = nameOf(waiting.options.getStreamIdentifier())
      for (const message of request.getProposedMessagesList()) {
        const event = proposedEvent(message)
        if (event === undefined) return answer(request, stream, badRequestStatus("Unrecognized Guid format."))
        waiting.events.push(event)
      }
      if (sizeOf(waiting.events) > maxAppendSize) {
        pending.delete(id)
        return answer(request, stream, tooLargeStatus(maxAppendSize))
      }
      if (!request.getIsFinal()) return
      pending.delete(id)
      if (stream === "") return answer(request, stream, badRequestStatus("Stream name must not be empty."))
      if (context.faults.take("end-batch", "batch-append")) return call.end()
      const expected = expectedOf(
        waiting.options,
        waiting.options.hasStreamPosition() ? waiting.options.getStreamPosition() : undefined
      )
      const outcome = await appendAndAnswer(context, "batch-append", stream, expected, waiting.events)
      answer(request, stream, answerTo(waiting.options, outcome))
    }

    call.on("data", async (request: streams.BatchAppendReq) => {
      try {
        await admit(context, "batch-append")
      } catch (error) {
        if (!isServiceError(error)) throw error
        return answer(request, nameOf(request.getOptions()?.getStreamIdentifier()), unavailableStatus())
      }
      await take(request)
    })
    call.on("end", () => call.end())
    call.on("error", () => {}) // the client is gone
  }

const answerTo = (options: streams.BatchAppendReq.Options, outcome: Outcome) => {
  switch (outcome._tag) {
    case "Success": {
      const { position, revision } = outcome
      const success = new streams.BatchAppendResp.Success().setPosition(
        new shared.AllStreamPosition().setCommitPosition(`${position}`).setPreparePosition(`${position}`)
      )
      return revision < 0n ? success.setNoStream(new emptyPb.Empty()) : success.setCurrentRevision(`${revision}`)
    }
    case "WrongExpectedVersion":
      return wrongExpectedVersionStatus(options, outcome.current)
    case "Deleted":
      return deletedStatus(options.getStreamIdentifier())
    case "Dropped":
      return timeoutStatus()
  }
}
