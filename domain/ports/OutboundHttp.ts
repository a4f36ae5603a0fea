import { Context, type Effect, Schema } from "effect"

/**
 * What may be reached besides the public internet by https: addresses by the name of their range or as a network, at one
 * port or at all. There also http is spoken.
 */
export interface Allowance {
  readonly range: "loopback" | "private" | "public" | Network
  readonly port: number | undefined
}

/** Addresses that begin with the same bits. */
export interface Network {
  readonly address: string
  readonly bits: number
}

/** Why nothing is sent there. */
export const refusalReasons = [
  /** No absolute URL of http or https, written plainly. */
  "syntax",
  "scheme",
  /** It holds a name or a password. */
  "credentials",
  "port",
  /** Where it leads is nothing that may be reached. */
  "address",
  /** A header that is not the caller's to write, or cannot be written. */
  "header"
] as const
export type RefusalReason = (typeof refusalReasons)[number]

/** Nothing left, and nothing will as long as URL, names and settings are as they are. Holds nothing of the URL. */
export class OutboundRefused extends Schema.TaggedError<OutboundRefused>()("OutboundRefused", {
  reason: Schema.Literals(refusalReasons)
}) {}

export const outboundFailures = [
  /** The name leads nowhere, or nobody said where. Nothing left. */
  "unresolved",
  /** No connection. Nothing left. */
  "unreachable",
  /** The time was over before there was a status. */
  "timeout",
  /** No connection that can be trusted. Nothing left. */
  "tls",
  /** The other side ended it, or spoke no HTTP, or without end, before there was a status. */
  "broken"
] as const

/** Whether the request arrived is known only where nothing left. */
export class OutboundFailed extends Schema.TaggedError<OutboundFailed>()("OutboundFailed", {
  kind: Schema.Literals(outboundFailures),
  /** What the system or the library calls it, for people: `ECONNREFUSED`, `CERT_HAS_EXPIRED`. Holds nothing of the URL. */
  code: Schema.UndefinedOr(Schema.String)
}) {}

export interface OutboundQuestion {
  readonly url: string
  /** Without those of the connection itself, as `host` and `content-length`. */
  readonly headers: Readonly<Record<string, string>>
  /** For the whole exchange, the look-up of the name included; at most what the caller's `Deadline` leaves. */
  readonly timeoutMs: number
}

export interface OutboundRequest extends OutboundQuestion {
  readonly body: Uint8Array
}

/** Once there is a status it is the answer, also when the body breaks off or is not awaited to its end. */
export interface OutboundAnswer {
  /** 200 to 599. Redirects too: nothing is followed. */
  readonly status: number
  readonly headers: {
    /** How long the other side wants to be left alone, from now on. */
    readonly retryAfterMillis: number | undefined
  }
  /** As it came. Of what was posted never more than `longestBody`: for people to look at, not to be handed to callers. */
  readonly body: Uint8Array
  readonly isWhole: boolean
  /** What the exchange took. */
  readonly millis: number
}

export const longestBody = 65_536

/** The one door to addresses that somebody configured. Each exchange looks at its address anew, and has its own connection. */
export class OutboundHttp extends Context.Service<
  OutboundHttp,
  {
    readonly post: (request: OutboundRequest) => Effect.Effect<OutboundAnswer, OutboundRefused | OutboundFailed>
    /** Asks without a body, by GET; of what comes so many bytes are kept. */
    readonly get: (
      question: OutboundQuestion & { readonly longestBody: number }
    ) => Effect.Effect<OutboundAnswer, OutboundRefused | OutboundFailed>
    /** Whether it may be configured, as far as that shows before its name is looked up. */
    readonly vet: (url: string) => Effect.Effect<void, OutboundRefused>
  }
>()("homing/domain/ports/OutboundHttp") {}
