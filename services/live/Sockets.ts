import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { Context, Effect, Exit, Layer, Option, Stream } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import { Later } from "#domain/Later.ts"
import { credentialIn } from "../access/AuthorizationHttp.ts"
import { type Problem, problem } from "../api/Problems.ts"
import type { Filter } from "../events/Filter.ts"
import { Admission } from "../http/Admission.ts"
import type { Asking } from "../http/ClientAddress.ts"
import type { Origins } from "../http/Cors.ts"
import { problemFor } from "../http/Foreseen.ts"
import { pathOf } from "../http/Paths.ts"
import { answerRaw } from "../http/RawAnswer.ts"
import { contextOf } from "../http/RequestContext.ts"
import { Stop } from "../runtime/Stop.ts"
import * as Compatible from "./Compatible.ts"
import { type Dialect, own } from "./Dialect.ts"
import * as Entry from "./Entry.ts"
import { Live, type Seat } from "./Live.ts"
import * as SocketOutlet from "./SocketOutlet.ts"

export interface Options {
  readonly authTimeoutSeconds: number
  readonly allowedOrigins?: Origins | undefined
}

/** Nobody has more to say than a key and a filter. */
const maxPayload = 4 * 1024

const paths = ["/v1/live", "/ws"]

export const isLive = ({ headers: { upgrade }, method, url = "" }: IncomingMessage): boolean =>
  method === "GET" && upgrade?.toLowerCase() === "websocket" && paths.includes(pathOf(url))

/** WebSockets, from the request to become one. */
export class Sockets extends Context.Service<
  Sockets,
  { readonly accept: (request: IncomingMessage, connection: Socket, head: Buffer) => void }
>()("homing/services/live/Sockets") {}

/** As an ordinary answer says it, or the end of a WebSocket. */
const closeCodeOf = ({ status }: Problem): number => (status === 503 ? 1013 : 4_000 + status)

const queryOf = (url: string): Filter | undefined => {
  const { after, device, types, ...others } = Object.fromEntries(new URL(url, "http://localhost").searchParams)
  return Object.keys(others).length > 0 ? undefined : { after, device, types: types?.split(",") }
}

const asksIn = ({ headers, socket }: IncomingMessage): Asking => ({
  headers: headers as Asking["headers"],
  remoteAddress: Option.fromUndefinedOr(socket.remoteAddress)
})

const misspelt = problem("invalid_request", {
  errors: [{ in: "query", pointer: "", expected: "no parameters but after, types, device, beside a key in a header" }]
})
const misspoken = problem("invalid_request", {
  errors: [{ in: "body", pointer: "", expected: "one message that says the key, and nothing else" }]
})

export const layer = ({ allowedOrigins, authTimeoutSeconds }: Options) =>
  Layer.effect(
    Sockets,
    Effect.gen(function* () {
      const admission = yield* Admission
      const live = yield* Live
      const stop = yield* Stop
      const compatible = yield* Compatible.make
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload })

      const admit = yield* Entry.make
      const follow = Effect.fnUntraced(function* (
        socket: WebSocket,
        connection: Socket,
        dialect: Dialect,
        seat: Seat,
        { principal, wanted }: Entry.Admitted
      ) {
        if (!seat.claim(principal)) return yield* Effect.fail(problem("too_many_connections"))
        const outlet = SocketOutlet.make(socket, connection, dialect)
        const welcome = dialect.welcome()
        if (welcome !== undefined) socket.send(welcome)
        const besides = Stream.runForEach(dialect.besides(principal), (words) => Effect.sync(() => socket.send(words)))
        yield* Effect.raceFirst(seat.follow(wanted, principal, outlet), Effect.andThen(besides, Effect.never))
      })

      /** The first message says the key, unless it came in a header; there is no second one. */
      const converse = (
        socket: WebSocket,
        connection: Socket,
        dialect: Dialect,
        seat: Seat,
        admitted: (introduction: Effect.Effect<string, Problem>) => Effect.Effect<Entry.Admitted, Problem>,
        isSilent: boolean
      ) => {
        const first = new Later<string>()
        const gone = new Later<void>()
        socket.once("close", () => {
          gone.tell(Exit.void)
          seat.leave()
        })
        socket.on("error", () => {}) // `ws` closes what it cannot read, and says why
        let isRefused = false
        const refuse = (found: Problem) => {
          if (isRefused) return
          isRefused = true
          const words = dialect.refusal(found)
          if (words !== undefined) socket.send(words)
          SocketOutlet.close(socket, closeCodeOf(found), found.code)
        }
        let isSaid = isSilent
        socket.on("message", (data) => {
          if (isSaid) refuse(misspoken)
          else first.tell(Exit.succeed(String(data)))
          isSaid = true
        })
        const introduction = Effect.timeoutOrElse(first.told, {
          duration: authTimeoutSeconds * 1_000,
          orElse: () => Effect.fail(problem("request_timeout"))
        })
        const whole = Effect.flatMap(admitted(introduction), (found) =>
          follow(socket, connection, dialect, seat, found)
        )
        run(
          Effect.raceFirst(
            Effect.catch(whole, (found) => Effect.sync(() => refuse(found))),
            gone.told
          )
        )
      }

      const originIsAllowed = ({ headers: { origin } }: IncomingMessage) =>
        origin === undefined || allowedOrigins === "*" || (allowedOrigins?.has(origin) ?? false)

      return {
        accept: (request, connection, head) => {
          connection.on("error", () => {})
          const asking = asksIn(request)
          const refuse = (found: Problem) => {
            const { retryAfterSeconds = found.status === 503 ? 1 : undefined } = contextOf(asking)
            answerRaw(connection, found, {
              ...(retryAfterSeconds !== undefined && { "retry-after": String(retryAfterSeconds) }),
              ...(found.code === "unauthorized" && { "www-authenticate": 'Bearer realm="homing"' })
            })
          }
          if (stop.begun()) return refuse(problem("shutting_down"))
          const limited = admission.enter(asking)
          if (limited !== undefined) return refuse(problemFor(limited, asking))
          if (!originIsAllowed(request)) return refuse(problem("origin_refused"))
          const key = credentialIn(asking.headers)
          if (key === undefined) return refuse(problem("bad_request"))
          const url = request.url ?? ""
          const filter = queryOf(url)
          if (filter === undefined || (key === "" && url.includes("?"))) return refuse(misspelt)
          const seat = live.sit()
          if (seat === undefined) return refuse(problem("too_many_connections"))
          connection.once("close", seat.leave)

          const dialect = pathOf(url) === paths[0] ? own : compatible
          const upgrade = (
            admitted: (introduction: Effect.Effect<string, Problem>) => Effect.Effect<Entry.Admitted, Problem>
          ) =>
            server.handleUpgrade(request, connection, head, (socket) =>
              converse(socket, connection, dialect, seat, admitted, key !== "")
            )
          if (key === "") {
            return upgrade((introduction) =>
              Effect.flatMap(introduction, (text): Effect.Effect<Entry.Admitted, Problem> => {
                const said = dialect.introduced(text)
                return said === undefined ? Effect.fail(misspoken) : admit(asking, said.key, said.filter, "body")
              })
            )
          }
          const admitted = admit(asking, key, dialect.asked(filter), "query")
          run(
            Effect.match(admitted, {
              onFailure: refuse,
              onSuccess: (found) => upgrade(() => Effect.succeed(found))
            })
          )
        }
      }
    })
  )
