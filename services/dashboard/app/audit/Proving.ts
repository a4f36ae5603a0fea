import { Effect } from "effect"
import { type Agreement, agreementOf } from "#domain/audit/Agreement.ts"
import { noteKeyIn } from "#domain/audit/Note.ts"
import { isIncluded } from "#domain/audit/Tree.ts"
import { openHead, type TreeHead } from "#domain/audit/TreeHead.ts"
import { utf8 } from "#domain/Bytes.ts"
import { leafHash } from "#domain/MerkleTree.ts"
import type { AuditHead, InclusionProofs } from "#services/api/AuditApi.ts"
import { webCrypto } from "../evidence/WebCrypto.ts"
import { ask } from "../gateway/Gateway.ts"

/** What this browser itself can check of the audit: it believes no more of the gateway than its keys. */

export type Head = typeof AuditHead.Type

const hash = webCrypto.sha256
const bytes = (base64: string) => Uint8Array.fromBase64(base64)

export const isSigned = ({ keys, note, origin }: Head): Promise<boolean> =>
  Effect.runPromise(
    Effect.map(
      openHead(
        webCrypto,
        note,
        origin,
        keys.flatMap((key) => noteKeyIn(webCrypto, key) ?? [])
      ),
      (opened) => opened !== undefined
    )
  )

/** Of every event whether it stands in the tree under this head. */
export const included = ({ head, items }: typeof InclusionProofs.Type): ReadonlyArray<boolean> =>
  items.map(({ entry, index, path }) =>
    isIncluded(hash, {
      leaf: leafHash(hash, utf8(entry)),
      index,
      size: head.size,
      root: bytes(head.root),
      path: path.map(bytes)
    })
  )

/** The newest head that this browser has believed, which it compares the next one with: it is a witness of its own. */
export interface Seen {
  readonly origin: string
  readonly size: number
  readonly root: string
  readonly at: string
}
const place = (origin: string) => `homing.audit.${origin}`

const seenOf = (origin: string): Seen | undefined => {
  try {
    return JSON.parse(localStorage.getItem(place(origin)) ?? "null") ?? undefined
  } catch {
    return undefined
  }
}

const treeHead = ({ origin, root, size }: Pick<Seen, "origin" | "root" | "size">): TreeHead => ({
  origin,
  size,
  root: bytes(root)
})

/** How a head stands to the one that was believed last; believed itself from then on, unless it contradicts that. */
export const compared = async (
  head: Head
): Promise<{ readonly agreement: Agreement; readonly seen: Seen | undefined }> => {
  const seen = seenOf(head.origin)
  const path =
    seen !== undefined && seen.size > 0 && seen.size < head.size
      ? (await ask(({ audit }) => audit.consistency({ query: { from: seen.size, to: head.size } }))).path.map(bytes)
      : []
  const agreement = agreementOf(hash, seen && treeHead(seen), treeHead(head), path)
  if (agreement === "first" || agreement === "same" || agreement === "grown") {
    const { origin, root, size } = head
    localStorage.setItem(place(origin), JSON.stringify({ origin, root, size, at: new Date().toISOString() }))
  }
  return { agreement, seen }
}
