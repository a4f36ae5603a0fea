import { utf8 } from "#domain/Bytes.ts"
import type { Attributes, Span, SpanKind } from "#domain/ports/Tracing.ts"

/** Who made the spans. */
export interface Resource {
  readonly service: string
  readonly version: string
}

/** As OTLP numbers them. */
const kinds: Record<SpanKind, number> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 }
const failed = 2

const valueOf = (value: string | number) =>
  typeof value === "number" ? { intValue: String(value) } : { stringValue: value }
const attributesOf = (attributes: Attributes | Readonly<Record<string, string>>) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }))

const nanosOf = (millis: number) => String(BigInt(Math.round(millis * 1_000)) * 1_000n)

const spanOf = ({ attributes, begun, ended, isFailed, kind, name, parent, span, trace }: Span) => ({
  traceId: trace,
  spanId: span,
  ...(parent !== undefined && { parentSpanId: parent }),
  name,
  kind: kinds[kind],
  startTimeUnixNano: nanosOf(begun),
  endTimeUnixNano: nanosOf(ended),
  attributes: attributesOf(attributes),
  status: isFailed ? { code: failed } : {}
})

/** A request of OTLP's, as JSON: ids are hexadecimal there, and long numbers are texts. */
export const written = (spans: ReadonlyArray<Span>, { service, version }: Resource): Uint8Array =>
  utf8(
    JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: attributesOf({ "service.name": service, "service.version": version }) },
          scopeSpans: [{ scope: { name: "homing", version }, spans: spans.map(spanOf) }]
        }
      ]
    })
  )
