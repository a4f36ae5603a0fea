import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { scanner } from "./Canaries.ts"
import { eventually, type Homing } from "./Homing.ts"
import { changed, contact, message, post } from "./MetaFixture.ts"
import type { Simulator } from "./Process.ts"

/** One person, and all that is said to, by and of them in every way that a gateway hears: each word is looked for by its name. */

export const own = "15550100001"
export const person = "60123987651"
export const words = {
  sent: "the zanzibar quokka sings at noon",
  heard: "a mauve walrus answered from afar",
  ofTheAccount: "an ochre pangolin from the phone itself",
  ofMeta: "the teal axolotl asks once more",
  long: "a very long lavender armadillo",
  bsuid: "US.1587668549511396",
  name: "Quetzalcoatl Bilberry",
  number: person
}
export const { inFolder, inText } = scanner(words)

type Caller = Pick<Homing, "call">

/** Everything that a key with every right is shown. */
export const shown = Effect.fnUntraced(function* ({ call }: Caller) {
  const paths = ["messages", "inbound", "contacts", "chats", "events"].map((name) => `/v1/${name}?limit=200`)
  const answers = yield* Effect.forEach(paths, (path) => call("GET", path))
  const chats = answers[3]!.body.items as ReadonlyArray<{ readonly id: string }>
  const ofChats = yield* Effect.forEach(chats, ({ id }) => call("GET", `/v1/chats/${id}/messages?limit=100`))
  for (const { status } of [...answers, ...ofChats]) assert.strictEqual(status, 200)
  return JSON.stringify([...answers, ...ofChats].map(({ body }) => body))
})

/** Every word is shown: whoever shows it has opened its box, and may remember the key. */
export const isWhole = (all: string) => inText("an answer", all).length === Object.keys(words).length

export const done = ({ call }: Caller, id: string) =>
  eventually(call("GET", `/v1/erasures/${id}`), ({ body }) => body.state === "done")

const metaMessage = (id: string, body: string, more: object = {}) =>
  JSON.stringify(
    changed({ contacts: [contact(person, words.name)], messages: [{ ...message(id, body, person), ...more }] })
  )

/** All but what is sent: from WhatsApp, and in three requests of Meta's, the last of which names the person by Meta's id alone. */
export const heard = Effect.fnUntraced(function* (whatsapp: Pick<Simulator, "control">, url: string) {
  yield* whatsapp.control("incoming", { from: person, to: own, text: words.heard })
  yield* whatsapp.control("incoming", { from: own, to: own, chat: person, text: words.ofTheAccount })
  yield* post(url, metaMessage("A", words.ofMeta, { from_user_id: words.bsuid }))
  yield* post(url, metaMessage("B", `${words.long} ${"x".repeat(300_000)}`))
  yield* post(
    url,
    metaMessage("C", words.ofMeta)
      .replace(`"from":"${person}",`, "")
      .replace('"type":"text"', `"type":"text","from_user_id":"${words.bsuid}"`)
  )
})
