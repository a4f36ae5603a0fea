import type { Observation } from "#infra/whatsapp/simulator/Observation.ts"
import type { Said, Sending } from "./Traffic.ts"

export interface Verdict {
  /** Accepted, and WhatsApp never saw it. */
  readonly lost: number
  /** Messages that went out, or were spoken of, under more than one WhatsApp id. */
  readonly secondIds: number
  /** Answers that claimed more than WhatsApp knew at that moment. */
  readonly falseSent: number
  /** Answers that called a message failed which WhatsApp had not refused, or expired before its time, or once it had left. */
  readonly falseEnds: number
  /** Messages that were called failed or expired, in an answer or in the log, and seen by WhatsApp afterwards. */
  readonly revived: number
  /** Answers that claimed less than an earlier answer had. */
  readonly takenBack: number
  /** Messages that WhatsApp saw more than once, always under their one id. */
  readonly sameIdAgain: number
}

/** What the server must have seen, no later than the answer, for a status to be true. */
const grounds: Readonly<Record<string, ReadonlyArray<Observation["kind"]>>> = {
  sent: ["acked"],
  delivered: ["delivered"],
  read: ["read"],
  played: ["played"],
  failed: ["refused"]
}
const ends = ["failed", "expired"]
const progress = ["expired", "failed", "sent", "delivered", "read", "played"]
/** The agent's clock is the gateway's as far as their talk shows. */
const clockMillis = 1_000

/** Compares what the gateway said with what the server itself wrote down, in another process that nobody killed. */
export const judge = (sendings: ReadonlyArray<Sending>, record: ReadonlyArray<Observation>): Verdict => {
  const seen = Map.groupBy(
    record.filter(({ waMessageId }) => waMessageId !== undefined),
    ({ waMessageId }) => waMessageId!
  )
  const absences = Map.groupBy(
    record.filter(({ kind }) => kind === "absent"),
    ({ contact }) => `+${contact}`
  )
  const stanzas = record.filter(({ kind }) => kind === "message")
  const owner = new Map<string, Sending>()
  for (const sending of sendings) for (const { waMessageId } of sending.said) owner.set(waMessageId, sending)

  const idsOfText = new Map<string, Set<string>>()
  for (const { text, waMessageId } of record) {
    if (text === undefined || waMessageId === undefined) continue
    idsOfText.set(text, (idsOfText.get(text) ?? new Set()).add(waMessageId))
  }
  const idsOf = ({ said, text }: Sending) =>
    new Set([...said.map(({ waMessageId }) => waMessageId), ...(idsOfText.get(text) ?? [])])
  const strangers = new Set(stanzas.flatMap(({ waMessageId = "" }) => (owner.has(waMessageId) ? [] : waMessageId)))

  const had = (one: Observation, at: number) => Date.parse(one.at) <= at
  const left = (waMessageId: string) => seen.get(waMessageId)?.filter(({ kind }) => kind === "message") ?? []
  /** It need not have been seen: nobody is there, or its time was over. */
  const isExcused = ({ expiresAt, to }: Sending, { at, code, status }: Said) => {
    if (code === "recipient_not_on_whatsapp") return absences.get(to)?.some((one) => had(one, at)) ?? false
    return (status === "expired" || status === "unknown") && at >= expiresAt - clockMillis
  }
  const isLost = (sending: Sending) => {
    const last = sending.said.at(-1)
    return last !== undefined && left(last.waMessageId).length === 0 && !isExcused(sending, last)
  }
  const isFalse = (sending: Sending, said: Said) => {
    const { at, status, waMessageId } = said
    if (status === "expired") return !isExcused(sending, said) || left(waMessageId).some((one) => had(one, at))
    const kinds = grounds[status]
    if (kinds === undefined || (status === "failed" && isExcused(sending, said))) return false
    return !seen.get(waMessageId)?.some((one) => kinds.includes(one.kind) && had(one, at))
  }
  const falseAnswers = sendings.flatMap((sending) => sending.said.filter((said) => isFalse(sending, said)))
  const isRevived = ({ ended, said }: Sending) => {
    const called = [...ended, ...said.filter(({ status }) => ends.includes(status)).map(({ at }) => at)]
    const first = Math.min(...called)
    return said.some(({ waMessageId }) => left(waMessageId).some((one) => !had(one, first)))
  }
  const rank = (status: string) => progress.indexOf(status)
  /** Asked after the answer that claimed more: answers on their way at the same time may overtake each other. */
  const takenBack = ({ said }: Sending) =>
    said.filter((less) => said.some((more) => more.at < less.asked && rank(more.status) > rank(less.status)))

  return {
    lost: sendings.filter(isLost).length,
    secondIds: sendings.filter((sending) => idsOf(sending).size > 1).length + strangers.size,
    falseSent: falseAnswers.filter(({ status }) => !ends.includes(status)).length,
    falseEnds: falseAnswers.filter(({ status }) => ends.includes(status)).length,
    revived: sendings.filter(isRevived).length,
    takenBack: sendings.flatMap(takenBack).length,
    sameIdAgain: [...Map.groupBy(stanzas, ({ waMessageId }) => waMessageId).values()].filter((_) => _.length > 1).length
  }
}
