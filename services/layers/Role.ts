/** What a process of the gateway runs: itself with an agent, or itself alone, whose agents are processes of their own. */
export const roles = ["embedded", "gateway"] as const
export type Role = (typeof roles)[number]

interface Place {
  /** What was set. */
  readonly role: Role | undefined
  /** A server between gateway and agents. */
  readonly natsUrl: unknown
}

/** Without a word it follows from the server between the two. */
export const roleOf = ({ natsUrl, role }: Place): Role => role ?? (natsUrl === undefined ? "embedded" : "gateway")

/** What would have to be otherwise, where a role and the addresses contradict each other. */
export const contradiction = (place: Place): string | undefined => {
  if (roleOf(place) === roleOf({ ...place, role: undefined })) return undefined
  return place.role === "gateway"
    ? "NATS_URL beside gateway: its agents are reached through it"
    : "no NATS_URL beside embedded: its agent is in the same process"
}
