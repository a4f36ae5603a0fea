import { onOrOff, setting } from "../Setting.ts"

/** Whether there are pages for people. */
export const settings = {
  isOn: setting("DASHBOARD", "on", onOrOff, "on or off", "Whether the gateway serves its dashboard, under /dashboard/.")
}
