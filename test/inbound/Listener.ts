import { ConsumerId } from "#domain/Ids.ts"

/** Who reads off the bus what happens, where there is one. */
export const listener = ConsumerId.make("listener")
