import { Schema } from "effect"
import { fromUtf8, utf8 } from "../Bytes.ts"
import { Undecodable } from "./Protocol.ts"

export type Shape<Payload> = Schema.Codec<Payload, unknown>

/** How a version says what the one before said, and back, for those who know no more. */
export interface Change<Before, After> {
  readonly upcast: (before: Before) => After
  /** What the version before has no words for is not said to such a side: it stays as it is. */
  readonly downcast: (after: After) => Before | After
}

interface Version {
  readonly shape: Shape<never>
  /** From the version before. Absent where this one only adds: what that said reads in this one as it stands. */
  readonly change: Change<never, never> | undefined
}

/**
 * What is said in one direction, oldest version first. Whoever reads sees the newest shape and whoever writes hands it
 * over, whatever version the other side speaks.
 */
export class Payloads<Payload> {
  readonly versions: ReadonlyArray<Version>
  private readonly readers: ReadonlyArray<(payload: unknown) => unknown>

  constructor(versions: ReadonlyArray<Version>) {
    this.versions = versions
    this.readers = versions.map((_, i) => readerOf(versions.slice(i)))
  }

  static released<First>(shape: Shape<First>): Payloads<First> {
    return new Payloads([{ shape: shape as Shape<never>, change: undefined }])
  }

  next<Newer>(shape: Shape<Newer>, change?: Change<Payload, Newer>): Payloads<Newer> {
    return new Payloads([...this.versions, { shape: shape as Shape<never>, change: change as Version["change"] }])
  }

  /**
   * A verified payload of this version, written as `write` writes: a member given twice is read by one as its first and by
   * another as its last. The decoder's own words are not passed on: they may quote it.
   */
  read(version: number, bytes: Uint8Array): Payload | Undecodable {
    try {
      const text = fromUtf8(bytes)
      const said: unknown = JSON.parse(text)
      return JSON.stringify(said) === text ? (this.readers[version - 1]!(said) as Payload) : new Undecodable()
    } catch {
      return new Undecodable()
    }
  }

  write(version: number, payload: Payload): Uint8Array {
    let said: unknown = payload
    for (let i = this.versions.length - 1; i >= version; i--) {
      const change = this.versions[i]!.change as Change<unknown, unknown> | undefined
      if (change !== undefined) said = change.downcast(said)
    }
    return utf8(JSON.stringify(said))
  }

  /** The same in another version; as it stands where nothing changed between them, or where it cannot be read. */
  rewrite(from: number, to: number, bytes: Uint8Array): Uint8Array {
    const between = this.versions.slice(Math.min(from, to), Math.max(from, to))
    if (between.every(({ change }) => change === undefined)) return bytes
    const payload = this.read(from, bytes)
    return payload instanceof Undecodable ? bytes : this.write(to, payload)
  }
}

/** Reads the first of these versions as the last. */
const readerOf = (versions: ReadonlyArray<Version>) => {
  const changed = versions.findIndex(({ change }, i) => i > 0 && change !== undefined)
  const same = changed === -1 ? versions : versions.slice(0, changed)
  const decode = Schema.decodeUnknownSync(same.at(-1)!.shape as Shape<unknown>)
  const upcasts = versions.slice(same.length).flatMap(({ change }) => change?.upcast ?? [])
  if (upcasts.length === 0) return decode
  return (payload: unknown) => upcasts.reduce<unknown>((before, upcast) => upcast(before as never), decode(payload))
}
