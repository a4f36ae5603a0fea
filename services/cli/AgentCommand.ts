import { readFileSync } from "node:fs"
import { Effect, Layer, Schema } from "effect"
import * as AgentProcess from "#mac-agent/Layers.ts"
import * as Enrolment from "#mac-agent/link/Enrolment.ts"
import * as Acceptance from "#mac-agent/witnessing/Acceptance.ts"
import * as Standing from "#mac-agent/witnessing/Standing.ts"
import type { Config } from "../Config.ts"
import { senderOptions, whatsAppOptions } from "../layers/WhatsAppSettings.ts"
import * as Log from "../telemetry/Log.ts"
import { version } from "../Version.ts"
import { faint, say, sayNotice, strong } from "./Terminal.ts"

export class NoBus extends Schema.TaggedError<NoBus>()("NoBus", {}) {
  override get message() {
    return "an agent of its own needs NATS_URL: the NATS server through which it hears of its gateway"
  }
}

export class UnknownWitness extends Schema.TaggedError<UnknownWitness>()("UnknownWitness", { witness: Schema.String }) {
  override get message() {
    return `the witness.json of DATA_DIR knows no other witness ${this.witness}: see \`homing agent witness\` for those that it knows`
  }
}

/** The agent alone in this process, until a signal ends it. */
export const run = ({ addresses, door, log, process, traces, whatsApp }: Config) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { agent, dataDirectory: folder } = process
      const { natsCaFile, natsUrl } = addresses
      if (natsUrl === undefined) return yield* new NoBus()
      const session = AgentProcess.whatsapp(folder, whatsAppOptions(whatsApp))
      const drainMillis = () => door.drainTimeoutMs
      yield* Layer.build(
        AgentProcess.layer(agent, folder, session, AgentProcess.bus(agent, natsUrl, natsCaFile), {
          drainMillis,
          ...senderOptions(whatsApp)
        })
      )
      say("", `  ${strong("Homing agent")}  ${agent}   ${faint(`data in ${folder}`)}`, "")
      yield* Effect.logInfo("started", { agent, version, folder })
      return yield* Effect.never
    })
  ).pipe(
    Effect.onInterrupt(() => Effect.logInfo("stopped")),
    Effect.provide(AgentProcess.traces(traces, "homing-agent", version)),
    Effect.provide(Log.layer({ ...log, notices: sayNotice }))
  )

/** Prints what the gateway needs to know of this agent, as one line of JSON. */
export const printKeys = ({ process: { agent, dataDirectory } }: Config, { renew }: { readonly renew: boolean }) =>
  AgentProcess.offer(agent, renew).pipe(
    Effect.map((offer) => say(JSON.stringify(offer))),
    Effect.provide(renew ? AgentProcess.renewed(dataDirectory) : AgentProcess.identity(dataDirectory))
  )

/** Prints what this agent knows as a witness of the log: no gateway is asked, and the agent may run. */
export const printWitness = ({ process: { agent, dataDirectory } }: Config) =>
  Effect.map(Standing.standing, (standing) => say(JSON.stringify(standing))).pipe(
    Effect.provide(AgentProcess.witness(agent, dataDirectory, { isChanged: false }))
  )

/** Has it hear of another witness anew. */
export const forget = Effect.fnUntraced(
  function* ({ process: { agent } }: Config, witness: string) {
    if (!(yield* Standing.forget(witness))) return yield* new UnknownWitness({ witness })
    say(`agent ${agent} hears of ${witness} anew`)
  },
  (forgetting, { process: { agent, dataDirectory } }) =>
    Effect.provide(forgetting, AgentProcess.witness(agent, dataDirectory, { isChanged: true }))
)

/** Pins the gateway's answer: the JSON itself, or `-` to read it from standard input. */
export const trust = Effect.fnUntraced(
  function* ({ process: { agent } }: Config, answer: string) {
    const text = answer === "-" ? readFileSync(0, "utf8") : answer
    const { before, epoch } = yield* Enrolment.trust(agent, text)
    say(`agent ${agent} trusts the gateway of log ${epoch}`)
    if (before === undefined || before === epoch) return
    say(faint(`  before: ${before}. What it was told of that log is neither sent nor reported any more.`))
  },
  (trusting, { process }) => Effect.provide(trusting, AgentProcess.custody(process.dataDirectory))
)

/** Has the agent go on from the head in this file, or in what `-` reads, and says what it gave up for it. */
export const accept = Effect.fnUntraced(
  function* ({ process: { agent } }: Config, file: string, insteadOf: string) {
    const { before, now } = yield* Acceptance.accept(readFileSync(file === "-" ? 0 : file, "utf8"), insteadOf)
    say(`agent ${agent} goes on from ${now}`, faint(`  it gave up ${before}; witness.json keeps both`))
  },
  (accepting, { process: { agent, dataDirectory } }) =>
    Effect.provide(accepting, AgentProcess.witness(agent, dataDirectory, { isChanged: true }))
)
