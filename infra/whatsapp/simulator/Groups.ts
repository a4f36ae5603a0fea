import { randomInt } from "node:crypto"

export interface Group {
  readonly id: string
  readonly creator: string
  /** Seconds since 1970. */
  readonly since: string
  subject: string
  /** Numbers, accounts' and contacts'; whose value is true is an admin. */
  readonly members: Map<string, boolean>
}

/** The groups of the simulated WhatsApp. */
export class Groups {
  readonly #byId = new Map<string, Group>()

  make(group: Omit<Group, "id">, id = `1203630${randomInt(1e11, 9e11)}@g.us`): Group {
    const made = { ...group, id }
    this.#byId.set(id, made)
    return made
  }

  find(id: string): Group | undefined {
    return this.#byId.get(id)
  }

  of(number: string): ReadonlyArray<Group> {
    return [...this.#byId.values()].filter(({ members }) => members.has(number))
  }
}
