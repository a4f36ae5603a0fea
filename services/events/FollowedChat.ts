import type { DeviceId, SubjectId } from "#domain/Ids.ts"
import type { About } from "./PublicEvents.ts"

/**
 * One chat of a device, by all of its names: those that were known up to a place in the log, and those that what comes behind
 * it says. So it is asked about each event from there on, in the log's order.
 */
export class FollowedChat {
  readonly device: DeviceId
  /** Names that were said up to here are known. */
  readonly upTo: bigint | undefined
  readonly #names: Set<SubjectId>

  constructor(device: DeviceId, upTo: bigint | undefined, names: Iterable<SubjectId>) {
    this.device = device
    this.upTo = upTo
    this.#names = new Set(names)
  }

  /** Whether it is the one of this device with such a name, as far as that is known. */
  isCalled(device: DeviceId, names: ReadonlyArray<SubjectId>): boolean {
    return device === this.device && names.some((name) => this.#names.has(name))
  }

  /** Learns what else it, or the person in it, is called: a sender of a group may be named there by what is new. */
  has({ device, origin }: About): boolean {
    if (origin === undefined || device !== this.device) return false
    const isSame = this.#learn(origin.chat)
    this.#learn(origin.sender)
    return isSame
  }

  #learn(names: ReadonlyArray<SubjectId>): boolean {
    const isSame = names.some((name) => this.#names.has(name))
    if (isSame && names.length > 1) for (const name of names) this.#names.add(name)
    return isSame
  }
}
