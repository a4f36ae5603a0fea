import { connect, type Socket } from "node:net"
import * as tls from "node:tls"
import { OutboundFailed, OutboundRefused } from "#domain/ports/OutboundHttp.ts"
import { after } from "#domain/Timer.ts"
import { codeOf } from "./CodeOf.ts"
import type { Connections } from "./Connections.ts"
import { read } from "./Reach.ts"
import type { Target } from "./Target.ts"

/** Begins a connection to an address; nothing is looked up. */
export type Dial = (address: string, port: number) => Socket

export const dial: Dial = (host, port) => connect({ host, port, noDelay: true })

/** How long a silent address keeps from the next one. */
const nextAfterMillis = 2_000
const mostAddresses = 4

type Failure = OutboundFailed | OutboundRefused
export const isFailure = (found: Socket | Failure): found is Failure => "_tag" in found

const silent = () => new OutboundFailed({ kind: "unreachable", code: "ETIMEDOUT" })

/** Until it is open, or why it is not. */
const opened = (
  socket: Socket,
  event: "connect" | "secureConnect",
  kind: "unreachable" | "tls",
  mostMillis?: number
): Promise<OutboundFailed | undefined> =>
  new Promise((resolve) => {
    const settle = (failure: OutboundFailed | undefined) => {
      timer?.stop()
      socket.off(event, open).off("close", fail).off("error", fail)
      if (failure !== undefined) socket.destroy()
      resolve(failure)
    }
    const open = () => settle(undefined)
    const fail = (error?: unknown) => settle(new OutboundFailed({ kind, code: codeOf(error) }))
    const timer = mostMillis === undefined ? undefined : after(mostMillis, () => settle(silent()))
    socket.on(event, open).on("close", fail).on("error", fail)
  })

/** Where it ended is looked at before anything is said there. */
const reached = async (socket: Socket, address: string, mostMillis?: number): Promise<Socket | Failure> => {
  const failure = await opened(socket, "connect", "unreachable", mostMillis)
  if (failure !== undefined) return failure
  const there = socket.remoteAddress
  if (there === address || (there !== undefined && read(there)?.toString() === read(address)?.toString())) return socket
  socket.destroy()
  return new OutboundRefused({ reason: "address" })
}

const secured = async (socket: Socket, { host, isLiteral }: Target, held: Connections): Promise<Socket | Failure> => {
  const secure = held.hold(
    tls.connect({
      socket,
      host,
      servername: isLiteral ? "" : host,
      ALPNProtocols: ["http/1.1"],
      minVersion: "TLSv1.2",
      rejectUnauthorized: true // also where the environment says otherwise
    })
  )
  return (await opened(secure, "secureConnect", "tls")) ?? secure
}

/** To one of these addresses, which are those that may be reached: the first that opens. */
export const connected = async (
  begin: Dial,
  addresses: ReadonlyArray<string>,
  target: Target,
  held: Connections
): Promise<Socket | Failure> => {
  const some = addresses.toSorted((a, b) => Number(a.includes(":")) - Number(b.includes(":"))).slice(0, mostAddresses)
  let found: Socket | Failure | undefined
  for (const [i, address] of some.entries()) {
    if (held.isOver) break
    const socket = held.hold(begin(address, target.port))
    found = await reached(socket, address, i === some.length - 1 ? undefined : nextAfterMillis)
    if (!isFailure(found)) return target.scheme === "http" ? found : secured(found, target, held)
  }
  return found ?? silent()
}
