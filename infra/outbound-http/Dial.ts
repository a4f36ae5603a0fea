import { connect, type Socket } from "node:net"
import * as tls from "node:tls"
import { Effect } from "effect"
import { OutboundFailed, OutboundRefused } from "#domain/ports/OutboundHttp.ts"
import { codeOf } from "./CodeOf.ts"
import { read } from "./Reach.ts"
import type { Target } from "./Target.ts"

/** Begins a connection to an address; nothing is looked up. */
export type Dial = (address: string, port: number) => Socket

export const dial: Dial = (host, port) => connect({ host, port, noDelay: true })

/** How long a silent address keeps from the next one. */
const nextAfterMillis = 2_000
const mostAddresses = 4

/** Until it is open. It ends with the scope, and at once when it does not open. */
const opened = (socket: Socket, event: "connect" | "secureConnect", kind: "unreachable" | "tls") =>
  Effect.callback<void, OutboundFailed>((resume) => {
    const fail = (error?: unknown) => resume(Effect.fail(new OutboundFailed({ kind, code: codeOf(error) })))
    socket.once(event, () => resume(Effect.void))
    socket.once("close", () => fail())
    socket.once("error", fail)
    return Effect.sync(() => socket.destroy())
  })

const held = <S extends Socket>(open: () => S) =>
  Effect.acquireRelease(
    Effect.sync(() => open().on("error", () => {})), // told where it is awaited
    (socket) => Effect.sync(() => socket.destroy())
  )

/** Where it ended is looked at before anything is said there. */
const reached = Effect.fnUntraced(function* (begin: Dial, address: string, port: number) {
  const socket = yield* held(() => begin(address, port))
  yield* opened(socket, "connect", "unreachable")
  const there = read(socket.remoteAddress ?? "")?.toString()
  if (there !== read(address)?.toString()) {
    socket.destroy()
    return yield* new OutboundRefused({ reason: "address" })
  }
  return socket
})

const secured = Effect.fnUntraced(function* (socket: Socket, { host, isLiteral }: Target) {
  const secure = yield* held(() =>
    tls.connect({
      socket,
      host,
      servername: isLiteral ? "" : host,
      ALPNProtocols: ["http/1.1"],
      minVersion: "TLSv1.2",
      rejectUnauthorized: true // also where the environment says otherwise
    })
  )
  yield* opened(secure, "secureConnect", "tls")
  return secure
})

/** One of these addresses, which are those that may be reached: the first that opens. */
export const connected = Effect.fnUntraced(function* (begin: Dial, addresses: ReadonlyArray<string>, target: Target) {
  const some = addresses.toSorted((a, b) => Number(a.includes(":")) - Number(b.includes(":"))).slice(0, mostAddresses)
  const silent = Effect.fail(new OutboundFailed({ kind: "unreachable", code: "ETIMEDOUT" }))
  const tries = some.map((address, i) => {
    const one = reached(begin, address, target.port)
    return i === some.length - 1 ? one : Effect.timeoutOrElse(one, { duration: nextAfterMillis, orElse: () => silent })
  })
  const socket = yield* Effect.firstSuccessOf(tries)
  return target.scheme === "http" ? socket : yield* secured(socket, target)
})
