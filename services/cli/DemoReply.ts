import { Effect } from "effect"
import type { Simulator } from "../layers/Adapters.ts"
import type * as Client from "./Client.ts"
import { receiver } from "./DemoReceiver.ts"
import { faint, good, strong } from "./Terminal.ts"

const type = "homing.inbound.message.v1"

interface People {
  readonly own: string
  readonly friend: string
}

/** The recipient answers; a receiver of the demo's own is told, and checks the signature before it believes it. */
export const reply = Effect.fnUntraced(function* (
  ask: Client.Ask,
  simulator: Simulator,
  { friend, own }: People,
  tell: (...lines: ReadonlyArray<string>) => void
) {
  const there = yield* receiver
  const { body: endpoint } = yield* ask(({ endpoints }) =>
    endpoints.create({ headers: {}, payload: { url: there.url, types: [type], personal: true } })
  )
  there.trust(endpoint.secret ?? "")
  const { next } = yield* ask(({ events }) => events.list({ query: {} }))
  yield* Effect.promise(() =>
    simulator.sendIncoming({ kind: "text", from: friend.slice(1), to: own, text: "Hello yourself" })
  )
  const told = yield* there.told
  const { items: events } = yield* ask(({ events }) =>
    events.list({ query: { ...(next !== null && { after: next }), types: type } })
  )
  const { content, sender } = told.data
  tell(
    `  ${good("✔")} ${strong(sender.phone ?? "somebody")} answered ${strong(`“${content?.text ?? ""}”`)}`,
    `  ${good("✔")} POST ${endpoint.url} told it, signed as Standard Webhooks says, and the signature holds`,
    faint("    (a receiver in this process; OUTBOUND_ALLOW=loopback lets the gateway post to this machine)"),
    ""
  )
  return { endpoint: { id: endpoint.id, url: there.url }, events }
})
