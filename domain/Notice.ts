import { Context, Effect } from "effect"

/** Whether a line of the log is for whoever looks at the terminal as well. */
export const Noticed = Context.Reference<boolean>("homing/domain/Noticed", { defaultValue: () => false })

/** Logs what a person who runs this is to know of, in terminal and log. */
export const notice = <R>(logging: Effect.Effect<void, never, R>): Effect.Effect<void, never, R> =>
  Effect.provideService(logging, Noticed, true)
