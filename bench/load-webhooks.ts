import { createHmac, randomBytes } from "node:crypto"
import { post } from "./Posting.ts"

/**
 * Webhooks as Meta posts them, each another one, signed. Run as a process of its own: `port connections seconds` and a JSON
 * of how many messages stand in each, how long and of how many people, and how many begin in a second. Prints one JSON line.
 */
const [port, connections, seconds, asked] = process.argv.slice(2)
const {
  atMost,
  characters = 56,
  first = 0,
  path,
  people,
  perSecond,
  secret,
  updates
} = JSON.parse(asked!) as {
  readonly path: string
  readonly secret: string
  readonly updates: number
  readonly people: number
  readonly characters?: number
  readonly perSecond?: number
  readonly atMost?: number
  /** Where their numbers begin. */
  readonly first?: number
}

const run = randomBytes(9).toString("hex").toUpperCase()
const text = "Is my parcel on its way, and does it arrive before noon?".padEnd(characters, ".")

const messageOf = (n: number) => ({
  from: `1650${5_000_000 + first + (n % people)}`,
  id: `wamid.${run}${String(n).padStart(12, "0")}`,
  timestamp: String(1_760_000_000 + n),
  type: "text",
  text: { body: text }
})

const contactOf = ({ from }: ReturnType<typeof messageOf>) => ({ profile: { name: "Ada Lovelace" }, wa_id: from })

const bodyOf = (n: number) => {
  const messages = Array.from({ length: updates }, (_, i) => messageOf(n * updates + i))
  const value = {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: "15550783881", phone_number_id: "106540352242922" },
    contacts: messages.slice(0, people).map(contactOf),
    messages
  }
  return JSON.stringify({
    object: "whatsapp_business_account",
    entry: [{ id: "102290129340398", changes: [{ value, field: "messages" }] }]
  })
}

const request = (n: number) => {
  const body = bodyOf(n)
  const code = createHmac("sha256", secret).update(body).digest("hex")
  return `POST ${path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\nx-hub-signature-256: sha256=${code}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

const result = await post({
  port: Number(port),
  connections: Number(connections),
  seconds: Number(seconds),
  request,
  expected: 200,
  perSecond,
  atMost
})
console.log(JSON.stringify(result))
