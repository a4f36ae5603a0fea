export const connections = ["pairing", "connected", "disconnected", "logged_out"] as const
/** `pairing`: no account was linked yet. */
export type Connection = (typeof connections)[number]

/** How a device stands with its account: a function of the set of its agent's reports, whatever their order. */
export interface Link {
  readonly connection: Connection
  readonly paired: boolean
  readonly reason: string | undefined
  /** Of the report that `connection` comes from. */
  readonly step: number
  /** Of the report that `paired` comes from; -1 when the device was never paired. */
  readonly linkStep: number
}

/** What a report says of it. */
interface Change {
  readonly type: "device.paired" | "device.connected" | "device.disconnected" | "device.logged_out"
  readonly data: { readonly step: number; readonly reason?: string }
}

export const neverLinked: Link = { connection: "pairing", paired: false, reason: undefined, step: -1, linkStep: -1 }

export const linkAfter = (before: Link, change: Change): Link => {
  const known = linked(before, change)
  const isNews = change.data.step >= before.step
  const { reason, step } = isNews ? change.data : before
  const connected = isNews ? change.type === "device.connected" : before.connection === "connected"
  return { ...known, step, reason, connection: connectionOf(known, connected) }
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
