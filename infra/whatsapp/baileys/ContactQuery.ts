import "./QuietLibsignal.ts"
import {
  assertNodeErrorFree,
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  S_WHATSAPP_NET
} from "@whiskeysockets/baileys"

/** Asks the server's directory about one number, digits only. Baileys' own query drops what is not a plain yes. */
export const contactQuery = (number: string, sid: string): BinaryNode => {
  const user = { tag: "user", attrs: {}, content: [{ tag: "contact", attrs: {}, content: `+${number}` }] }
  const content = [
    { tag: "query", attrs: {}, content: [{ tag: "contact", attrs: {} }] },
    { tag: "list", attrs: {}, content: [user] }
  ]
  const usync = { tag: "usync", attrs: { context: "interactive", mode: "query", sid, last: "true", index: "0" } }
  return {
    tag: "iq",
    attrs: { to: S_WHATSAPP_NET, type: "get", xmlns: "usync" },
    content: [{ ...usync, content }]
  }
}

/**
 * The address at which the server has the number, or `undefined` when it says plainly that the number is not on
 * WhatsApp. Throws on everything else: errors, lists that are empty or half filled, silence.
 */
export const readContact = (answer: BinaryNode | undefined): string | undefined => {
  const usync = getBinaryNodeChild(answer, "usync")
  const trouble = getBinaryNodeChild(getBinaryNodeChild(usync, "result"), "contact")
  if (trouble !== undefined) assertNodeErrorFree(trouble)
  const [user, ...others] = getBinaryNodeChildren(getBinaryNodeChild(usync, "list"), "user")
  const contact = getBinaryNodeChild(user, "contact")
  if (contact === undefined || others.length > 0) throw new Error("the server does not say whether it has the number")
  assertNodeErrorFree(contact)
  if (contact.attrs.type === "out") return undefined
  if (contact.attrs.type === "in" && user?.attrs.jid !== undefined) return user.attrs.jid
  throw new Error("the server does not say where it has the number")
}
