import { object, type Update } from "./Update.ts"

/** What has to be told of an update, by the documentation alone: it shares nothing with what is tested. */

/** Numbers that no `number` can hold are told as they were written. */
export const told = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(told)
  if (typeof value !== "object" || value === null) return value
  if ("rawJSON" in value) return value.rawJSON
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, told(one)]))
}

/** In Meta's shape, with this alone, and without the time, which is another at each telling. */
export const changeOf = (update: Update) => {
  if (update.form === "payload") return update.payload
  if (update.form === "entry") return { object, entry: [update.entry] }
  if (update.form === "value") {
    return { object, entry: [{ id: update.account, changes: [{ value: update.value, field: update.field }] }] }
  }
  const { account, contact, field, item, member, metadata } = update
  const contacts = contact === undefined ? {} : { contacts: [contact] }
  const value = { messaging_product: "whatsapp", metadata, ...contacts, [member]: [item] }
  return { object, entry: [{ id: account, changes: [{ value, field }] }] }
}

const phoneNumberIdOf = (update: Update) =>
  update.form === "item" || update.form === "value" ? update.metadata?.phone_number_id : undefined

/** Of the event's `data` what can be known beforehand. */
export const dataOf = (update: Update) => {
  const { account, app, at, field, kind, person, status } = update
  const phoneNumberId = phoneNumberIdOf(update)
  const { bsuid, phone } = person ?? {}
  return {
    app,
    ...(account !== undefined && { account }),
    ...(phoneNumberId !== undefined && { phoneNumberId }),
    field,
    kind,
    ...(person !== undefined && {
      person: { ...(phone !== undefined && { phone: `+${phone}` }), ...(bsuid !== undefined && { bsuid }) }
    }),
    ...(status !== undefined && { status }),
    ...(at !== undefined && { sentAt: new Date(at * 1_000).toISOString() }),
    ...(kind === "history" && { isHistory: true }),
    ...(kind === "echo" && { fromMe: true }),
    change: told(changeOf(update))
  }
}

/** What stands for it as a digest, in which the same thing is always the same, and another thing another. */
export const namesOf = (update: Update): Readonly<Record<string, string | undefined>> => {
  const { about, group, own, person } = update
  const message = (id: string | undefined) => id && `message ${phoneNumberIdOf(update)} ${id}`
  const names = [person?.phone, person?.bsuid].filter((name) => name !== undefined)
  return { group, message: message(own), target: message(about), "names.0": names[0], "names.1": names[1] }
}
