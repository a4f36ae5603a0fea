import streams from "@eventstore/db-client/generated/streams_pb.js"
import type { handleUnaryCall, sendUnaryData } from "@grpc/grpc-js"
import { admit, type Context, isServiceError } from "./Context.ts"
import { expectedOf, nameOf } from "./Proposal.ts"
import { streamDeleted, thrown, wrongExpectedVersion } from "./Rpc.ts"
import type { Outcome } from "./Writer.ts"

/** Deletes softly: the stream's events are hidden, and its revisions go on. */
export const softDelete =
  (context: Context): handleUnaryCall<streams.DeleteReq, streams.DeleteResp> =>
  ({ request }, callback) =>
    remove(context, request.getOptions(), context.writer.softDelete, callback, (position) =>
      new streams.DeleteResp().setPosition(
        new streams.DeleteResp.Position().setCommitPosition(position).setPreparePosition(position)
      )
    )

export const tombstone =
  (context: Context): handleUnaryCall<streams.TombstoneReq, streams.TombstoneResp> =>
  ({ request }, callback) =>
    remove(context, request.getOptions(), context.writer.tombstone, callback, (position) =>
      new streams.TombstoneResp().setPosition(
        new streams.TombstoneResp.Position().setCommitPosition(position).setPreparePosition(position)
      )
    )

type Options = streams.DeleteReq.Options | streams.TombstoneReq.Options

const remove = async <Response>(
  context: Context,
  options: Options | undefined,
  write: (stream: string, expected: bigint) => Promise<Outcome>,
  callback: sendUnaryData<Response>,
  response: (position: string) => Response
) => {
  try {
    await admit(context, "delete")
    const stream = nameOf(options?.getStreamIdentifier())
    if (options === undefined || stream === "") throw thrown()
    const expected = expectedOf(options, options.hasRevision() ? options.getRevision() : undefined)
    const outcome = await write(stream, expected)
    if (outcome._tag === "Deleted") throw streamDeleted(stream)
    if (outcome._tag === "WrongExpectedVersion") throw wrongExpectedVersion(stream, expected, outcome.current)
    if (outcome._tag === "Success") callback(null, response(`${outcome.position}`))
  } catch (error) {
    if (!isServiceError(error)) throw error
    callback(error)
  }
}
