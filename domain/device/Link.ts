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
}

/** What a report says of it. */
interface Change {
  readonly type: "device.paired" | "device.connected" | "device.disconnected" | "device.logged_out"
  readonly data: { readonly step: number; readonly reason?: string }
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
  removal: undefined
}

/** Why nobody offers codes to pair with any more, until it is asked for again. */
export const givenUp: ReadonlyArray<string | undefined> = ["pairing_timeout", "pairing_refused"]

export const isBeingPaired = ({ connection, reason }: Link): boolean =>
  connection === "pairing" && !givenUp.includes(reason)

export const linkAfter = (before: Link, event: Change | Request): Link => {
  switch (event.type) {
    case "device.link_requested":
      return { ...neverLinked, step: before.step }
    case "device.reconnect_requested":
      return before
    case "device.unlink_requested":
      return { ...before, removal: "asked" }
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
  return { ...known, step, reason, removal, connection: connectionOf(known, connected) }
}

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
