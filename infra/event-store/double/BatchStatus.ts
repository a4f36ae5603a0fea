import code from "@eventstore/db-client/generated/code_pb.js"
import shared from "@eventstore/db-client/generated/shared_pb.js"
import status from "@eventstore/db-client/generated/status_pb.js"
import type streams from "@eventstore/db-client/generated/streams_pb.js"
import anyPb from "google-protobuf/google/protobuf/any_pb.js"
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js"

interface Message {
  readonly serializeBinary: () => Uint8Array
}

/** An error of the batch path: the detail's type tells the client the class. */
const packed = (rpcCode: code.Code, name: string, detail: Message): status.Status =>
  withDetail(`event_store.client.${name}`, detail).setCode(rpcCode).setMessage(name)

const withDetail = (typeName: string, detail: Message) => {
  const details = new anyPb.Any()
  details.pack(detail.serializeBinary(), typeName)
  return new status.Status().setDetails(details)
}

export const timeoutStatus = () => packed(code.Code.DEADLINE_EXCEEDED, "Timeout", new shared.Timeout())

export const badRequestStatus = (message: string) =>
  packed(code.Code.INVALID_ARGUMENT, "BadRequest", new shared.BadRequest().setMessage(message))

export const unavailableStatus = () =>
  withDetail("google.protobuf.Empty", new emptyPb.Empty()).setMessage("Server Is Not Ready")

export const tooLargeStatus = (limit: number) =>
  packed(
    code.Code.INVALID_ARGUMENT,
    "MaximumAppendSizeExceeded",
    new shared.MaximumAppendSizeExceeded().setMaxappendsize(limit)
  )

export const deletedStatus = (identifier: shared.StreamIdentifier | undefined) =>
  packed(code.Code.NOT_FOUND, "StreamDeleted", new shared.StreamDeleted().setStreamIdentifier(identifier))

export const wrongExpectedVersionStatus = (options: streams.BatchAppendReq.Options, current: bigint) => {
  const wrong = new shared.WrongExpectedVersion()
  if (current < 0n) wrong.setCurrentNoStream(new emptyPb.Empty())
  else wrong.setCurrentStreamRevision(`${current}`)
  if (options.hasStreamPosition()) wrong.setExpectedStreamPosition(options.getStreamPosition())
  else if (options.hasNoStream()) wrong.setExpectedNoStream(new emptyPb.Empty())
  else if (options.hasStreamExists()) wrong.setExpectedStreamExists(new emptyPb.Empty())
  else wrong.setExpectedAny(new emptyPb.Empty())
  return packed(code.Code.ALREADY_EXISTS, "WrongExpectedVersion", wrong)
}
