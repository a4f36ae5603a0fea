import type { Fault, Method } from "./Faults.ts"

type Of<Name extends Fault["fault"]> = Extract<Fault, { readonly fault: Name }>

interface Active {
  readonly fault: Fault
  timesLeft: number
  /** Events or appends that still pass before it strikes. */
  passing: number
}

/** The faults that are switched on. Several may be; of one kind, the oldest that fits strikes. */
export class ActiveFaults {
  #active: ReadonlyArray<Active> = []
  readonly #onChange: () => void

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  get list(): ReadonlyArray<Fault> {
    return this.#active.filter(({ timesLeft }) => timesLeft > 0).map(({ fault }) => fault)
  }

  add(fault: Fault) {
    const timesLeft = "times" in fault && fault.times !== undefined ? fault.times : Number.POSITIVE_INFINITY
    this.#set([...this.#active, { fault, timesLeft, passing: passing(fault) }])
  }

  lift() {
    this.#set([])
  }

  has(name: Fault["fault"], method?: Method): boolean {
    return this.#find(name, method) !== undefined
  }

  /** The fault of this kind, one time fewer left. */
  take<Name extends Fault["fault"]>(name: Name, method?: Method): Of<Name> | undefined {
    const active = this.#find(name, method)
    if (active === undefined || active.passing > 0) return undefined
    active.timesLeft -= 1
    active.passing = passing(active.fault)
    return active.fault as Of<Name>
  }

  /** Counts an event that was sent. */
  eventSent() {
    for (const active of this.#active) {
      if (active.fault.fault === "end-subscription") active.passing = Math.max(0, active.passing - 1)
    }
  }

  /** Whether the process must die at this side of a commit of so many appends. */
  mustDie(at: Of<"kill">["at"], appends: number): boolean {
    return this.#active.some((active) => {
      if (active.fault.fault !== "kill" || active.fault.at !== at) return false
      active.passing -= appends
      return active.passing < 0
    })
  }

  #find(name: Fault["fault"], method: Method | undefined) {
    return this.#active.find(
      ({ fault, timesLeft }) =>
        fault.fault === name &&
        timesLeft > 0 &&
        (!("method" in fault) || fault.method === undefined || fault.method === method)
    )
  }

  #set(active: ReadonlyArray<Active>) {
    this.#active = active
    this.#onChange()
  }
}

const passing = (fault: Fault) =>
  fault.fault === "end-subscription" ? fault.afterEvents : fault.fault === "kill" ? fault.afterAppends : 0
