import { onOrOff, setting } from "../Setting.ts"

/** What is done with what devices hear. */
export const settings = {
  marksAsRead: setting(
    "AUTO_READ_RECEIPT",
    "off",
    onOrOff,
    "on or off",
    "Whether what devices hear is marked as read at WhatsApp once the gateway has it. What was before a device was linked is not."
  )
}
