import code from "@eventstore/db-client/generated/code_pb.js"
import shared from "@eventstore/db-client/generated/shared_pb.js"
import status from "@eventstore/db-client/generated/status_pb.js"
import type streams from "@eventstore/db-client/generated/streams_pb.js"
import anyPb from "google-protobuf/google/protobuf/any_pb.js"
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js"

interface Message {
  readonly serializeBinary: () => Uint8Array
}

/** An error of the batch path: a google.rpc.Status whose detail names the kind. */
const packed = (rpcCode: code.Code, message: string, name: string, detail: Message): status.Status => {
  const details = new anyPb.Any()
  details.pack(detail.serializeBinary(), `event_store.client.${name}`)
  return new status.Status().setCode(rpcCode).setMessage(message).setDetails(details)
}

export const timeoutStatus = () => packed(code.Code.DEADLINE_EXCEEDED, "Timeout", "Timeout", new shared.Timeout())

export const badRequestStatus = (message: string) =>
  packed(code.Code.INVALID_ARGUMENT, message, "BadRequest", new shared.BadRequest().setMessage(message))

export const unavailableStatus = () => {
  const details = new anyPb.Any()
  details.pack(new emptyPb.Empty().serializeBinary(), "google.protobuf.Empty")
  return new status.Status().setMessage("Server Is Not Ready").setDetails(details)
}

export const tooLargeStatus = (limit: number) =>
  packed(
    code.Code.INVALID_ARGUMENT,
    "Maximum Append Size Exceeded.",
    "MaximumAppendSizeExceeded",
    new shared.MaximumAppendSizeExceeded().setMaxappendsize(limit)
  )

export const deletedStatus = (identifier: shared.StreamIdentifier | undefined) =>
  packed(
    code.Code.FAILED_PRECONDITION,
    "Stream Deleted",
    "StreamDeleted",
    new shared.StreamDeleted().setStreamIdentifier(identifier)
  )

export const wrongExpectedVersionStatus = (options: streams.BatchAppendReq.Options, current: bigint) => {
  const wrong = new shared.WrongExpectedVersion()
  if (current < 0n) wrong.setCurrentNoStream(new emptyPb.Empty())
  else wrong.setCurrentStreamRevision(`${current}`)
  if (options.hasStreamPosition()) wrong.setExpectedStreamPosition(options.getStreamPosition())
  else if (options.hasNoStream()) wrong.setExpectedNoStream(new emptyPb.Empty())
  else if (options.hasStreamExists()) wrong.setExpectedStreamExists(new emptyPb.Empty())
  else wrong.setExpectedAny(new emptyPb.Empty())
  return packed(code.Code.ALREADY_EXISTS, "Wrong Expected Version", "WrongExpectedVersion", wrong)
}
