import { Effect } from "effect"
import { simulated } from "../layers/Adapters.ts"
import { listensBy } from "./Failure.ts"
import { faint, say, strong } from "./Terminal.ts"

const numbers = (list: string) => list.split(",").flatMap((number) => number.replace(/\D/g, "") || [])

/** The simulator alone, until a signal ends it. */
export const run = (options: {
  readonly host: string
  readonly port: number
  readonly record: string | undefined
  readonly contacts: string
  readonly absent: string
  readonly knownOnly: boolean
  readonly json: boolean
}) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { absent, contacts, host, json, knownOnly, port, record } = options
      const simulator = yield* simulated({
        host,
        port,
        recordFile: record,
        contacts: numbers(contacts),
        absent: numbers(absent),
        autoContacts: !knownOnly
      }).pipe(listensBy({ host: "--host", port: "--port" }))
      const { controlUrl, url } = simulator
      if (json) say(JSON.stringify({ url, controlUrl }))
      else
        say(
          "",
          `  ${strong("WhatsApp simulator")}`,
          `  ${faint("clients ")} ${url}`,
          `  ${faint("control ")} ${controlUrl}`,
          ""
        )
      yield* Effect.never
    })
  )
