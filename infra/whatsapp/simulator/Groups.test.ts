import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { proto, type WAMessage, type WASocket } from "@whiskeysockets/baileys"
import { memoryKeys } from "./MemoryKeys.ts"
import { type Simulator, startSimulator } from "./Simulator.ts"
import { connect, hearing, jidOf, next, opening, pair } from "./testing/TestClient.ts"

const account = "15550001"
const ann = "15550002"
const ben = "15550003"
const lid = (number: string) => `1${number.padStart(14, "0")}@lid`
const { StubType } = proto.WebMessageInfo

describe("groups", () => {
  let simulator: Simulator
  let socket: WASocket
  let group = ""
  const sockets: Array<WASocket> = []

  const paired = async (number: string) => {
    const made = await pair(simulator.url, (qr) => simulator.scanQr(qr, number))
    sockets.push(made.socket)
    return made
  }

  const wrote = async (from: string, text: string, more: object = {}) => {
    const id = `3A${text
      .toUpperCase()
      .replaceAll(/[^A-Z]/g, "")
      .padStart(18, "0")}`
    const heard = hearing(socket, id, ({ message }) => Boolean(message?.conversation))
    await simulator.sendIncoming({ from, to: account, group, text, waMessageId: id, ...more })
    return heard
  }
  const stub = (type: number): Promise<WAMessage> =>
    next(socket, "messages.upsert", ({ messages }) => messages.find(({ messageStubType }) => messageStubType === type))

  beforeAll(async () => {
    simulator = await startSimulator({ contacts: [ann, ben] })
    ;({ socket } = await paired(account))
    const made = next(socket, "groups.upsert", ([one]) => one)
    group = simulator.changeGroup({ by: ann, subject: "the house", add: [account] })
    assert.deepInclude(await made, { id: group, subject: "the house", author: lid(ann) })
  })
  afterAll(async () => {
    for (const one of sockets) one.end(undefined)
    await simulator.close()
  })

  it("a member writes: the first time with its key, then without", async () => {
    const first = await wrote(ann, "first")
    assert.deepInclude(first.key, {
      remoteJid: group,
      participant: lid(ann),
      participantAlt: jidOf(ann),
      fromMe: false
    })
    const parts = [first, await wrote(ann, "second")].map(({ message }) =>
      Boolean(message?.senderKeyDistributionMessage)
    )
    assert.deepStrictEqual(parts, [true, false])
    const byPhone = await wrote(ann, "by phone", { addressing: "pn" })
    assert.deepInclude(byPhone.key, { participant: jidOf(ann), participantAlt: lid(ann) })
  })

  it("the account's own phone writes", async () => {
    const own = await wrote(account, "mine")
    assert.deepInclude(own.key, { remoteJid: group, participant: lid(account), fromMe: true })
  })

  it("reactions and deletions name whose message it was, an admin's too", async () => {
    const { key } = await wrote(account, "to be taken away")
    const reacted = hearing(socket, "REACTION1")
    const parties = { from: ann, to: account, group, of: key.id! }
    await simulator.sendIncoming({ ...parties, kind: "reaction", text: "👍", waMessageId: "REACTION1" })
    const said = (await reacted).message?.reactionMessage
    assert.deepInclude(said?.key, { remoteJid: group, id: key.id!, participant: lid(account), fromMe: true })
    const stanza = new Promise<string | undefined>((resolve) =>
      socket.ws.once("CB:message", ({ attrs }) => resolve(attrs.edit))
    )
    const deleted = next(socket, "messages.update", (updates) => updates.find((one) => one.key.id === key.id))
    await simulator.sendIncoming({ ...parties, kind: "delete" })
    assert.strictEqual((await deleted).update.messageStubType, StubType.REVOKE)
    assert.strictEqual(await stanza, "8")
  })

  it("is told of who comes, is made admin, goes and is sent away, and of another subject", async () => {
    const changed = (action: string) =>
      next(socket, "group-participants.update", (update) => (update.action === action ? update : undefined))
    for (const [change, action] of [
      [{ add: [ben] }, "add"],
      [{ promote: [ben] }, "promote"],
      [{ demote: [ben] }, "demote"],
      [{ remove: [ben] }, "remove"]
    ] as const) {
      const heard = changed(action)
      simulator.changeGroup({ group, by: ann, ...change })
      const { author, participants } = await heard
      assert.strictEqual(author, lid(ann))
      assert.deepInclude(participants[0], { id: lid(ben), phoneNumber: jidOf(ben) })
    }
    const renamed = next(socket, "groups.update", ([one]) => one?.subject)
    simulator.changeGroup({ group, by: ann, subject: "the garden" })
    assert.strictEqual(await renamed, "the garden")
    simulator.changeGroup({ group, by: ann, add: [ben] })
    const left = stub(StubType.GROUP_PARTICIPANT_LEAVE)
    simulator.changeGroup({ group, by: ben, remove: [ben] })
    assert.strictEqual((await left).key.remoteJid, group)
    await simulator.record.until(({ detail, kind }) => kind === "client-ack" && detail === "notification")
  })

  it("is told that it is no longer in it, and of nothing after that", async () => {
    const other = simulator.changeGroup({ by: ann, subject: "another", add: [account, ben] })
    const heard: Array<string> = []
    const note = ({ action, id }: { readonly action: string; readonly id: string }) =>
      id === other && heard.push(action)
    socket.ev.on("group-participants.update", note)
    simulator.changeGroup({ group: other, by: ann, remove: [account] })
    simulator.changeGroup({ group: other, by: ann, remove: [ben] })
    const readded = next(socket, "group-participants.update", ({ action }) => action === "add" || undefined)
    simulator.changeGroup({ group: other, by: ann, add: [account] })
    await readded
    assert.deepStrictEqual(heard, ["remove", "add"])
    const forbidden = await paired(ben).then(({ socket: of }) => of.groupMetadata(other).catch(({ data }) => data))
    assert.strictEqual(forbidden, 403)
    simulator.changeGroup({ group: other, by: ann, remove: [account] })
  })

  it("answers who is in it, and which there are", async () => {
    const told = await socket.groupMetadata(group)
    assert.deepInclude(told, { id: group, subject: "the garden", owner: lid(ann) })
    assert.strictEqual(`${told.addressingMode}`, "lid")
    assert.deepStrictEqual(
      told.participants.map(({ admin, id, phoneNumber }) => [id, phoneNumber, admin]),
      [
        [lid(account), jidOf(account), null],
        [lid(ann), jidOf(ann), "admin"]
      ]
    )
    assert.deepStrictEqual(Object.keys(await socket.groupFetchAllParticipating()), [group])
    const unknown = await socket.groupMetadata("120363000000000000@g.us").catch(({ data }) => data)
    assert.strictEqual(unknown, 404)
  })

  it("nobody writes who is not in it, and none is written in that does not exist", async () => {
    const refused = await simulator.sendIncoming({ from: ben, to: account, group, text: "hello" }).catch(String)
    assert.strictEqual(refused, "Error: not a member of this group")
    const nowhere = await simulator.sendIncoming({ from: ann, to: account, group: "x", text: "hello" }).catch(String)
    assert.strictEqual(nowhere, "Error: no such group")
  })

  it("a message that could not be opened comes again for this device alone, and so does one without its key", async () => {
    const heard = await wrote(ann, "spoilt", { unreadable: 1 })
    assert.strictEqual(heard.message?.conversation, "spoilt")
    const { kind } = await simulator.record.until(({ detail }) => detail === "retry")
    assert.strictEqual(kind, "client-receipt")
  })

  it("reaches a client that has lost all keys", async () => {
    const { auth, socket: before } = await paired(ben)
    simulator.changeGroup({ group, by: ann, add: [ben] })
    const first = hearing(before, "LOST1")
    await simulator.sendIncoming({ from: ann, to: ben, group, text: "one", waMessageId: "LOST1" })
    await first
    before.end(undefined)
    const after = await opening(connect(simulator.url, { creds: auth.creds, keys: memoryKeys() }))
    sockets.push(after)
    const second = hearing(after, "LOST2", ({ message }) => message?.conversation === "two")
    await simulator.sendIncoming({ from: ann, to: ben, group, text: "two", waMessageId: "LOST2" })
    await second
  })
})
