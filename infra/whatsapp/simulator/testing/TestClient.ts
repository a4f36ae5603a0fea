import "../../baileys/QuietLibsignal.ts"
import {
  type AuthenticationState,
  type BaileysEventMap,
  type BinaryNode,
  initAuthCreds,
  makeWASocket,
  type UserFacingSocketConfig,
  type WAMessage,
  type WASocket
} from "@whiskeysockets/baileys"
import pino from "pino"
import { memoryKeys } from "../MemoryKeys.ts"

const logger = pino({ level: "silent" })
const restartRequired = 515

export const jidOf = (number: string) => `${number}@s.whatsapp.net`

export const freshAuth = (): AuthenticationState => ({ creds: initAuthCreds(), keys: memoryKeys() })

/** An unmodified Baileys socket that keeps its credentials in memory. */
export const connect = (
  url: string,
  auth: AuthenticationState,
  config: Partial<UserFacingSocketConfig> = {}
): WASocket => {
  const socket = makeWASocket({ waWebSocketUrl: url, auth, logger, ...config })
  socket.ev.on("creds.update", (update) => Object.assign(auth.creds, update))
  return socket
}

/** Resolves with what `pick` makes of the first event that it makes something of. */
export const next = <E extends keyof BaileysEventMap, A>(
  socket: WASocket,
  event: E,
  pick: (payload: BaileysEventMap[E]) => A | undefined
): Promise<A> =>
  new Promise((resolve) => {
    const listener = (payload: BaileysEventMap[E]) => {
      const picked = pick(payload)
      if (picked === undefined) return
      socket.ev.off(event, listener)
      resolve(picked)
    }
    socket.ev.on(event, listener)
  })

const codeOf = (error: unknown): number | undefined =>
  (error as { readonly output?: { readonly statusCode?: number } } | undefined)?.output?.statusCode

/** The code with which the socket closes. */
export const closing = (socket: WASocket): Promise<number> =>
  next(socket, "connection.update", ({ connection, lastDisconnect }) =>
    connection === "close" ? (codeOf(lastDisconnect?.error) ?? 0) : undefined
  )

/** Resolves when the socket is open, rejects with the code when it closes instead. */
export const opening = (socket: WASocket): Promise<WASocket> =>
  Promise.race([
    next(socket, "connection.update", ({ connection }) => (connection === "open" ? socket : undefined)),
    closing(socket).then((code) => Promise.reject(new Error(`closed with ${code}`)))
  ])

/** Shows a QR code to `scan`, follows the restart, resolves with the open socket. */
export const pair = async (
  url: string,
  scan: (qr: string) => Promise<unknown>,
  auth: AuthenticationState = freshAuth()
): Promise<{ readonly socket: WASocket; readonly auth: AuthenticationState }> => {
  const first = connect(url, auth)
  const closed = closing(first)
  await scan(await next(first, "connection.update", ({ qr }) => qr))
  const code = await closed
  if (code !== restartRequired) throw new Error(`closed with ${code}`)
  return { socket: await opening(connect(url, auth)), auth }
}

/** The server's answer to a message: "acked", or the code of its error. */
export const answerTo = (socket: WASocket, waMessageId: string): Promise<string> =>
  new Promise((resolve) => {
    const listener = ({ attrs }: BinaryNode) => {
      if (attrs.id !== waMessageId) return
      socket.ws.off("CB:ack,class:message", listener)
      resolve(attrs.error ?? "acked")
    }
    socket.ws.on("CB:ack,class:message", listener)
  })

/** Sends a text and waits for the server's answer. */
export const send = async (socket: WASocket, number: string, text: string, waMessageId: string): Promise<string> => {
  const answer = answerTo(socket, waMessageId)
  await socket.sendMessage(jidOf(number), { text }, { messageId: waMessageId })
  return answer
}

/**
 * Resolves with the first status of at least this height, or of an error, that Baileys reports for a message. Baileys
 * merges events: the message itself may come with its status already, and no update follows.
 */
export const reaching = (socket: WASocket, waMessageId: string, status: number): Promise<Partial<WAMessage>> => {
  const reached = (message: Partial<WAMessage>) => (message.status ?? 1) >= status || message.status === 0
  return Promise.race([
    next(socket, "messages.update", (updates) =>
      updates
        .filter(({ key }) => key.id === waMessageId)
        .map(({ update }) => update)
        .find(reached)
    ),
    next(socket, "messages.upsert", ({ messages }) =>
      messages.filter(({ key }) => key.id === waMessageId).find(reached)
    )
  ])
}

/** The first of a client's messages under this id, or the first that fits. */
export const hearing = (
  socket: WASocket,
  waMessageId: string,
  fits: (message: WAMessage) => boolean = () => true
): Promise<WAMessage> =>
  next(socket, "messages.upsert", ({ messages }) =>
    messages.find((message) => message.key.id === waMessageId && fits(message))
  )
