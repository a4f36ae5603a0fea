import "./QuietLibsignal.ts"
import { jidDecode, jidNormalizedUser, type WASocket } from "@whiskeysockets/baileys"
import { after } from "#domain/Timer.ts"
import { contactQuery, readContact } from "./ContactQuery.ts"
import type { DeviceLists } from "./DeviceLists.ts"
import * as DeviceQueries from "./DeviceQueries.ts"
import type { Pace } from "./Pace.ts"

export interface Lookup {
  /**
   * The address to send to, or `undefined` when the number is not on WhatsApp. When it resolves, the devices and
   * sessions on both sides are known, so the send itself asks the server nothing. Rejects when nothing is known.
   */
  readonly find: (jid: string) => Promise<string | undefined>
}

/**
 * Baileys alone would ask in the middle of a send, holding the lock that all sends of the socket share, and on silence
 * would send to nobody and report success. So: ask before, each address once at a time, with a deadline.
 */
export const make = (sock: WASocket, timeoutMs: number, gone: AbortSignal, pace: Pace, lists?: DeviceLists): Lookup => {
  const directory = { sock, pace, lists, queries: DeviceQueries.make(sock, pace) }
  const running = new Map<string, Promise<string | undefined>>()
  const isOutdated = (jid: string) => lists?.outdatedBy(jid) !== undefined

  const asked = (jid: string, anew: boolean) => {
    const name = `${jid} ${anew}`
    const answer = running.get(name) ?? resolve({ ...directory, anew }, jid)
    const forget = () => void (running.get(name) === answer && running.delete(name))
    if (!running.has(name)) answer.then(forget, forget)
    running.set(name, answer)
    return { answer, forget }
  }

  return {
    find: async (jid) => {
      const own = jidNormalizedUser(sock.user?.id)
      const anew = isOutdated(jid)
      // the word is of both sides: whose devices changed, it does not say
      const both = [asked(jid, anew), asked(own, anew || isOutdated(own))]
      const answers = Promise.all(both.map(({ answer }) => answer))
      try {
        const [address] = await within(answers, timeoutMs, gone)
        return address
      } catch (error) {
        for (const { forget } of both) forget() // whoever comes next asks the server, not what it left unanswered
        throw error
      }
    }
  }
}

interface Asking {
  readonly sock: WASocket
  readonly pace: Pace
  readonly queries: DeviceQueries.DeviceQueries
  readonly lists: DeviceLists | undefined
  readonly anew: boolean
}

const resolve = async (asking: Asking, jid: string): Promise<string | undefined> => {
  if (await prepare(asking, jid)) return jid
  const { pace, sock } = asking
  await new Promise<void>(pace.next)
  // An empty device list may be a hiccup. Only the server's plain "no" is final; some numbers live at another address.
  const address = readContact(await sock.query(contactQuery(jidDecode(jid)?.user ?? "", sock.generateMessageTag())))
  if (address === undefined || (await prepare(asking, address))) return address
  throw new Error("the server lists no device")
}

/** Learns the devices of an address and has a session with each. False when the server lists none. */
const prepare = async ({ anew, lists, queries, sock }: Asking, jid: string): Promise<boolean> => {
  const user = jidDecode(jid)?.user
  const word = lists?.outdatedBy(jid)
  const devices = (await queries.devicesOf(jid, anew || word !== undefined)).filter((device) => device.user === user)
  const others = devices.map((device) => device.jid).filter((address) => address !== sock.user?.id)
  if (others.length > 0) await sock.assertSessions(others)
  if (devices.length > 0 && word !== undefined) lists?.renewed(jid, word)
  return devices.length > 0
}

const within = <A>(work: Promise<A>, ms: number, gone: AbortSignal): Promise<A> =>
  new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error("no answer in time"))
    const deadline = after(ms, giveUp)
    gone.addEventListener("abort", giveUp, { once: true })
    const done = () => {
      deadline.stop()
      gone.removeEventListener("abort", giveUp)
    }
    work.finally(done).then(resolve, reject)
  })
