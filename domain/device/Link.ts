import type { Sealed } from "../Sealed.ts"

export const connections = ["pairing", "connected", "disconnected", "logged_out"] as const
/** `pairing`: no account is linked since it was last asked to pair. */
export type Connection = (typeof connections)[number]

/** How a device stands with its account: since it was last asked for, a function of its agent's reports in any order. */
export interface Link {
  readonly connection: Connection
  readonly paired: boolean
  readonly reason: string | undefined
  /** Of the report that `connection` comes from. */
  readonly step: number
  /** Of the report that `paired` comes from; -1 when the device was never paired. */
  readonly linkStep: number
  /** It is to be unlinked for good; `done`: and its agent has said that it is. */
  readonly removal: "asked" | "done" | undefined
  /** Of the account that was linked last, as far as it was told; it is its number while `paired`. */
  readonly number: LinkedNumber | undefined
}

export interface LinkedNumber {
  readonly number: Sealed
  /** The step of the report that the account was connected. */
  readonly asOf: number
}

/** What a report says of it. */
interface Change {
  readonly type: "device.paired" | "device.connected" | "device.disconnected" | "device.logged_out"
  readonly data: { readonly step: number; readonly reason?: string }
}

/** What its agent says of the account, beside its reports. */
interface Numbered {
  readonly type: "device.number_linked"
  readonly data: LinkedNumber
}

/** What is asked of its agent. */
interface Request {
  readonly type: "device.link_requested" | "device.reconnect_requested" | "device.unlink_requested"
}

export const neverLinked: Link = {
  connection: "pairing",
  paired: false,
  reason: undefined,
  step: -1,
  linkStep: -1,
  removal: undefined,
  number: undefined
}

/** Why nobody offers codes to pair with any more, until it is asked for again. */
export const givenUp: ReadonlyArray<string | undefined> = ["pairing_timeout", "pairing_refused"]

export const isBeingPaired = ({ connection, reason }: Link): boolean =>
  connection === "pairing" && !givenUp.includes(reason)

export const linkAfter = (before: Link, event: Change | Numbered | Request): Link => {
  switch (event.type) {
    case "device.link_requested":
      return { ...neverLinked, step: before.step }
    case "device.reconnect_requested":
      return before
    case "device.unlink_requested":
      return { ...before, removal: "asked" }
    case "device.number_linked":
      return { ...before, number: { asOf: event.data.asOf, number: event.data.number } }
    default:
      return reported(before, event)
  }
}

const reported = (before: Link, change: Change): Link => {
  const known = linked(before, change)
  const isNews = change.data.step >= before.step
  const { reason, step } = isNews ? change.data : before
  const connected = isNews ? change.type === "device.connected" : before.connection === "connected"
  const removal = before.removal === "asked" && change.type === "device.logged_out" ? "done" : before.removal
  const number = numberAfter(before.number, change)
  return { ...known, step, reason, removal, number, connection: connectionOf(known, connected) }
}

/** With another link comes another account, perhaps. */
const numberAfter = (before: LinkedNumber | undefined, { data, type }: Change): LinkedNumber | undefined =>
  (type === "device.paired" || type === "device.logged_out") && before !== undefined && before.asOf < data.step
    ? undefined
    : before

/**
 * Whether a number is told of the account that is linked, and another one than is known. What was told of the account
 * before comes with a step before the last word on the link; since it was asked for anew, before the last word at all.
 */
export const isNewNumber = (link: Link, { asOf, number }: LinkedNumber): boolean =>
  asOf >= link.linkStep && (link.linkStep >= 0 || asOf > link.step) && number.subject !== link.number?.number.subject

type Linked = Pick<Link, "paired" | "linkStep">

/** Losing a connection says nothing about the link; of what does, the highest step counts. */
const linked = ({ linkStep, paired }: Linked, { data, type }: Change): Linked =>
  type === "device.disconnected" || data.step < linkStep
    ? { paired, linkStep }
    : { paired: type !== "device.logged_out", linkStep: data.step }

const connectionOf = ({ linkStep, paired }: Linked, connected: boolean): Connection => {
  if (paired) return connected ? "connected" : "disconnected"
  return linkStep < 0 ? "pairing" : "logged_out"
}
