import { readdirSync } from "node:fs"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import type { Config } from "../Config.ts"
import { Identity } from "../identity/Identity.ts"
import { held, readThrough } from "../layers/Adapters.ts"
import { adoption, identity } from "../layers/Processes.ts"
import * as Log from "../telemetry/Log.ts"
import { faint, say } from "./Terminal.ts"

/** Begins a new epoch of the log, and says what is to be done at the agents. */
export const raiseEpoch = ({ addresses, log, process, provenance }: Config) =>
  Effect.gen(function* () {
    const epoch = yield* (yield* Identity).raiseEpoch
    say(`the log is ${epoch} from now on`)
    say(faint("  An agent of its own obeys it when it was told: `homing agents enrol`, then `homing agent trust`."))
  }).pipe(
    Effect.provide(identity(process.dataDirectory, addresses, provenance.region).pipe(Layer.provide(Log.layer(log))))
  )

/** Reads every database of the folder through, which a start does with small ones only. */
export const check = ({ process: { dataDirectory: folder } }: Config) =>
  Effect.gen(function* () {
    for (const name of readdirSync(folder).filter((one) => one.endsWith(".db") && one !== "lock.db")) {
      yield* readThrough(join(folder, name))
      say(`${name} is whole`)
    }
  }).pipe(Effect.provide(held(folder)))

/** This configuration's secrets and addresses are the log's from now on. */
export const adopt = ({ addresses, log, process, provenance }: Config) =>
  Effect.gen(function* () {
    const signer = (yield* Identity).signer()
    say(`the gateway signs with ${signer?.keyId} from now on, and ids follow from the pepper that is here`)
    say(faint("  An agent of its own obeys it when it was told: `homing agents enrol`, then `homing agent trust`."))
  }).pipe(
    Effect.provide(adoption(process.dataDirectory, addresses, provenance.region).pipe(Layer.provide(Log.layer(log))))
  )
