/** Whom an address of WhatsApp's names. */
export interface User {
  readonly kind: "phone" | "lid"
  readonly name: string
}

const pattern = /^(\d{1,24})(?::\d{1,5})?@(s\.whatsapp\.net|c\.us|hosted|lid|hosted\.lid)$/

/** Whose address it is; `undefined` for a group, a list, a channel, the server, and what is no address. */
export const userOf = (address: string | undefined): User | undefined => {
  const [, name, server] = pattern.exec(address ?? "") ?? []
  return name === undefined ? undefined : { kind: server?.endsWith("lid") ? "lid" : "phone", name }
}
