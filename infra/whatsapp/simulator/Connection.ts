import { type BinaryNode, decodeBinaryNode, encodeBinaryNode, S_WHATSAPP_NET } from "@whiskeysockets/baileys"
import type { WebSocket } from "ws"
import { toFrame } from "../baileys/Frames.ts"
import { encodePlainly, isMiswritten } from "../baileys/PlainNodes.ts"
import { type Encoding, element, unixSeconds } from "./BinaryNodes.ts"
import type { Companion } from "./Companion.ts"
import { FrameReader } from "./Frames.ts"
import { NoiseResponder, type NoiseSession, type ServerIdentity } from "./NoiseResponder.ts"
import type { Phone } from "./Phone.ts"
import { Serial } from "./Serial.ts"

// A client closes by itself once it has read the error; a close that overtakes the error would hide its code.
const graceMs = 500

export interface ConnectionHandlers {
  /** The handshake is done: registration or login. */
  readonly onSession: (connection: Connection, session: NoiseSession) => void
  readonly onStanza: (connection: Connection, stanza: BinaryNode) => void | Promise<void>
  readonly onProtocolError: (connection: Connection, error: unknown) => void
  readonly onClosed: (connection: Connection) => void
}

/** One client's WebSocket: handshake, then encrypted stanzas, handled one after the other. */
export class Connection {
  /** Whose connection it is, once logged in. */
  login: { readonly phone: Phone; readonly companion: Companion } | undefined
  readonly #socket: WebSocket
  readonly #handlers: ConnectionHandlers
  readonly #frames = new FrameReader()
  readonly #responder: NoiseResponder
  readonly #incoming = new Serial()
  readonly #queries = new Map<string, PromiseWithResolvers<BinaryNode>>()
  #saidHello = false
  #session: NoiseSession | undefined
  #nextId = 1

  constructor(socket: WebSocket, identity: ServerIdentity, handlers: ConnectionHandlers) {
    this.#socket = socket
    this.#handlers = handlers
    this.#responder = new NoiseResponder(identity)
    socket.on("message", (bytes: Buffer) => this.#incoming.run(() => this.#read(bytes)))
    // ws reports every failure a second time, as a close.
    socket.on("error", () => undefined)
    socket.on("close", () => {
      for (const query of this.#queries.values()) query.reject(new Error("the client closed the connection"))
      handlers.onClosed(this)
    })
  }

  /** Writes a stanza; false when the socket is closed already. */
  send(stanza: BinaryNode, encode: Encoding = isMiswritten(stanza) ? encodePlainly : encodeBinaryNode): boolean {
    if (!this.#session || this.#socket.readyState !== this.#socket.OPEN) return false
    this.#socket.send(toFrame(this.#session.seal(encode(stanza))))
    return true
  }

  /** Answers a client's query. */
  reply(query: BinaryNode, content?: Array<BinaryNode>) {
    const { id } = query.attrs
    this.send(element("iq", { from: S_WHATSAPP_NET, type: "result", id, t: unixSeconds() }, content))
  }

  /** Asks the client. Rejects when the connection closes first. */
  async query(namespace: string, content: Array<BinaryNode>): Promise<BinaryNode> {
    const id = this.nextId()
    const answer = Promise.withResolvers<BinaryNode>()
    this.#queries.set(id, answer)
    this.send(element("iq", { from: S_WHATSAPP_NET, type: "set", id, xmlns: namespace, t: unixSeconds() }, content))
    return answer.promise
  }

  nextId(): string {
    return `simulator-${this.#nextId++}`
  }

  /** Cuts the line without a word. */
  drop() {
    this.#socket.terminate()
  }

  /** Refuses a login with a reason, as 401 or 403. */
  fail(reason: number) {
    this.#sendLast(element("failure", { reason: String(reason), location: "simulator" }))
  }

  /** Ends the stream with a code. WhatsApp says 440 and 401 as conflicts: replaced, and device removed. */
  endStream(code: number) {
    const conflict = (type: string) => [element("conflict", { type })]
    if (code === 440) this.#sendLast(element("stream:error", {}, conflict("replaced")))
    else if (code === 401) this.#sendLast(element("stream:error", { code: "401" }, conflict("device_removed")))
    else this.#sendLast(element("stream:error", { code: String(code) }))
  }

  #sendLast(stanza: BinaryNode) {
    this.send(stanza)
    const timer = setTimeout(() => this.drop(), graceMs)
    this.#socket.once("close", () => clearTimeout(timer))
  }

  async #read(bytes: Buffer) {
    try {
      for (const frame of this.#frames.read(bytes)) await this.#receive(frame)
    } catch (error) {
      this.#handlers.onProtocolError(this, error)
      this.drop()
    }
  }

  async #receive(frame: Buffer) {
    if (this.#session) {
      const stanza = await decodeBinaryNode(this.#session.open(frame))
      if (!this.#settleQuery(stanza)) await this.#handlers.onStanza(this, stanza)
    } else if (this.#saidHello) {
      this.#session = this.#responder.finish(frame)
      this.#handlers.onSession(this, this.#session)
    } else {
      this.#socket.send(toFrame(this.#responder.hello(frame)))
      this.#saidHello = true
    }
  }

  #settleQuery(stanza: BinaryNode): boolean {
    const { id = "", type } = stanza.attrs
    if (stanza.tag !== "iq" || (type !== "result" && type !== "error")) return false
    this.#queries.get(id)?.resolve(stanza)
    this.#queries.delete(id)
    return true
  }
}
