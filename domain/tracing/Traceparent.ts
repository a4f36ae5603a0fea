import { Schema } from "effect"

/** Where in which trace something stands, as W3C Trace Context writes it. */
export interface TraceContext {
  /** 32 hexadecimal digits, not all 0. */
  readonly trace: string
  /** 16 hexadecimal digits, not all 0. */
  readonly span: string
  /** Whether spans of this trace are made. */
  readonly sampled: boolean
}

const shape = /^([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** As we write it, and as it stands in events and envelopes. */
export const Traceparent = Schema.String.check(
  Schema.isPattern(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/)
)

/** `undefined` for what is not well-formed. A version after 00 may say more at the end, which is left out. */
export const parse = (written: string): TraceContext | undefined => {
  if (written.length > 512) return undefined
  const [, version, trace, span, flags, rest] = shape.exec(written) ?? []
  if (version === undefined || version === "ff" || (version === "00" && rest !== undefined)) return undefined
  return { trace: trace!, span: span!, sampled: (Number.parseInt(flags!, 16) & 1) === 1 }
}

export const write = ({ sampled, span, trace }: TraceContext): string => `00-${trace}-${span}-${sampled ? "01" : "00"}`

/** The same in our own words: whatever is handed on is well-formed. */
export const normalised = (written: string | undefined): string | undefined => {
  const context = written === undefined ? undefined : parse(written)
  return context && write(context)
}
