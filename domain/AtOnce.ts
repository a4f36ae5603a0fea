import { Effect } from "effect"

/**
 * Effects that do at once, where they are made, all that needs no waiting, and are an effect for the rest: a fiber steps
 * through nothing whose answer is there already, which is most of what is done for a message. So the work begins with the
 * call, and not when its effect is run: it is called where the result is about to be run, once.
 */
export const fn: Effect.fn.Untraced = Effect.fnUntracedEager
export const flatMap: typeof Effect.flatMapEager = Effect.flatMapEager
