import { Context } from "effect"

/** What keeps events from the bus, in words for whoever runs this, while that is so. */
export const Trouble = Context.Reference<() => string | undefined>("homing/services/announcements/Trouble", {
  defaultValue: () => () => undefined
})
