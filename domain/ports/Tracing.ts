import { Context } from "effect"
import type { ReportKind } from "../message/Status.ts"

/** What is done on a message's way, in words from this list: a name never says whose message it is. */
export type SpanName =
  | "request"
  | "accept"
  | "dispatch"
  | "take"
  | "send"
  | `report ${ReportKind}`
  | `record ${ReportKind}`
  | "deliver"
  | "forward"
  | "keep"
  | "split"

export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer"

/** What may be said of a span: ids of ours and words from fixed lists, never a number, a text or a name of anybody's. */
export interface Attributes {
  readonly "homing.message.id"?: string
  readonly "homing.device.id"?: string
  readonly "homing.agent.id"?: string
  /** A request of Meta's, or of a session source's, as it was kept. */
  readonly "homing.batch.id"?: string
  readonly "homing.outcome"?: string
  readonly "http.request.method"?: string
  readonly "http.route"?: string
  readonly "http.response.status_code"?: number
}

/** A span that is over. */
export interface Span {
  readonly name: SpanName
  readonly kind: SpanKind
  readonly trace: string
  readonly span: string
  /** The span that this one belongs to; none of the first in a trace. */
  readonly parent: string | undefined
  /** Milliseconds since 1970. */
  readonly begun: number
  readonly ended: number
  readonly attributes: Attributes
  readonly isFailed: boolean
}

/** A span that goes on. */
export interface OpenSpan {
  /** What is done under it stands under this. */
  readonly traceparent: string
  /** Once; later calls say nothing. */
  readonly end: (attributes?: Attributes, isFailed?: boolean) => void
}

export interface Tracing {
  /** Begins a trace, or goes on with the caller's; `undefined` when there is none, and chance begins none. */
  readonly enter: (name: SpanName, given: string | undefined) => OpenSpan | undefined
  /** Under what stands in an event or an envelope; `undefined` when nothing does. */
  readonly begin: (name: SpanName, parent: string | undefined) => OpenSpan | undefined
}

/** Nobody traces, unless a process is told where to. */
export const Traces = Context.Reference<Tracing | undefined>("homing/domain/ports/Traces", {
  defaultValue: () => undefined
})
