import { Redacted, Schema } from "effect"
import { RegionName } from "#domain/region/Report.ts"
import { optional, parsed } from "../Setting.ts"

const short = Schema.String.check(Schema.isMaxLength(2_048))
const coordinate = Schema.String.check(Schema.isPattern(/^[\w-]{43}$/))

/** The private half of a sealing key, as `homing sealing-key` writes it. */
const OpeningKey = Schema.Struct({
  kty: Schema.Literal("EC"),
  crv: Schema.Literal("P-256"),
  x: coordinate,
  y: coordinate,
  d: coordinate,
  kid: Schema.String.check(Schema.isPattern(/^[\w.~-]{1,64}$/)),
  use: Schema.optionalKey(Schema.Literal("enc")),
  alg: Schema.optionalKey(Schema.Literal("ECDH-ES"))
})

const Region = Schema.Struct({
  url: short.check(Schema.isPattern(/^(nats|tls):\/\/\S+$/)),
  consumer: Schema.String.check(Schema.isPattern(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/)),
  caFile: Schema.optionalKey(short),
  nkeySeed: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^SU[A-Z2-7]{56}$/))),
  openingKey: Schema.optionalKey(OpeningKey)
})

const Regions = Schema.fromJsonString(
  Schema.Record(RegionName, Region).check(
    Schema.makeFilter((regions) => Object.keys(regions).length >= 1 && Object.keys(regions).length <= 16)
  )
)
const decode = Schema.decodeUnknownOption(Regions)

const regionsIn = (text: string) => {
  if (text.length > 65_536) return undefined
  const found = decode(text)
  if (found._tag === "None") return undefined
  return Object.entries(found.value).map(([region, { nkeySeed, openingKey, ...where }]) => ({
    region,
    ...where,
    ...(nkeySeed !== undefined && { nkeySeed: Redacted.make(nkeySeed) }),
    ...(openingKey !== undefined && { openingKey: Redacted.make(openingKey) })
  }))
}

/** Where other regions tell what happens there, for the gateway that is their home. */
export const regions = {
  regions: optional(
    "REGIONS",
    Schema.RedactedFromValue(parsed(regionsIn)),
    '{"br":{"url":"tls://…","consumer":"home","nkeySeed":"SU…","caFile":"…","openingKey":{…}},…}: 1 to 16 regions',
    "Of which regions this gateway is the home: it takes what they publish on NATS. The key opens what is sealed there."
  )
}
