import { assert, describe, it } from "@effect/vitest"
import { proto } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import type { SentMessage } from "#domain/ports/WhatsApp.ts"
import { keepSecretsOf } from "./HistorySecrets.ts"
import type { Rows } from "./Opened.ts"
import { make, type Secrets } from "./Secrets.ts"

const secret = (n: number) => Buffer.alloc(32, n)
const encoded = (message: proto.IMessage, n: number) =>
  proto.Message.encode({ ...message, messageContextInfo: { messageSecret: secret(n) } }).finish()
const text = (n: number) => encoded({ conversation: "a" }, n)
const poll = (n: number) => encoded({ pollCreationMessageV3: { name: "a", options: [] } }, n)

const world = (sent: (waMessageId: string) => Promise<SentMessage | undefined> = async () => undefined) => {
  const rows = new Map<string, unknown>()
  const secrets = make({ get: (type, id) => rows.get(`${type} ${id}`) }, sent)
  const write = (written: Rows) => {
    for (const [type, some] of Object.entries(written)) {
      for (const [row, value] of Object.entries(some)) rows.set(`${type} ${row}`, JSON.parse(JSON.stringify(value)))
    }
  }
  const hear = (id: string, plain: Uint8Array) => write(secrets.rowsFor(id, plain))
  return { rows, secrets, hear, write }
}
const firstBytes = async ({ of }: Secrets, id: string) => (await of(id)).map(([first]) => first)

describe("secrets of messages", () => {
  it("are known again by the message's id, of whoever has used it", async () => {
    const { hear, secrets } = world()
    hear("A1", text(1))
    hear("A1", poll(2))
    hear("A1", text(3))
    hear("A1", text(1))
    assert.deepStrictEqual(await firstBytes(secrets, "A1"), [3, 1, 2])
    assert.deepStrictEqual(await firstBytes(secrets, "A2"), [])
  })

  it("take a bounded place, in which texts do not take that of polls", async () => {
    const { hear, rows, secrets } = world()
    hear("P", poll(9))
    for (let n = 0; n < 6_000; n++) hear(`A${n}`, text(n % 7))
    assert.isAtMost(rows.size, 512 + 1)
    for (const row of rows.values()) assert.isAtMost((row as ReadonlyArray<unknown>).length, 8)
    assert.deepStrictEqual(await firstBytes(secrets, "P"), [9])
    for (let n = 5_000; n < 6_000; n++) assert.deepStrictEqual(await firstBytes(secrets, `A${n}`), [n % 7])
  })

  it("of all that a history has are one commit, and none pushes out another that was said later", async () => {
    const { secrets, write } = world()
    let commits = 0
    const set = async (data: object) => {
      commits += 1
      write(data as Rows)
    }
    const messages = Array.from({ length: 1_000 }, (_, n) => ({
      message: {
        key: { id: `P${n}` },
        messageTimestamp: 1_000 + n,
        message: { pollCreationMessageV3: { name: "a", options: [] } },
        messageSecret: secret(n % 7)
      }
    }))
    const history = { conversations: [{ messages }] } as unknown as proto.HistorySync
    const ids = await keepSecretsOf(history, { keys: { set } as never, secrets, now: 5_000 })
    assert.deepStrictEqual([commits, ids.length], [1, 1_000])
    for (let n = 500; n < 1_000; n++) assert.deepStrictEqual(await firstBytes(secrets, `P${n}`), [n % 7])
  })

  it("of what was sent from here stand in what was sent", async () => {
    const bytes = Effect.succeed(text(5))
    const { secrets } = world(async (id) => (id === "S1" ? ({ bytes } as SentMessage) : undefined))
    assert.deepStrictEqual(await firstBytes(secrets, "S1"), [5])
  })

  it("that are none, or cannot be read, keep nobody from being heard", async () => {
    const { hear, secrets } = world(() => Promise.reject(new Error("the ledger is not there")))
    hear("A2", text(4))
    assert.deepStrictEqual(await firstBytes(secrets, "A2"), [4])
    assert.deepStrictEqual(secrets.rowsFor("A1", Uint8Array.of(0xff)), {})
    assert.deepStrictEqual(secrets.rowsFor("A1", proto.Message.encode({ conversation: "a" }).finish()), {})
    assert.deepStrictEqual(await secrets.of("A1"), [])
    const short = { conversation: "a", messageContextInfo: { messageSecret: Buffer.alloc(31) } }
    assert.deepStrictEqual(secrets.rowsFor("A1", proto.Message.encode(short).finish()), {})
  })
})
