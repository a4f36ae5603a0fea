import { randomBytes } from "node:crypto"
import { Effect, Redacted, Schedule, Schema } from "effect"
import type { Options } from "../meta/Receiving.ts"
import type * as Client from "./Client.ts"
import { post, signatureOf } from "./MetaPosting.ts"
import { posted, updates } from "./MetaUpdates.ts"
import { faint, good, strong } from "./Terminal.ts"

const type = "homing.meta.message.v1"

class MetaRefused extends Schema.TaggedError<MetaRefused>()("MetaRefused", { message: Schema.String }) {}

/** An app of Meta's that is the demo's alone: what is configured may be somebody's. */
export interface DemoApp {
  readonly verifyToken: string
  readonly appSecret: string
  readonly options: Options
}

export const demoApp = (): DemoApp => {
  const [verifyToken, appSecret] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")]
  return {
    verifyToken,
    appSecret,
    options: {
      verifyToken: Redacted.make(verifyToken),
      appSecret: Redacted.make(appSecret),
      mode: "durable",
      rawDays: 14,
      forwardTimeoutMs: 3_000
    }
  }
}

/** What its users give to whatever stands for Meta. */
export const addressOfMeta = (url: string, { appSecret, verifyToken }: DemoApp) => ({
  url: `${url}/webhooks/meta/whatsapp`,
  verifyToken,
  appSecret
})
type Address = ReturnType<typeof addressOfMeta>

const subscribed = ({ url, verifyToken }: Address) =>
  Effect.promise(async () => {
    const query = new URLSearchParams({
      "hub.mode": "subscribe",
      "hub.challenge": "1158201444",
      "hub.verify_token": verifyToken
    })
    return (await fetch(`${url}?${query}`)).text()
  })

const expected = (is: boolean, message: string) => (is ? Effect.void : Effect.fail(new MetaRefused({ message })))

/** Meta subscribes, posts what somebody wrote, posts it again, and a stranger tries the same. */
export const metaStory = Effect.fnUntraced(function* (
  ask: Client.Ask,
  address: Address,
  tell: (...lines: ReadonlyArray<string>) => void
) {
  const { appSecret, url } = address
  const body = posted(updates(randomBytes(6).toString("hex")).slice(0, 1))
  const { next } = yield* ask(({ events }) => events.list({ query: {} }))
  const told = Effect.map(
    ask(({ events }) => events.list({ query: { ...(next !== null && { after: next }), types: type } })),
    ({ items }) => items
  )
  yield* expected((yield* subscribed(address)) === "1158201444", "the challenge was not echoed")
  const first = yield* post(url, body, signatureOf(appSecret, body))
  yield* expected(first.status === 200, `Meta was answered ${first.status}`)
  yield* Effect.repeat(told, { until: (items) => items.length > 0, schedule: Schedule.spaced("25 millis") })
  const second = yield* post(url, body, signatureOf(appSecret, body))
  const stranger = yield* post(url, body, signatureOf("another secret", body))
  yield* expected(second.status === 200 && stranger.status === 401, "somebody was answered as somebody else")
  const events = yield* told
  tell(
    `  ${good("✔")} Meta subscribed at ${url}`,
    `  ${good("✔")} Meta posted a message, signed, and was answered ${strong("200")} in ${first.millis} ms, when it was on disk`,
    `  ${good("✔")} it came back as ${strong(type)}, by GET /v1/events`,
    "",
    faint(JSON.stringify(events[0], undefined, 2).replace(/^/gm, "    ")),
    "",
    `  ${good("✔")} Meta posted it again: ${strong("200")}, and ${events.length === 1 ? "still one event" : `${events.length} events`}`,
    `  ${good("✔")} somebody without the app's secret posted it: ${strong("401")}`,
    ""
  )
  return { events }
})
