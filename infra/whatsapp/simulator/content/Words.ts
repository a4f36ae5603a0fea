import type { proto } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { Text } from "./Members.ts"

export const text = Schema.Struct({ kind: Schema.optionalKey(Schema.Literal("text")), text: Text })
export const location = Schema.Struct({
  kind: Schema.Literal("location"),
  latitude: Schema.Finite,
  longitude: Schema.Finite,
  name: Schema.optionalKey(Text),
  address: Schema.optionalKey(Text)
})
export const card = Schema.Struct({ kind: Schema.Literal("contact"), name: Text, vcard: Text })
/** Whatever else there is, as the protocol's JSON: bytes are base64. */
export const anything = Schema.Struct({
  kind: Schema.Literal("protocol"),
  content: Schema.Record(Schema.String, Schema.Unknown)
})

export const composeLocation = ({ address, latitude, longitude, name }: typeof location.Type): proto.IMessage => ({
  locationMessage: {
    degreesLatitude: latitude,
    degreesLongitude: longitude,
    ...(name !== undefined && { name }),
    ...(address !== undefined && { address })
  }
})

export const composeCard = ({ name, vcard }: typeof card.Type): proto.IMessage => ({
  contactMessage: { displayName: name, vcard }
})
