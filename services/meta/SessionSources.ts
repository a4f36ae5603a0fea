import { type Redacted, Schema, Redacted as Secret } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import type { Crypto, MacKey } from "#domain/ports/Crypto.ts"
import { type Mapping, pathOf, usual } from "#domain/session/Telling.ts"

/** Gateways that speak for a session of their own instead of a number of Meta's. */

const said = Schema.NonEmptyString.check(Schema.isMaxLength(512))
const path = Schema.String.check(Schema.isPattern(/^[\w-]{1,64}(\.[\w-]{1,64}){0,7}$/))
const Source = Schema.Struct({
  /** What it says in a header, as it stands. */
  secret: Schema.optionalKey(said),
  /** With which it signs its bytes: HMAC-SHA-256, in hexadecimal, perhaps behind `sha256=`. */
  hmac: Schema.optionalKey(said),
  /** The secret before, of either kind, while one takes over. */
  previous: Schema.optionalKey(said),
  header: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[A-Za-z0-9-]{1,64}$/))),
  session: Schema.optionalKey(path),
  event: Schema.optionalKey(path),
  id: Schema.optionalKey(path),
  state: Schema.optionalKey(path),
  person: Schema.optionalKey(path),
  time: Schema.optionalKey(path),
  items: Schema.optionalKey(path)
}).check(Schema.makeFilter(({ hmac, secret }) => (hmac === undefined) !== (secret === undefined)))
const Sources = Schema.fromJsonString(
  Schema.Record(Schema.String.check(Schema.isPattern(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/)), Source)
)
export type SourceSettings = typeof Sources.Type
const decode = Schema.decodeUnknownOption(Sources, { onExcessProperty: "error" })

/** `undefined` when the text is not well written. */
export const sourcesOf = (text: string): SourceSettings | undefined => {
  const found = decode(text)
  return found._tag === "None" ? undefined : found.value
}

export interface SessionSource {
  readonly name: string
  readonly header: string
  /** What it shows, or signs with. */
  readonly proof:
    | { readonly kind: "shared"; readonly digests: ReadonlyArray<Uint8Array> }
    | { readonly kind: "hmac"; readonly keys: ReadonlyArray<MacKey> }
  readonly mapping: Mapping
}

const mappings = ["session", "event", "id", "state", "person", "time", "items"] as const

/** By their names. */
export const sessionSources = (
  crypto: Pick<Crypto["Service"], "macKey" | "sha256">,
  settings: Redacted.Redacted<SourceSettings> | undefined
): ReadonlyMap<string, SessionSource> =>
  new Map(
    Object.entries(settings === undefined ? {} : Secret.value(settings)).map(([name, one]) => {
      const { header, hmac, previous, secret } = one
      const secrets = [hmac ?? secret!, ...(previous === undefined ? [] : [previous])].map((text) => utf8(text))
      const named = mappings.flatMap((what) => (one[what] === undefined ? [] : [[what, [pathOf(one[what])]] as const]))
      const source: SessionSource = {
        name,
        header: (header ?? (hmac === undefined ? "x-webhook-signature" : "x-hub-signature-256")).toLowerCase(),
        proof:
          hmac === undefined
            ? { kind: "shared", digests: secrets.map((bytes) => crypto.sha256(bytes)) }
            : { kind: "hmac", keys: secrets.map((bytes) => crypto.macKey(bytes)) },
        mapping: { ...usual, ...Object.fromEntries(named) }
      }
      return [name, source]
    })
  )

const written = /^(?:sha256=)?([0-9a-f]{64})$/i

/** Whether it is the source that sends this. Of a shared secret the bytes say nothing: it stands in a header. */
export const isOf = (
  crypto: Pick<Crypto["Service"], "equal" | "mac" | "sha256">,
  { proof }: SessionSource,
  shown: string,
  bytes: Uint8Array
): boolean => {
  if (proof.kind === "shared") {
    const digest = crypto.sha256(utf8(shown))
    return proof.digests.some((one) => crypto.equal(one, digest))
  }
  const code = written.exec(shown)?.[1]?.toLowerCase()
  if (code === undefined) return false
  return proof.keys.some((key) => crypto.equal(utf8(crypto.mac(key, bytes, "hex")), utf8(code)))
}
