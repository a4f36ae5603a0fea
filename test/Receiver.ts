import { createPublicKey, verify } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect } from "effect"
import { Webhook } from "standardwebhooks"

/** What arrived at a customer's address, as it came. */
export interface Arrival {
  readonly id: string
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: JSON as it came; what is wrong with it fails an assertion
  readonly body: { readonly [key: string]: any }
}

/** A status, later or at once; never is an answer too. */
export type Answer = (arrival: Arrival, count: number) => number | Promise<number>

const textOf = async (request: IncomingMessage) => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}

/** Somebody's own server: it keeps what arrives, also what it answers badly. */
export const receiver = (answer: Answer = () => 204, more: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const arrivals: Array<Arrival> = []
    const take = async (request: IncomingMessage, response: ServerResponse) => {
      const text = await textOf(request)
      const headers = request.headers as Record<string, string>
      const arrival = { id: headers["webhook-id"]!, headers, text, body: JSON.parse(text) }
      arrivals.push(arrival)
      response.writeHead(await answer(arrival, arrivals.length), more).end()
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
    return { arrivals, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` }
  })

/** Whether the public library takes it, under this secret. */
export const isVerified = (secret: string, { headers, text }: Arrival): boolean => {
  try {
    new Webhook(secret).verify(text, headers as never)
    return true
  } catch {
    return false
  }
}

const spki = Buffer.from("302a300506032b6570032100", "hex")
/** The same for the signatures that the library does not know: Ed25519, `whpk_…`. */
export const isSigned = (publicKey: string, { headers, id, text }: Arrival): boolean => {
  const der = Buffer.concat([spki, Buffer.from(publicKey.replace("whpk_", ""), "base64")])
  const key = createPublicKey({ key: der, format: "der", type: "spki" })
  const signed = Buffer.from(`${id}.${headers["webhook-timestamp"]}.${text}`)
  return headers["webhook-signature"]!.split(" ")
    .filter((one) => one.startsWith("v1a,"))
    .some((one) => verify(null, signed, key, Buffer.from(one.slice(4), "base64")))
}
