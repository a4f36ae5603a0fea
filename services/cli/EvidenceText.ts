import { type Finding, flaws, type Judgement } from "#domain/evidence/Evidence.ts"
import type { MessageHistory } from "../api/MessagesApi.ts"
import { bad, faint, good, inStatusColour, open, strong } from "./Terminal.ts"

/** What was checked, and what came of it. */
export interface Shown {
  readonly history: typeof MessageHistory.Type
  readonly judgement: Judgement
  /** The file with the keys that were believed; without one they came with the export. */
  readonly keysFrom: string | undefined
}

/** What is to be believed. `unpinned`: it would be signed, by keys that nobody but the export vouches for. */
export type Verdict = Judgement["verdict"] | "unpinned"

export const verdictOf = ({ judgement: { verdict }, keysFrom }: Shown): Verdict =>
  verdict === "signed" && keysFrom === undefined ? "unpinned" : verdict

/** Whoever wrote the export may have meant the terminal. */
const plain = (text: string) => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, "?")
const nameOf = (type: string) => plain(type.split(".")[1] ?? type)

/** What no signature of an agent can show, whatever was signed. */
const neverProven = [
  "what WhatsApp did: a signature shows what an agent said of it",
  "when: `at` is by the agent's clock, `recordedAt` by the gateway's",
  "the number and the text: what is signed names the recipient by a digest that needs the gateway's secret, and no text",
  "how things are called and stand: the ids of reports, and whether a key was revoked, are the gateway's word",
  "that this is all, and the order of it: which event follows which is the gateway's word, and reports may have been left out"
]
const keysNotProven =
  "whose the keys are: they came with the export; --keys takes a file of lines that agents printed (`homing agent keys`)"

const notProvenBy = ({ judgement: { findings }, keysFrom }: Shown) => [
  ...(keysFrom === undefined ? [keysNotProven] : []),
  ...(findings.some(({ _tag }) => _tag === "Unsigned")
    ? ["events that nobody signs: they are the gateway's own word"]
    : []),
  ...neverProven
]

const signerOf = ({ history: { keys } }: Shown, { header }: Extract<Finding, { _tag: "Signed" }>) => {
  const { agent, issuedAt, keyId } = header
  const keyState = keys.find((key) => key.keyId === keyId && key.agent === agent)?.state
  return { agent, keyId, issuedAt, ...(keyState !== undefined && { keyState }) }
}

/** The same for programs. */
export const summaryOf = (shown: Shown) => {
  const { history, judgement, keysFrom } = shown
  const { complete, findings, signedStatus, status } = judgement
  return {
    message: history.message,
    verdict: verdictOf(shown),
    status,
    signedStatus,
    complete,
    keys: keysFrom === undefined ? "export" : "given",
    events: history.items.map(({ data: { at }, recordedAt, revision, type }, i) => {
      const finding = findings[i]!
      return {
        revision,
        type,
        recordedAt,
        ...(typeof at === "string" && { at }),
        finding: finding._tag.toLowerCase(),
        ...(finding._tag === "Signed" && signerOf(shown, finding)),
        ...(finding._tag === "Refuted" && { flaw: finding.flaw, detail: flaws[finding.flaw] })
      }
    }),
    notProven: notProvenBy(shown)
  }
}

const said = (shown: Shown, finding: Finding): string => {
  if (finding._tag === "Unsigned") return faint("not signed: the gateway's own word")
  if (finding._tag === "Refuted") return bad(`✘ ${finding.flaw}: ${flaws[finding.flaw]}`)
  const { agent, keyId, keyState } = signerOf(shown, finding)
  const revoked = keyState === "revoked" ? open(", which was revoked") : ""
  return `${good("✔")} signed by agent ${plain(agent)}, key ${plain(keyId)}${revoked}`
}

/** Why a history is not complete. */
const gapIn = (items: Shown["history"]["items"]): string => {
  const gap = items.findIndex(({ revision }, i) => revision !== i)
  if (gap >= 0) return `the event of revision ${gap} is missing, or not in its place`
  return items.length === 0 ? "there are no events" : "it does not begin with what was accepted"
}

const conclusion = (shown: Shown): string => {
  const { history, judgement } = shown
  const { complete, signedStatus, status } = judgement
  const verdict = verdictOf(shown)
  if (!complete) return bad(`refuted: ${gapIn(history.items)}`)
  if (verdict === "refuted") return bad("refuted: not all of it holds")
  if (verdict === "signed") return good(`signed: \`${status}\` follows from what the agent signed alone`)
  if (verdict === "unpinned")
    return open(`unpinned: \`${status}\` follows from what is signed alone, by keys of unknown owners`)
  const alone = signedStatus === "queued" ? "nothing" : `\`${signedStatus}\``
  return open(`unsigned: all of it holds, and \`${status}\` is the gateway's word; signed is ${alone}`)
}

/** For people: a line per event, the verdict, and what no verdict covers. */
export const render = (shown: Shown): ReadonlyArray<string> => {
  const { history, judgement, keysFrom } = shown
  const events = history.items.map(({ data, recordedAt, type }, i) => {
    const name = nameOf(type)
    const when = typeof data.at === "string" ? data.at : recordedAt
    return `  ${inStatusColour(name, name.padEnd(10))} ${faint(plain(when))}  ${said(shown, judgement.findings[i]!)}`
  })
  return [
    `message ${strong(plain(history.message))}`,
    "",
    ...events,
    "",
    conclusion(shown),
    "",
    `Checked under the keys in ${keysFrom ?? "the export"}: every signature, and that what is signed is what the event says, of`,
    "this message, its command, its device and its recipient.",
    "Not proven:",
    ...notProvenBy(shown).map((one) => `- ${one}`)
  ]
}
