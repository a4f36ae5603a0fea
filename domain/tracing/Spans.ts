import type { Attributes, OpenSpan, Span, SpanKind, SpanName, Tracing } from "../ports/Tracing.ts"
import { parse, type TraceContext, write } from "./Traceparent.ts"

export interface Options {
  /** Of the traces that begin here, how many are made: from 0 to 1. A caller's own word is kept. */
  readonly share: number
  /** Milliseconds since 1970, with fractions. */
  readonly now: () => number
  /** Takes what is over. Must not wait. */
  readonly take: (span: Span) => void
}

const kinds: Partial<Record<SpanName, SpanKind>> = {
  request: "server",
  keep: "server",
  dispatch: "producer",
  take: "consumer",
  send: "client",
  deliver: "client",
  forward: "client"
}
const kindOf = (name: SpanName): SpanKind => {
  if (name.startsWith("report ")) return "producer"
  return name.startsWith("record ") ? "consumer" : (kinds[name] ?? "internal")
}

const digits = (bytes: number): string => {
  const random = globalThis.crypto.getRandomValues(new Uint8Array(bytes))
  random[0]! |= 1 // never all 0
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** Spans, and whose children they are. Of a trace that is not sampled none is made, and its context is handed on. */
export const tracing = ({ now, share, take }: Options): Tracing => {
  const open = (name: SpanName, trace: string, parent: string | undefined): OpenSpan => {
    const span = digits(8)
    const begun = now()
    let isOver = false
    return {
      traceparent: write({ trace, span, sampled: true }),
      end: (attributes: Attributes = {}, isFailed = false) => {
        if (isOver) return
        isOver = true
        take({ name, kind: kindOf(name), trace, span, parent, begun, ended: now(), attributes, isFailed })
      }
    }
  }
  const under = (name: SpanName, context: TraceContext): OpenSpan =>
    context.sampled ? open(name, context.trace, context.span) : { traceparent: write(context), end: () => {} }

  return {
    enter: (name, given) => {
      const context = given === undefined ? undefined : parse(given)
      if (context !== undefined) return under(name, context)
      return Math.random() < share ? open(name, digits(16), undefined) : undefined
    },
    begin: (name, parent) => {
      const context = parent === undefined ? undefined : parse(parent)
      return context && under(name, context)
    }
  }
}
