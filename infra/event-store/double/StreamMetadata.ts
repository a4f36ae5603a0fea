import { deletedRevision, type Log, type StoredEvent } from "./Log.ts"

export const metastreamOf = (stream: string) => `$$${stream}`

/** What a stream's metadata hides from its readers. All but the tombstone stays in `$all`. */
export interface Visible {
  readonly softDeleted: boolean
  readonly firstRevision: bigint
  readonly createdAfterMillis: bigint
}

const all: Visible = { softDeleted: false, firstRevision: 0n, createdAfterMillis: -1n }

/** What readers of the stream see. Metadata that is not as the server writes it hides nothing. */
export const visible = (log: Log, stream: string): Visible => {
  const { $maxAge, $maxCount, $tb } = metadataOf(log.last(metastreamOf(stream))) ?? {}
  if ($tb === undefined && $maxCount === undefined && $maxAge === undefined) return all
  // JSON's numbers round the largest integer up, by one
  const truncatedBefore = integer($tb) ?? 0n
  const keptFrom = $maxCount === undefined ? 0n : log.lastRevision(stream) - (integer($maxCount) ?? 0n) + 1n
  return {
    softDeleted: truncatedBefore >= deletedRevision,
    firstRevision: truncatedBefore > keptFrom ? truncatedBefore : keptFrom > 0n ? keptFrom : 0n,
    createdAfterMillis: $maxAge === undefined ? -1n : BigInt(Date.now()) - 1_000n * (integer($maxAge) ?? 0n)
  }
}

/** The JSON of a metadata event that lets the stream begin again at `revision`, whatever else was set. */
export const truncatedAt = (log: Log, stream: string, revision: bigint): Uint8Array => {
  const { $tb: _, ...others } = metadataOf(log.last(metastreamOf(stream))) ?? {}
  const members = Object.entries(others).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  return Buffer.from(`{${[...members, `"$tb":${revision}`].join()}}`)
}

const metadataOf = (event: StoredEvent | undefined): Record<string, unknown> | undefined => {
  if (event === undefined) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(event.data).toString())
    return typeof value === "object" && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

const integer = (value: unknown) => (Number.isInteger(value) ? BigInt(value as number) : undefined)
