import { Effect, Fiber } from "effect"
import { cosign } from "#domain/audit/Cosignature.ts"
import { type NoteSigner, noteIn, noteText, signatureLine, signNote } from "#domain/audit/Note.ts"
import { consistencySpans, emptyRoot, nodesIn, rootOver, type Span } from "#domain/audit/Tree.ts"
import { headText } from "#domain/audit/TreeHead.ts"
import { base64url, utf8 } from "#domain/Bytes.ts"
import { fromMillis } from "#domain/Instant.ts"
import { leafHash, nodeHash } from "#domain/MerkleTree.ts"
import { encodePayload } from "#domain/testing/EnvelopeFixture.ts"
import { encodeUnsigned } from "#domain/wire/Envelope.ts"
import type { AgentCommand, AgentReport, CosignedBeside } from "#domain/wire/Protocol.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { type Gateway, gatewayKeys, headerOf, start, trust } from "./AgentFixture.ts"
import { until } from "./Turns.ts"

/** A gateway that shows an agent heads of two histories of one log, and what another witness says of them. */

const { sha256 } = crypto
export const { origin, signer: witness } = trust.witnessing
const logSigner: NoteSigner = {
  name: origin,
  type: 1,
  publicKey: Uint8Array.from(gatewayKeys.publicKey),
  key: gatewayKeys.key
}

const treeOf = (entries: ReadonlyArray<string>) => {
  const leaves = entries.map((entry) => leafHash(sha256, utf8(entry)))
  const whole = (from: number, to: number): Uint8Array =>
    to - from === 1 ? leaves[from]! : nodeHash(sha256, whole(from, (from + to) / 2), whole((from + to) / 2, to))
  const rootOf = (span: Span) =>
    rootOver(
      sha256,
      nodesIn(span).map(({ height, index }) => whole(index * 2 ** height, (index + 1) * 2 ** height))
    )
  return {
    root: (size: number) => (size === 0 ? emptyRoot(sha256) : rootOf({ start: 0, end: size })),
    path: (from: number, to: number) => consistencySpans(from, to).map(rootOf)
  }
}
export const log = treeOf(["a", "b", "c", "d", "e", "f"])
export const other = treeOf(["a", "b", "X", "d", "e", "f"])

export const noteOf = (tree: typeof log, size: number, by = logSigner) => {
  const text = headText({ origin, size, root: tree.root(size) })
  return Effect.map(signNote(crypto, by, text), (line) => noteText({ text, signatures: [line] }))
}

export const witnessWith = (seed: number): NoteSigner => {
  const { key, publicKey } = crypto.signingKey(new Uint8Array(32).fill(seed))
  return { name: `${origin}/abroad`, type: 4, publicKey: Uint8Array.from(publicKey), key }
}
const abroad = witnessWith(77)

/** That another witness cosigned the tree at this size, as the gateway shows it beside a head of size `to`. */
export const beside = Effect.fnUntraced(function* (
  size: number,
  to: number,
  {
    by = abroad,
    onward = log,
    seconds = start / 1_000,
    tree = log
  }: {
    readonly tree?: typeof log
    readonly onward?: typeof log
    readonly by?: NoteSigner
    readonly seconds?: number
  } = {}
) {
  const note = yield* noteOf(tree, size)
  const line = signatureLine(yield* cosign(crypto, by, noteIn(note)!.text, seconds))
  const path = size < to ? onward.path(size, to).map(base64url) : []
  return { publicKey: base64url(by.publicKey), note: note + line, path } satisfies CosignedBeside
})

let asked = 0
/** Shows a head, a minute after the one before unless told otherwise; answers what the agent reports of it. */
export const shows = Effect.fnUntraced(function* (
  gateway: Gateway,
  {
    by = logSigner,
    from,
    others,
    seconds = ++asked * 60,
    size,
    tree = log
  }: {
    readonly size: number
    readonly from: number
    readonly others?: ReadonlyArray<CosignedBeside>
    readonly tree?: typeof log
    readonly by?: NoteSigner
    readonly seconds?: number
  }
) {
  const note = yield* noteOf(tree, size, by)
  const command: AgentCommand = {
    kind: "witness",
    note,
    from,
    path: from === 0 ? [] : tree.path(from, size).map(base64url),
    ...(others !== undefined && { others })
  }
  const issuedAt = fromMillis(start + seconds * 1_000)
  const header = headerOf(++asked, {
    direction: "homing/command/4",
    device: "-",
    subject: "-",
    position: "0",
    issuedAt,
    expiresAt: fromMillis(start + 7 * day)
  })
  const before = gateway.told.length
  yield* Fiber.join(yield* gateway.issue(encodeUnsigned({ header, payload: encodePayload(command) })))
  return Effect.as(
    until("it is told", () => gateway.told.length > before),
    gateway.told
  ).pipe(Effect.map((told) => told[before]!.report as AgentReport))
})
export const answer = (...of: Parameters<typeof shows>) => Effect.flatten(shows(...of))
export const day = 24 * 3_600_000
export const named = (report: AgentReport) =>
  report.kind === "head_refused" ? [report.reason, report.believed, report.offered] : [report.kind]
