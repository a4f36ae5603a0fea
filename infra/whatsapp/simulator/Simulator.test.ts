import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { proto, type WAMessage, type WASocket } from "@whiskeysockets/baileys"
import { memoryKeys } from "./MemoryKeys.ts"
import { type Simulator, startSimulator } from "./Simulator.ts"
import { closing, connect, freshAuth, jidOf, next, opening, pair, reaching, send } from "./testing/TestClient.ts"

const account = "15550001"
const contact = "15550002"
const { Status } = proto.WebMessageInfo
const textOf = ({ message }: WAMessage) => message?.conversation ?? message?.extendedTextMessage?.text ?? undefined

/** The next text that the client receives. */
const receiving = (socket: WASocket) =>
  next(socket, "messages.upsert", ({ messages }) => messages.filter(({ key }) => !key.fromMe).map(textOf)[0])

describe("simulator", () => {
  let simulator: Simulator
  const sockets: Array<WASocket> = []
  const keep = (socket: WASocket) => {
    sockets.push(socket)
    return socket
  }
  const paired = async (number = account) => {
    const { socket, auth } = await pair(simulator.url, (qr) => simulator.scanQr(qr, number))
    return { socket: keep(socket), auth }
  }

  beforeAll(async () => {
    simulator = await startSimulator({ contacts: [contact] })
  })
  afterEach(() => {
    simulator.faults.reply = null
    for (const socket of sockets.splice(0)) socket.end(undefined)
  })
  afterAll(() => simulator.close())

  it("pairs by QR code, takes a message, delivers it and says that it was read", async () => {
    const { socket } = await paired()
    const read = reaching(socket, "QR1", Status.READ)
    assert.strictEqual(await send(socket, contact, "hello", "QR1"), "acked")
    await read
    assert.strictEqual(socket.user?.id.split(":")[0], account)
    assert.deepStrictEqual(
      simulator.inbox(contact).map(({ content: _content, ...entry }) => entry),
      [{ waMessageId: "QR1", from: account, text: "hello", copies: 1 }]
    )
    assert.deepStrictEqual(simulator.record.messages, [
      {
        waMessageId: "QR1",
        account,
        contact,
        text: "hello",
        content: undefined,
        stanzas: 1,
        copies: 1,
        acked: true,
        refused: undefined,
        delivered: true,
        read: true,
        idsWithSameText: 1
      }
    ])
  })

  it("keeps what came instead of a text, and counts the ids that carried the same", async () => {
    const { socket } = await paired()
    const place = { location: { degreesLatitude: 3.139, degreesLongitude: 101.6869, name: "the office" } }
    for (const messageId of ["PLACE1", "PLACE2"]) {
      const delivered = reaching(socket, messageId, Status.DELIVERY_ACK)
      await socket.sendMessage(jidOf(contact), place, { messageId })
      await delivered
    }
    assert.deepStrictEqual(
      simulator.record.messages
        .filter(({ waMessageId }) => waMessageId.startsWith("PLACE"))
        .map(({ content, idsWithSameText, text }) => ({ content, idsWithSameText, text })),
      Array(2).fill({ content: { locationMessage: place.location }, idsWithSameText: 2, text: undefined })
    )
  })

  it("pairs by code, after a code that was typed wrongly", async () => {
    const auth = freshAuth()
    const socket = keep(connect(simulator.url, auth))
    const closed = closing(socket)
    await next(socket, "connection.update", ({ qr }) => qr)
    const code = await socket.requestPairingCode("15550003")
    const wrong = await simulator.enterCode("15550003", code === "AAAAAAAA" ? "BBBBBBBB" : "AAAAAAAA").catch(String)
    assert.strictEqual(wrong, "Error: wrong pairing code")
    assert.strictEqual(await simulator.enterCode("15550003", code), "15550003:1@s.whatsapp.net")
    assert.strictEqual(await closed, 515)
    assert.strictEqual(keep(await opening(connect(simulator.url, auth))).user?.id, "15550003:1@s.whatsapp.net")
  })

  it("knows no QR code that no client shows", async () => {
    const refused = await simulator.scanQr("https://wa.me/settings/linked_devices#2@x,y,z,w", account).catch(String)
    assert.strictEqual(refused, "Error: no client waits with this QR code")
  })

  it("keeps what comes for a client that is away, and logs it in with its saved keys", async () => {
    const { socket, auth } = await paired()
    socket.end(undefined)
    await simulator.record.until(({ kind, device }) => kind === "closed" && device === deviceOf(socket))
    await simulator.sendIncoming({ from: contact, to: account, text: "while you were away" })
    const back = keep(connect(simulator.url, auth))
    const received = receiving(back)
    await opening(back)
    assert.strictEqual(await received, "while you were away")
  })

  it("replies for the contact when switched on, under either kind of address", async () => {
    const { socket } = await paired()
    simulator.faults.reply = "thank you"
    const reply = receiving(socket)
    await send(socket, contact, "a question", "REPLY1")
    assert.strictEqual(await reply, "thank you")
    const direct = receiving(socket)
    await simulator.sendIncoming({ from: contact, to: account, text: "by number", addressing: "pn" })
    assert.strictEqual(await direct, "by number")
  })

  it("sends a message again to a client that has lost its sessions", async () => {
    const { socket, auth } = await paired()
    const first = receiving(socket)
    await simulator.sendIncoming({ from: contact, to: account, text: "in the first session" })
    assert.strictEqual(await first, "in the first session")
    socket.end(undefined)
    const back = keep(connect(simulator.url, { creds: auth.creds, keys: memoryKeys() }))
    await opening(back)
    const second = receiving(back)
    await simulator.sendIncoming({ from: contact, to: account, text: "in the second session" })
    assert.strictEqual(await second, "in the second session")
  })

  it("carries messages between two accounts", async () => {
    const { socket: alice } = await paired()
    const { socket: bob } = await paired("15550004")
    const received = receiving(bob)
    assert.strictEqual(await send(alice, "15550004", "from one client to another", "PEER1"), "acked")
    assert.strictEqual(await received, "from one client to another")
  })

  it("makes a contact of any number that is asked for, except the absent ones, when told to", async () => {
    const open = await startSimulator({ autoContacts: true, absent: ["15550008"] })
    const { socket } = await pair(open.url, (qr) => open.scanQr(qr, account))
    const answers = await socket.onWhatsApp("15550007", "15550008")
    assert.deepStrictEqual(
      answers?.map(({ jid, exists }) => [jid, exists]),
      [[jidOf("15550007"), true]]
    )
    socket.end(undefined)
    await open.close()
  })

  it("takes 200 messages that are sent at once", async () => {
    const { socket } = await paired()
    const ids = Array.from({ length: 200 }, (_, index) => `BULK${index}`)
    await send(socket, contact, "the first one finds the contact's devices", "BULK")
    const answers = await Promise.all(ids.map((id) => send(socket, contact, id, id)))
    assert.deepStrictEqual(new Set(answers), new Set(["acked"]))
    const copies = simulator.inbox(contact).filter(({ text, waMessageId }) => text === waMessageId)
    assert.strictEqual(copies.length, 200)
    assert.isTrue(copies.every((entry) => entry.copies === 1))
  })

  it("takes the client's log-out, and does not know the device afterwards", async () => {
    const { socket, auth } = await paired()
    const closed = closing(socket)
    await socket.logout()
    assert.strictEqual(await closed, 401)
    assert.strictEqual(await closing(keep(connect(simulator.url, auth))), 401)
  })
})

const deviceOf = (socket: WASocket) => Number(socket.user?.id.split(/[:@]/)[1])
