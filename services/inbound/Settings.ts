import { Schema, SchemaGetter } from "effect"
import { setting } from "../Setting.ts"

/** `true` and `false` are what whoever comes from wa-gateway-go has written there. */
const onOrOff = Schema.Literals(["on", "off", "true", "false"]).pipe(
  Schema.decodeTo(Schema.Boolean, {
    decode: SchemaGetter.transform((word) => word === "on" || word === "true"),
    encode: SchemaGetter.transform((is) => (is ? "on" : "off"))
  })
)

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
