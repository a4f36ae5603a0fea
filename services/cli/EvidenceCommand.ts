import { readFileSync, statSync } from "node:fs"
import { Effect, Runtime, Schema } from "effect"
import { examine } from "#domain/evidence/Evidence.ts"
import { AgentOffer } from "#domain/identity/Trust.ts"
import { MessageHistory } from "../api/MessagesApi.ts"
import { flawsOf } from "../http/Flaws.ts"
import { isTwofold } from "../http/JsonMembers.ts"
import { crypto } from "../layers/Adapters.ts"
import type * as Client from "./Client.ts"
import { render, type Shown, summaryOf, verdictOf } from "./EvidenceText.ts"
import { say } from "./Terminal.ts"

export class NotEvidence extends Schema.TaggedError<NotEvidence>()("NotEvidence", { message: Schema.String }) {}

/** A verdict that a program should hear. It was told already. */
export class NotProven extends Schema.TaggedError<NotProven>()("NotProven", {
  verdict: Schema.Literals(["refuted", "unsigned", "unpinned"])
}) {
  override readonly [Runtime.errorReported] = false
  override get [Runtime.errorExitCode]() {
    return { refuted: 2, unsigned: 3, unpinned: 4 }[this.verdict]
  }
}

/** Prints all that is told of a message, as the API answers it. */
export const exportHistory = (ask: Client.Ask, message: string) =>
  Effect.map(
    ask(({ messages }) => messages.events({ params: { id: message } })),
    (history) => say(JSON.stringify(history, undefined, 2))
  )

/** Hundreds of reports, each as long as an envelope may be. */
const mostBytes = 256 * 1024 * 1024

const reading = (file: string) =>
  Effect.try({
    try: () => {
      if (file === "-") return readFileSync(0, "utf8")
      return statSync(file).size > mostBytes ? undefined : readFileSync(file, "utf8")
    },
    catch: (error) => {
      const { code = "" } = error as NodeJS.ErrnoException
      return new NotEvidence({ message: `${file} cannot be read (${code}): is it there, and yours?` })
    }
  }).pipe(
    Effect.filterOrFail(
      (text) => text !== undefined,
      () => new NotEvidence({ message: `${file} is longer than any export: give what was printed` })
    )
  )

const strictly = { onExcessProperty: "error" } as const
const decodeHistory = Schema.decodeUnknownEffect(MessageHistory, strictly)
const decodeOffer = Schema.decodeEffect(Schema.fromJsonString(AgentOffer), strictly)

const notExported = (file: string, why: string) =>
  new NotEvidence({ message: `${file} is not what \`homing evidence export\` prints: ${why}` })

/** Of a member that stands there twice another reader would take the other: then two would judge two exports. */
const parsed = (file: string, text: string) =>
  Effect.flatMap(
    Effect.try({ try: (): unknown => JSON.parse(text), catch: () => notExported(file, "it is no JSON") }),
    (value) =>
      isTwofold(text, value) ? Effect.fail(notExported(file, "a member stands there twice")) : Effect.succeed(value)
  )

const historyIn = Effect.fnUntraced(function* (file: string) {
  const value = yield* parsed(file, yield* reading(file))
  return yield* Effect.mapError(decodeHistory(value), (error) => {
    const [flaw] = flawsOf(error, "body")
    return notExported(file, `${flaw?.pointer || "at the top"}, where it has ${flaw?.expected}`)
  })
})

/** A line for each key, as agents print them. */
const offersIn = (file: string) =>
  Effect.flatMap(reading(file), (text) =>
    Effect.mapError(
      Effect.forEach(
        text.split("\n").filter((line) => line.trim() !== ""),
        (line) => decodeOffer(line)
      ),
      () => new NotEvidence({ message: `${file} holds other lines than \`homing agent keys\` prints` })
    ).pipe(
      Effect.filterOrFail(
        (offers) => offers.length > 0,
        () =>
          new NotEvidence({ message: `${file} holds no key: put a line of \`homing agent keys\` there for each agent` })
      )
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
  const verdict = verdictOf(shown)
  if (verdict !== "signed") return yield* new NotProven({ verdict })
})
