import { createHmac, timingSafeEqual } from "node:crypto"
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect, Exit, Schema } from "effect"
import { Later } from "#domain/Later.ts"

/** Older or newer, it may be somebody's recording. */
const toleranceSeconds = 300
/** More than the demo is ever told. */
const mostBytes = 1024 * 1024

/** What a receiver of webhooks looks at before it believes one: Standard Webhooks, by its own `whsec_…`. */
const isSigned = (secret: string, headers: IncomingHttpHeaders, body: Buffer): boolean => {
  const [id, seconds, signatures] = ["id", "timestamp", "signature"].map((name) => String(headers[`webhook-${name}`]))
  if (!(Math.abs(Date.now() / 1_000 - Number(seconds)) <= toleranceSeconds)) return false
  const mac = createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64"))
  const expected = mac.update(`${id}.${seconds}.`).update(body).digest()
  return signatures!.split(" ").some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ""), "base64")
    return signature.startsWith("v1,") && given.length === expected.length && timingSafeEqual(given, expected)
  })
}

const decodeEvent = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Struct({
      type: Schema.String,
      data: Schema.Struct({
        sender: Schema.Struct({ phone: Schema.optionalKey(Schema.String) }),
        content: Schema.optionalKey(Schema.Struct({ type: Schema.String, text: Schema.optionalKey(Schema.String) }))
      })
    })
  )
)
export type Told = ReturnType<typeof decodeEvent>

const bodyOf = async (request: IncomingMessage) => {
  const chunks: Array<Buffer> = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new Error("more than is ever told")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A receiver of its own, at a free port of this machine. Answers 401 to what is not signed with the secret it was given. */
export const receiver = Effect.gen(function* () {
  const first = new Later<Told>()
  let secret: string | undefined
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request)
    const isGood = secret !== undefined && isSigned(secret, request.headers, body)
    response.writeHead(isGood ? 204 : 401).end()
    if (isGood) first.tell(Exit.succeed(decodeEvent(body.toString("utf8"))))
  }
  const server = createServer((request, response) => void take(request, response).catch(() => response.destroy()))
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    trust: (given: string) => {
      secret = given
    },
    /** The first delivery that was signed as it should be. */
    told: first.told
  }
})
