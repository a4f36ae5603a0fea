import type { Finding } from "#domain/evidence/Evidence.ts"
import { bad, faint, good, inStatusColour, strong } from "./Terminal.ts"

/** One event as `GET /v1/messages/{id}/events` gives it, with what became of checking its evidence. */
export interface Moment {
  readonly type: string
  readonly recordedAt: string
  readonly code?: string
  readonly finding: Finding["_tag"]
}

const meaning: Record<string, string> = {
  queued: "accepted: durable in the log before the caller heard of it",
  attempting: "the agent is trying; WhatsApp has not answered yet",
  unknown: "it may have left; only WhatsApp's word could settle it",
  expired: "its time was over before anything left",
  failed: "WhatsApp refused it",
  sent: "WhatsApp's server acknowledged our message id",
  delivered: "a device of the recipient has it",
  read: "the recipient opened it",
  played: "the recipient listened to it"
}

const signature: Record<Moment["finding"], string> = {
  Signed: good("✔ signed by the agent"),
  Refuted: bad("✘ the evidence does not hold"),
  Unsigned: faint("recorded by the gateway")
}

const nameOf = (type: string) => type.split(".")[1] ?? type

/** The story of a message, a line per event: when, what, whose word it is. */
export const render = (moments: ReadonlyArray<Moment>): ReadonlyArray<string> => {
  const start = Date.parse(moments[0]?.recordedAt ?? "")
  return moments.map(({ code, finding, recordedAt, type }, i) => {
    const name = nameOf(type)
    const after = `+${Date.parse(recordedAt) - start} ms`.padStart(10)
    const branch = i === moments.length - 1 ? "└─" : "├─"
    const what = inStatusColour(name, name.padEnd(10))
    const why = code === undefined ? "" : ` ${strong(code)}`
    return `${faint(after)} ${faint(branch)} ${what}${why} ${signature[finding]}\n${" ".repeat(14)}${faint(meaning[name] ?? "")}`
  })
}
