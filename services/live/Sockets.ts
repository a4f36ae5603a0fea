import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { Cause, Context, Effect, Exit, Layer, Option, Stream } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import { Later } from "#domain/Later.ts"
import { credentialIn } from "../access/AuthorizationHttp.ts"
import { cookieIn } from "../access/LoginCookie.ts"
import { type Problem, problem } from "../api/Problems.ts"
import type { Filter } from "../events/Filter.ts"
import { Admission } from "../http/Admission.ts"
import type { Asking, Trust } from "../http/ClientAddress.ts"
import type { Origins } from "../http/Cors.ts"
import { problemFor } from "../http/Foreseen.ts"
import { ownPages } from "../http/OwnPage.ts"
import { pathOf } from "../http/Paths.ts"
import { answerRaw } from "../http/RawAnswer.ts"
import { contextOf } from "../http/RequestContext.ts"
import { Stop } from "../runtime/Stop.ts"
import * as Compatible from "./Compatible.ts"
import { type Dialect, own } from "./Dialect.ts"
import * as Entry from "./Entry.ts"
import { Live, type Seat } from "./Live.ts"
import * as SocketOutlet from "./SocketOutlet.ts"
import * as Strangers from "./Strangers.ts"

export interface Options {
  readonly authTimeoutSeconds: number
  readonly allowedOrigins?: Origins | undefined
  readonly strangers: number
  readonly strangersPerAddress: number
  readonly trustProxy?: Trust | undefined
}

interface Seated extends Entry.Admitted {
  readonly seat: Seat
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
const closeCodeOf = ({ status }: Problem): number => (status === 503 ? 1013 : status === 500 ? 1011 : 4_000 + status)

const queryOf = (url: string): Filter | undefined => {
  const { after, chat, device, presence, types, ...others } = Object.fromEntries(
    new URL(url, "http://localhost").searchParams
  )
  const isMisspelt = Object.keys(others).length > 0 || !["true", "false", undefined].includes(presence)
  return isMisspelt ? undefined : { after, chat, device, types: types?.split(","), presence: presence === "true" }
}

const asksIn = ({ headers, socket }: IncomingMessage): Asking => ({
  headers: headers as Asking["headers"],
  remoteAddress: Option.fromUndefinedOr(socket.remoteAddress)
})

const misspelt = problem("invalid_request", {
  errors: [
    {
      in: "query",
      pointer: "",
      expected: "no parameters but after, types, device, chat, presence (true or false), beside a key in a header"
    }
  ]
})
const misspoken = problem("invalid_request", {
  errors: [{ in: "body", pointer: "", expected: "one message that says the key, and nothing else" }]
})

const complain = (defect: unknown) =>
  Effect.logError("a WebSocket is closed: something is wrong with it", Cause.die(defect)).pipe(
    Effect.andThen(Effect.fail(problem("internal")))
  )

export const layer = ({ allowedOrigins, authTimeoutSeconds, strangers: most, ...options }: Options) =>
  Layer.effect(
    Sockets,
    Effect.gen(function* () {
      const admission = yield* Admission
      const live = yield* Live
      const stop = yield* Stop
      const compatible = yield* Compatible.make
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const strangers = Strangers.make({ most, mostPerAddress: options.strangersPerAddress })
      const server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload })

      const admit = yield* Entry.make
      /** Until the connection is closed. */
      const sit = (connection: Socket, found: Entry.Admitted): Effect.Effect<Seated, Problem> =>
        Effect.suspend(() => {
          const seat = live.sit(found.principal)
          if (seat === undefined) return Effect.fail(problem("too_many_connections"))
          connection.once("close", seat.leave)
          if (connection.destroyed) seat.leave()
          return Effect.succeed({ ...found, seat })
        })
      const follow = (socket: WebSocket, connection: Socket, dialect: Dialect, { principal, seat, wanted }: Seated) => {
        const outlet = SocketOutlet.make(socket, connection, dialect)
        const welcome = dialect.welcome()
        if (welcome !== undefined) socket.send(welcome)
        const besides = Stream.runForEach(dialect.besides(principal), (words) => Effect.sync(() => socket.send(words)))
        return Effect.raceFirst(seat.follow(wanted, outlet), Effect.andThen(besides, Effect.never))
      }

      /** `seated`: by a key in a header; without one the first message says it, to `admit`. There is no second message. */
      const converse = (
        socket: WebSocket,
        connection: Socket,
        dialect: Dialect,
        seated: Seated | undefined,
        admit: (words: Effect.Effect<string, Problem>) => Effect.Effect<Seated, Problem>
      ) => {
        const first = new Later<string>()
        const gone = new Later<void>()
        socket.once("close", () => gone.tell(Exit.void))
        socket.on("error", () => {}) // `ws` closes what it cannot read, and says why
        let isRefused = false
        const refuse = (found: Problem) => {
          if (isRefused) return
          isRefused = true
          const words = dialect.refusal(found)
          if (words !== undefined) socket.send(words)
          SocketOutlet.close(socket, closeCodeOf(found), found.code)
        }
        let isSaid = seated !== undefined
        socket.on("message", (data) => {
          if (isSaid) refuse(misspoken)
          else first.tell(Exit.succeed(String(data)))
          isSaid = true
        })
        const words = Effect.timeoutOrElse(first.told, {
          duration: authTimeoutSeconds * 1_000,
          orElse: () => Effect.fail(problem("request_timeout"))
        })
        const whole = Effect.flatMap(seated === undefined ? admit(words) : Effect.succeed(seated), (found) =>
          follow(socket, connection, dialect, found)
        )
        run(
          Effect.raceFirst(
            Effect.catchDefect(whole, complain).pipe(Effect.catch((found) => Effect.sync(() => refuse(found)))),
            gone.told
          )
        )
        return refuse
      }

      const { isOurs } = ownPages(options.trustProxy)
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
          const key = credentialIn(asking.headers)
          if (key === undefined) return refuse(problem("bad_request"))
          // what a foreign page's browser adds by itself says nothing
          const isOwn = key === "" && isOurs(asking, request.socket.remoteAddress)
          const cookie = isOwn ? cookieIn(asking.headers.cookie) : undefined
          if (cookie === undefined && !originIsAllowed(request)) return refuse(problem("origin_refused"))
          const credential = cookie === undefined ? key !== "" && { key } : { cookie }
          const url = request.url ?? ""
          const filter = queryOf(url)
          if (filter === undefined || (credential === false && url.includes("?"))) return refuse(misspelt)
          const dialect = pathOf(url) === paths[0] ? own : compatible
          if (credential !== false) {
            const upgrade = (found: Seated) =>
              server.handleUpgrade(
                request,
                connection,
                head,
                (socket) => void converse(socket, connection, dialect, found, () => Effect.succeed(found))
              )
            const admitted = admit(asking, credential, dialect.asked(filter), "query")
            const seated = Effect.flatMap(admitted, (found) => sit(connection, found))
            return void run(Effect.match(seated, { onFailure: refuse, onSuccess: upgrade }))
          }
          let send = () => refuse(problem("too_many_connections"))
          const leave = strangers.enter(admission.addressOf(asking), () => send())
          if (leave === undefined) return send()
          connection.once("close", leave)
          const introduction = (words: Effect.Effect<string, Problem>) =>
            Effect.flatMap(words, (text): Effect.Effect<Entry.Admitted, Problem> => {
              const said = dialect.introduced(text)
              return said === undefined ? Effect.fail(misspoken) : admit(asking, { key: said.key }, said.filter, "body")
            }).pipe(
              Effect.flatMap((found) => sit(connection, found)),
              Effect.ensuring(Effect.sync(leave))
            )
          server.handleUpgrade(request, connection, head, (socket) => {
            const dismiss = converse(socket, connection, dialect, undefined, introduction)
            send = () => dismiss(problem("too_many_connections"))
          })
        }
      }
    })
  )
