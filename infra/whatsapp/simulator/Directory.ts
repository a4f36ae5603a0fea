import { jidDecode } from "@whiskeysockets/baileys"
import type { SentOnce } from "./IncomingMessage.ts"
import { Newest } from "./Newest.ts"
import { type InboxEntry, Phone } from "./Phone.ts"

/** What phones remember of all that was said to them, and that they said. */
const mostReceived = 10_000
const mostSent = 20_000

/** Who is on the simulated WhatsApp. */
export class Directory {
  readonly #autoContacts: boolean
  readonly #byNumber = new Map<string, Phone>()
  readonly #byLid = new Map<string, Phone>()
  readonly #absent: Set<string>
  readonly #received = new Newest<InboxEntry>(mostReceived)
  readonly #sent = new Newest<SentOnce>(mostSent)

  /** With `autoContacts` every number that a client asks for is a contact, except the absent ones. */
  constructor(autoContacts: boolean, absent: Iterable<string>) {
    this.#autoContacts = autoContacts
    this.#absent = new Set(absent)
  }

  get phones(): ReadonlyArray<Phone> {
    return [...this.#byNumber.values()]
  }

  /** The phone with this number, made on first use. */
  phone(number: string): Phone {
    const known = this.#byNumber.get(number)
    if (known) return known
    const phone = new Phone(number, { inbox: this.#received.shelf(number), sent: this.#sent.shelf(number) })
    this.#byNumber.set(number, phone)
    this.#byLid.set(phone.lid, phone)
    return phone
  }

  setPresent(number: string, isPresent: boolean) {
    if (isPresent) {
      this.#absent.delete(number)
      this.phone(number)
    } else this.#absent.add(number)
  }

  /** The phone behind a phone-number or LID address, if it is on WhatsApp. */
  find(jid: string): Phone | undefined {
    const user = jidDecode(jid)?.user ?? ""
    const phone = jid.endsWith("@lid") ? this.#byLid.get(user) : this.#byNumber.get(user)
    return phone && this.#absent.has(phone.number) ? undefined : phone
  }

  /** Like `find`, as a client's contact query: this is where automatic contacts come into being. */
  lookUp(jid: string): Phone | undefined {
    const [, number] = /^([0-9]{5,15})@s\.whatsapp\.net$/.exec(jid) ?? []
    return this.#autoContacts && number && !this.#absent.has(number) ? this.phone(number) : this.find(jid)
  }
}
