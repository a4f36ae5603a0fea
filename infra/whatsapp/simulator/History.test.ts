import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type BaileysEventMap, proto, type WASocket } from "@whiskeysockets/baileys"
import { type Simulator, startSimulator } from "./Simulator.ts"
import { closing, connect, freshAuth, jidOf, next, opening } from "./testing/TestClient.ts"

const account = "15550001"
const contact = "15550002"
const lid = (number: string) => `1${number.padStart(14, "0")}@lid`
const { HistorySyncType } = proto.HistorySync

type Past = BaileysEventMap["messaging-history.set"]

describe("history", () => {
  let simulator: Simulator
  const sockets: Array<WASocket> = []
  const common = { from: contact, to: account }

  /** Pairs, and resolves with the history that comes. */
  const linked = async (chunks: number) => {
    const auth = freshAuth()
    const first = connect(simulator.url, auth)
    const closed = closing(first)
    await simulator.scanQr(await next(first, "connection.update", ({ qr }) => qr), account)
    await closed
    const socket = connect(simulator.url, auth)
    sockets.push(socket)
    const heard: Array<Past> = []
    const all = next(socket, "messaging-history.set", (past) => (heard.push(past) === chunks ? heard : undefined))
    await opening(socket)
    return { socket, past: await all }
  }

  beforeAll(async () => {
    simulator = await startSimulator({ contacts: [contact] })
  })
  afterAll(async () => {
    for (const socket of sockets) socket.end(undefined)
    await simulator.close()
  })

  it("comes with the link: the first chunk, and what is recent", async () => {
    const group = simulator.changeGroup({ by: contact, subject: "the house", add: [account] })
    const ids = await simulator.remember({
      of: account,
      messages: [
        { ...common, text: "long ago", at: 1_600_000_000, waMessageId: "PAST1" },
        { ...common, from: account, chat: contact, text: "an answer", at: 1_600_000_001, waMessageId: "PAST2" },
        { ...common, kind: "image", caption: "in the group", group, at: 1_600_000_002, waMessageId: "PAST3" },
        { ...common, kind: "stub", stub: "GROUP_CHANGE_SUBJECT", parameters: ["us"], group, waMessageId: "PAST4" }
      ]
    })
    assert.deepStrictEqual(ids, ["PAST1", "PAST2", "PAST3", "PAST4"])
    await simulator.remember({ of: account, chunk: "recent", messages: [{ ...common, text: "just now" }] })

    const { past } = await linked(2)
    assert.deepStrictEqual(
      past.map(({ syncType }) => syncType),
      [HistorySyncType.INITIAL_BOOTSTRAP, HistorySyncType.RECENT]
    )
    const [initial, recent] = past.map(({ messages }) => new Map(messages.map((one) => [one.key.id, one])))
    assert.deepInclude(initial!.get("PAST1")?.key, { remoteJid: lid(contact), fromMe: false })
    assert.strictEqual(Number(initial!.get("PAST1")?.messageTimestamp), 1_600_000_000)
    assert.deepInclude(initial!.get("PAST2")?.key, { remoteJid: lid(contact), fromMe: true })
    const inGroup = initial!.get("PAST3")
    assert.deepInclude(inGroup?.key, { remoteJid: group, fromMe: false })
    assert.deepInclude([inGroup?.participant, inGroup?.key.participant], lid(contact))
    assert.strictEqual(inGroup?.message?.imageMessage?.caption, "in the group")
    const stub = initial!.get("PAST4")
    assert.strictEqual(stub?.messageStubType, proto.WebMessageInfo.StubType.GROUP_CHANGE_SUBJECT)
    assert.deepStrictEqual(stub?.messageStubParameters, ["us"])
    assert.deepStrictEqual(
      [...recent!.values()].map(({ message }) => message?.conversation),
      ["just now"]
    )
    const people = past[0]!.contacts.find(({ id }) => id === lid(contact))
    assert.strictEqual(people?.phoneNumber, jidOf(contact))
  })

  it("comes at once to a device that is linked, and is spoken of afterwards", async () => {
    const { socket } = await linked(2)
    const heard = next(socket, "messaging-history.set", (past) => past)
    const message = { ...common, from: account, chat: contact, text: "remembered late", waMessageId: "LATE1" }
    await simulator.remember({ of: account, chunk: "recent", messages: [message] })
    assert.strictEqual((await heard).messages[0]?.key.id, "LATE1")
    const reacted = next(socket, "messages.reaction", ([one]) => one)
    await simulator.sendIncoming({ ...common, kind: "reaction", of: "LATE1", text: "👍" })
    assert.deepInclude((await reacted).key, { id: "LATE1", fromMe: true })
  })

  it("holds nothing of another account's", async () => {
    const refused = simulator.remember({ of: contact, messages: [{ ...common, text: "not mine" }] }).catch(String)
    assert.strictEqual(await refused, "Error: a message of another account")
  })
})
