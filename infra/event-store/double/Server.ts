import { EventEmitter } from "node:events"
import featuresService from "@eventstore/db-client/generated/serverfeatures_grpc_pb.js"
import features from "@eventstore/db-client/generated/serverfeatures_pb.js"
import type shared from "@eventstore/db-client/generated/shared_pb.js"
import streamsService from "@eventstore/db-client/generated/streams_grpc_pb.js"
import { type handleUnaryCall, Server } from "@grpc/grpc-js"
import { ActiveFaults } from "./ActiveFaults.ts"
import { append } from "./Append.ts"
import { batchAppend } from "./BatchAppend.ts"
import { listen } from "./Connections.ts"
import { admit, type Context, isServiceError } from "./Context.ts"
import { softDelete, tombstone } from "./Delete.ts"
import { openLog } from "./Log.ts"
import { read } from "./Read.ts"
import { type CommitHooks, makeWriter } from "./Writer.ts"

/** The version whose behaviour this follows. */
export const serverVersion = "24.2.0"

/** The largest message that the real server takes; a larger one is RESOURCE_EXHAUSTED. */
const largestMessage = 16 * 1024 * 1024

export interface DoubleServer {
  readonly port: number
  readonly faults: ActiveFaults
  readonly close: () => void
}

/** Serves the streams kept in `directory`. Rejects on a port in use. */
export const startServer = async (options: {
  readonly directory: string
  readonly port: number
}): Promise<DoubleServer> => {
  const changes = new EventEmitter<{ change: [] }>().setMaxListeners(0)
  const changed = () => {
    changes.emit("change")
    if (faults.has("mute")) connections.drop()
  }
  const faults = new ActiveFaults(changed)
  const log = openLog(options.directory)
  const server = new Server({ "grpc.max_receive_message_length": largestMessage })
  const connections = await listen(server, options.port, () => faults.take("mute") !== undefined)
  const context: Context = {
    log,
    writer: makeWriter(log, hooks(faults, changed)),
    faults,
    changes,
    dropConnections: connections.drop
  }
  server.addService(streamsService.StreamsService, {
    read: read(context),
    append: append(context),
    batchAppend: batchAppend(context),
    delete: softDelete(context),
    tombstone: tombstone(context)
  })
  server.addService(featuresService.ServerFeaturesService, { getSupportedMethods: supportedMethods(context) })

  return { port: connections.port, faults, close: connections.close }
}

const hooks = (faults: ActiveFaults, committed: () => void): CommitHooks => ({
  beforeCommit: (appends) => {
    if (faults.mustDie("before-commit", appends)) process.kill(process.pid, "SIGKILL")
  },
  afterCommit: (appends) => {
    if (faults.mustDie("after-commit", appends)) process.kill(process.pid, "SIGKILL")
    committed()
  }
})

/** What the client asks for first: it appends in batches only when the server has the method. */
const supportedMethods =
  (context: Context): handleUnaryCall<shared.Empty, features.SupportedMethods> =>
  async (_, callback) => {
    try {
      await admit(context, "features")
    } catch (error) {
      if (!isServiceError(error)) throw error
      return callback(error)
    }
    const supported = new features.SupportedMethods().setEventStoreServerVersion(serverVersion)
    for (const { path } of Object.values(streamsService.StreamsService)) {
      const [, serviceName, methodName] = path.toLowerCase().split("/")
      supported.addMethods(new features.SupportedMethod().setServiceName(serviceName!).setMethodName(methodName!))
    }
    callback(null, supported)
  }
