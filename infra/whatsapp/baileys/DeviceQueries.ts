import "./QuietLibsignal.ts"
import { jidDecode, jidNormalizedUser, type WASocket } from "@whiskeysockets/baileys"
import * as Batches from "./Batches.ts"
import type { Pace } from "./Pace.ts"

type Devices = Awaited<ReturnType<WASocket["getUSyncDevices"]>>

/** Asks the server for devices and their keys, of many addresses with one question. */
export interface DeviceQueries {
  /** The devices of an address, `anew` whatever is remembered, and perhaps of others. There is a session with each that the server has keys of. */
  readonly devicesOf: (jid: string, anew: boolean) => Promise<Devices>
}

const mostTogether = 16 // the first of them waits until there is a session with the last, ten milliseconds each

/**
 * Addresses never written to before wait for their account's turn. Those that were do not, however many strangers wait:
 * what comes while one question about them is open goes into the next.
 */
export const make = (sock: WASocket, pace: Pace): DeviceQueries => {
  const learn = async (jids: ReadonlyArray<string>): Promise<Devices> => {
    const devices = await sock.getUSyncDevices([...jids], true, false)
    await haveSessions(
      sock,
      devices.map(({ jid }) => jid).filter((jid) => jid !== sock.user?.id)
    )
    return devices
  }

  let before: Promise<unknown> = Promise.resolve()
  const known = Batches.make({
    most: mostTogether,
    turn: (work) => void before.then(work),
    question: (jids: ReadonlyArray<string>) => {
      const answer = learn(jids)
      before = answer.catch(() => {})
      return answer
    }
  })
  const strangers = Batches.make({ most: mostTogether, turn: pace.next, question: learn })

  return {
    devicesOf: async (jid, anew) => {
      if (anew) return sock.getUSyncDevices([jid], false, false) // somebody we wrote to: no stranger
      const user = jidDecode(jidNormalizedUser(jid))?.user ?? ""
      const isRemembered = (await sock.userDevicesCache?.get(user)) !== undefined
      if (isRemembered) return sock.getUSyncDevices([jid], true, false)
      const { [user]: listed } = await sock.authState.keys.get("device-list", [user])
      return (listed === undefined ? strangers : known).ask(jid)
    }
  }
}

/** One device without keys spoils a question about many: then it is asked about each half, down to that one. */
const haveSessions = async (sock: WASocket, jids: ReadonlyArray<string>): Promise<void> => {
  if (jids.length === 0) return
  try {
    await sock.assertSessions([...jids])
  } catch {
    if (jids.length === 1 || !sock.ws.isOpen) return
    const middle = jids.length >> 1
    await haveSessions(sock, jids.slice(0, middle))
    await haveSessions(sock, jids.slice(middle))
  }
}
