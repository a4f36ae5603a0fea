import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import {
  type AuthenticationState,
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  proto,
  type WASocket
} from "@whiskeysockets/baileys"
import { noFaults } from "./Faults.ts"
import { type Simulator, startSimulator } from "./Simulator.ts"
import { closing, connect, jidOf, opening, pair, reaching, send } from "./testing/TestClient.ts"

const account = "15550001"
const contact = "15550002"
const stranger = "15550003"
const { Status } = proto.WebMessageInfo

describe("faults", () => {
  let simulator: Simulator
  let auth: AuthenticationState
  let socket: WASocket
  let nth = 0
  let id = ""

  const summary = () => simulator.record.messages.find(({ waMessageId }) => waMessageId === id)
  const observed = (kind: string) =>
    simulator.record.until((observation) => observation.kind === kind && observation.waMessageId === id)
  const reconnect = async () => {
    socket.end(undefined)
    socket = connect(simulator.url, auth)
    await opening(socket)
  }

  beforeAll(async () => {
    simulator = await startSimulator({ contacts: [contact, stranger] })
    const paired = await pair(simulator.url, (qr) => simulator.scanQr(qr, account))
    auth = paired.auth
    socket = paired.socket
    await send(socket, contact, "the first one finds the contact's devices", "FIRST")
  })
  beforeEach(() => {
    nth += 1
    id = `FAULT${nth}`
  })
  afterEach(async () => {
    Object.assign(simulator.faults, noFaults())
    if (!socket.ws.isOpen) await reconnect()
  })
  afterAll(async () => {
    socket.end(undefined)
    await simulator.close()
  })

  it("ack never: the send resolves all the same, and the contact has the message", async () => {
    simulator.faults.ack = "never"
    await socket.sendMessage(jidOf(contact), { text: id }, { messageId: id })
    await observed("delivered")
    assert.deepInclude(summary(), { stanzas: 1, copies: 1, acked: false })
  })

  it("ack late: nothing is said of the message until then", async () => {
    simulator.faults.ack = { lateMs: 150 }
    const started = performance.now()
    assert.strictEqual(await send(socket, contact, id, id), "acked")
    assert.isAtLeast(performance.now() - started, 149)
    const kinds = simulator.record.observations.filter(({ waMessageId }) => waMessageId === id).map(({ kind }) => kind)
    assert.deepStrictEqual(kinds.slice(0, 4), ["message", "delivered", "acked", "read"])
  })

  it("ack error: the client is told the code, the contact gets nothing", async () => {
    simulator.faults.ack = { error: 463 }
    const failed = reaching(socket, id, Status.SERVER_ACK)
    assert.strictEqual(await send(socket, contact, id, id), "463")
    const { status, messageStubParameters } = await failed
    assert.strictEqual(status, Status.ERROR)
    assert.strictEqual(messageStubParameters?.[0], "463")
    assert.deepInclude(summary(), { stanzas: 1, copies: 0, acked: false, refused: "463" })
  })

  it("drop before delivery: only the second try under the same id reaches the contact", async () => {
    simulator.faults.dropsBeforeDelivery = 1
    const closed = closing(socket)
    await socket.sendMessage(jidOf(contact), { text: id }, { messageId: id })
    assert.strictEqual(await closed, 428)
    assert.deepInclude(summary(), { stanzas: 1, copies: 0, acked: false })
    await reconnect()
    assert.strictEqual(await send(socket, contact, id, id), "acked")
    assert.deepInclude(summary(), { stanzas: 2, copies: 1, acked: true })
  })

  it("drop after delivery: the receipts wait, and a second try under the same id is a second copy", async () => {
    simulator.faults.dropsAfterDelivery = 1
    const closed = closing(socket)
    await socket.sendMessage(jidOf(contact), { text: id }, { messageId: id })
    assert.strictEqual(await closed, 428)
    assert.deepInclude(summary(), { stanzas: 1, copies: 1, acked: false })
    socket = connect(simulator.url, auth)
    const read = reaching(socket, id, Status.READ)
    await opening(socket)
    await read
    assert.strictEqual(await send(socket, contact, id, id), "acked")
    assert.deepInclude(summary(), { stanzas: 2, copies: 2, acked: true, idsWithSameText: 1 })
  })

  it("retry receipt: the client encrypts the message anew under its id", async () => {
    simulator.faults.retryReceipts = 1
    await send(socket, contact, id, id)
    await observed("delivered")
    assert.deepInclude(summary(), { stanzas: 2, copies: 1 })
  })

  it("holds only for the contacts that it names", async () => {
    simulator.faults.ack = { error: 463 }
    simulator.faults.onlyTo = [stranger]
    assert.strictEqual(await send(socket, contact, id, id), "acked")
    assert.strictEqual(await send(socket, stranger, id, `${id}B`), "463")
  })

  it("receipts: only those that are switched on", async () => {
    simulator.faults.receipts = ["delivery"]
    const delivered = reaching(socket, id, Status.DELIVERY_ACK)
    await send(socket, contact, id, id)
    assert.strictEqual((await delivered).status, Status.DELIVERY_ACK)
    assert.deepInclude(summary(), { copies: 1, read: false })
  })

  it("receipts together, from the other address: one stanza for all", async () => {
    Object.assign(simulator.faults, { receipts: ["delivery"], receiptsTogether: 2, receiptsFrom: "lid" })
    const receipt = new Promise<BinaryNode>((resolve) => socket.ws.once("CB:receipt", resolve))
    for (const each of [id, `${id}B`]) await send(socket, contact, each, each)
    const heard = await receipt
    assert.deepInclude(heard.attrs, { id, from: "100000015550002@lid" })
    const others = getBinaryNodeChildren(getBinaryNodeChild(heard, "list"), "item").map(({ attrs }) => attrs.id)
    assert.deepStrictEqual(others, [`${id}B`])
    await observed("client-ack")
  })

  for (const usync of ["error", "partial", "empty"] as const) {
    it(`directory ${usync}: the client takes a contact for nobody`, async () => {
      simulator.faults.usync = usync
      assert.deepStrictEqual(await socket.onWhatsApp(contact), [])
    })
  }

  it("directory nobody: the client is told plainly that the number is not there, and the record says so", async () => {
    simulator.faults.usync = "nobody"
    assert.deepStrictEqual(await socket.onWhatsApp(contact), [])
    assert.deepInclude(simulator.record.observations.at(-1), { kind: "absent", contact })
  })

  it("query error: the client's query fails with the code", async () => {
    simulator.faults.queryError = { namespace: "usync", code: 429 }
    const error = await socket.onWhatsApp(contact).catch((cause) => cause)
    assert.strictEqual(error.data, 429)
  })

  it("keyless: no session can be made with the phone", async () => {
    simulator.faults.keyless = [contact]
    const error = await socket.assertSessions([jidOf(contact)], true).catch((cause) => cause)
    assert.strictEqual(error.data, 406)
  })

  it("muted query: a dropped line then rejects the waiting send with a bare number", async () => {
    simulator.setPresent("15550004", true)
    simulator.faults.mutedQueries = ["usync"]
    const failure = socket.sendMessage(jidOf("15550004"), { text: id }, { messageId: id }).catch((error) => error)
    await simulator.record.until(({ kind, detail }) => kind === "muted" && detail === "usync")
    simulator.drop()
    assert.strictEqual(await failure, 1006)
    assert.isUndefined(summary())
  })

  for (const code of [515, 503, 500, 440]) {
    it(`stream error ${code}: the client closes with it and may come back`, async () => {
      const closed = closing(socket)
      simulator.endStreams(code, account)
      assert.strictEqual(await closed, code)
      await reconnect()
    })
  }

  it("a second login with the same keys takes the place of the first", async () => {
    const closed = closing(socket)
    const second = await opening(connect(simulator.url, auth))
    assert.strictEqual(await closed, 440)
    socket = second
    assert.strictEqual(await send(socket, contact, id, id), "acked")
  })

  for (const reason of [401, 403, 503]) {
    it(`login failure ${reason}`, async () => {
      socket.end(undefined)
      simulator.faults.loginFailure = reason
      assert.strictEqual(await closing(connect(simulator.url, auth)), reason)
    })
  }

  it("HTTP 503 on the upgrade: the client neither closes nor gives up", async () => {
    socket.end(undefined)
    simulator.faults.upgradeStatus = 503
    const refused = connect(simulator.url, auth)
    await new Promise((resolve) => refused.ws.once("unexpected-response", resolve))
    assert.isTrue(refused.ws.isConnecting)
    refused.end(undefined)
  })

  it("stream error 401: the device is unlinked for good", async () => {
    const closed = closing(socket)
    simulator.endStreams(401)
    assert.strictEqual(await closed, 401)
    assert.strictEqual(await closing(connect(simulator.url, auth)), 401)
    const again = await pair(simulator.url, (qr) => simulator.scanQr(qr, account))
    auth = again.auth
    socket = again.socket
  })
})
