import type { Socket } from "node:net"
import { Context, Effect, Layer } from "effect"
import { type Allowance, OutboundHttp, type OutboundRequest } from "#domain/ports/OutboundHttp.ts"
import type { Dial } from "../Dial.ts"
import type { Resolve } from "../Names.ts"
import { type Place, place } from "../testing/Place.ts"

/** The world that an adapter is put into: what may be reached, and for a test what names and addresses lead to. */
export interface Surroundings {
  readonly allow: ReadonlyArray<Allowance>
  readonly resolve?: Resolve
  readonly dial?: Dial
}

export type MakeLayer = (surroundings: Surroundings) => Layer.Layer<OutboundHttp>

export const loopback: ReadonlyArray<Allowance> = [{ range: "loopback", port: undefined }]
export const ok = "HTTP/1.1 200 OK\r\n"
export const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`
export const some = (length: number) => "x".repeat(length)

/** A server that does this with every connection, whatever it is asked. */
export const greeting = (greet: (socket: Socket) => void) => place(() => {}, { greet })

/** An adapter, and what it is asked. */
export const stage = (layer: MakeLayer) => {
  const made = (surroundings: Surroundings) =>
    Effect.map(Layer.build(Layer.fresh(layer(surroundings))), (services) => Context.get(services, OutboundHttp))
  const posting = (surroundings: Surroundings, more: Partial<OutboundRequest> & { readonly url: string }) =>
    Effect.flatMap(made(surroundings), (outbound) =>
      outbound.post({ headers: {}, body: new Uint8Array(), timeoutMs: 10_000, ...more })
    )
  const to = (there: Place, more: Partial<OutboundRequest> = {}) =>
    posting({ allow: loopback }, { url: `http://127.0.0.1:${there.port}/hook`, ...more })
  return { made, posting, to }
}
