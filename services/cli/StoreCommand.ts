import { readdirSync } from "node:fs"
import { join } from "node:path"
import { Effect, Layer, Schema } from "effect"
import type { Config } from "../Config.ts"
import { Identity } from "../identity/Identity.ts"
import { embeddedLog, held, readThrough } from "../layers/Adapters.ts"
import { adoption, identity } from "../layers/Processes.ts"
import * as Log from "../telemetry/Log.ts"
import { logFlaws } from "./LogCheck.ts"
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

/** The log says something else than what was written, or not all of it. */
export class LogDamaged extends Schema.TaggedError<LogDamaged>()("LogDamaged", {
  file: Schema.String,
  count: Schema.Natural
}) {
  override get message() {
    const which = this.count === 1 ? "one event is" : `${this.count} events are`
    return `${this.file} is damaged: ${which} not as written. Restore the log, and all that belongs to it, from the newest backup`
  }
}

/** All that is here is well, since nothing is. */
export class NothingChecked extends Schema.TaggedError<NothingChecked>()("NothingChecked", { folder: Schema.String }) {
  override get message() {
    return `nothing was checked: there is no database in ${this.folder}; set DATA_DIR to the folder that holds them`
  }
}

const mostShown = 20

const checkLog = Effect.fnUntraced(function* (file: string) {
  const { events, flaws } = yield* logFlaws
  for (const { position, problem, stream } of flaws.slice(0, mostShown)) {
    say(`  at position ${position}, in ${stream}: ${problem}`)
  }
  if (flaws.length > 0) return yield* new LogDamaged({ file, count: flaws.length })
  say(`log.db has ${events} events, and each can be read`)
})

/** Reads every database of the folder through, which a start does with small ones only, and every event of the log. */
export const check = ({ process: { dataDirectory: folder } }: Config) =>
  Effect.gen(function* () {
    const files = readdirSync(folder).filter((one) => one.endsWith(".db") && one !== "lock.db")
    if (files.length === 0) return yield* new NothingChecked({ folder })
    for (const name of files) {
      yield* readThrough(join(folder, name))
      say(`${name} is whole`)
    }
    if (files.includes("log.db")) yield* Effect.provide(checkLog(join(folder, "log.db")), embeddedLog(folder))
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
