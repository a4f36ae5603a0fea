import { readFileSync } from "node:fs"
import { Effect, Runtime, Schema } from "effect"
import { examine } from "#domain/evidence/Evidence.ts"
import { AgentOffer } from "#domain/identity/Trust.ts"
import { MessageHistory } from "../api/MessagesApi.ts"
import { flawsOf } from "../http/Flaws.ts"
import { crypto } from "../layers/Adapters.ts"
import type * as Client from "./Client.ts"
import { render, type Shown, summaryOf } from "./EvidenceText.ts"
import { say } from "./Terminal.ts"

export class NotEvidence extends Schema.TaggedError<NotEvidence>()("NotEvidence", { message: Schema.String }) {}

/** A verdict that a program should hear. It was told already. */
export class NotProven extends Schema.TaggedError<NotProven>()("NotProven", {
  verdict: Schema.Literals(["refuted", "unsigned"])
}) {
  override readonly [Runtime.errorReported] = false
  override get [Runtime.errorExitCode]() {
    return this.verdict === "refuted" ? 2 : 3
  }
}

/** Prints all that is told of a message, as the API answers it. */
export const exportHistory = (ask: Client.Ask, message: string) =>
  Effect.map(
    ask(({ messages }) => messages.events({ params: { id: message } })),
    (history) => say(JSON.stringify(history, undefined, 2))
  )

const reading = (file: string) =>
  Effect.try({
    try: () => readFileSync(file === "-" ? 0 : file, "utf8"),
    catch: () => new NotEvidence({ message: `${file} cannot be read` })
  })

const decodeHistory = Schema.decodeEffect(Schema.fromJsonString(MessageHistory))
const decodeOffer = Schema.decodeEffect(Schema.fromJsonString(AgentOffer))

const historyIn = (file: string) =>
  Effect.flatMap(reading(file), (text) =>
    Effect.mapError(decodeHistory(text), (error) => {
      const [flaw] = flawsOf(error, "body")
      const where = flaw?.pointer ? `: ${flaw.pointer}, where it has ${flaw.expected}` : ""
      return new NotEvidence({ message: `${file} is not what \`homing evidence export\` prints${where}` })
    })
  )

/** A line for each key, as agents print them. */
const offersIn = (file: string) =>
  Effect.flatMap(reading(file), (text) =>
    Effect.mapError(
      Effect.forEach(
        text.split("\n").filter((line) => line.trim() !== ""),
        (line) => decodeOffer(line)
      ),
      () => new NotEvidence({ message: `${file} holds other lines than \`homing agent keys\` prints` })
    )
  )

interface Given {
  readonly file: string
  /** A file with the keys to believe, instead of those in the export. */
  readonly keys: string | undefined
}

/** What is to be said of an export. */
export const examined = Effect.fnUntraced(
  function* ({ file, keys }: Given) {
    const history = yield* historyIn(file)
    const offers = keys === undefined ? undefined : yield* offersIn(keys)
    const judgement = yield* examine(history, offers ?? history.keys)
    return { history, judgement, keysFrom: keys } satisfies Shown
  },
  (shown) => Effect.provide(shown, crypto)
)

/** Checks an export with nothing else at hand. */
export const verify = Effect.fnUntraced(function* ({ json, ...given }: Given & { readonly json: boolean }) {
  const shown = yield* examined(given)
  if (json) say(JSON.stringify(summaryOf(shown)))
  else say(...render(shown))
  const { verdict } = shown.judgement
  if (verdict !== "signed") return yield* new NotProven({ verdict })
})
