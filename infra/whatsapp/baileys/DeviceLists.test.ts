import { EventEmitter } from "node:events"
import { assert, describe, it } from "@effect/vitest"
import type { WASocket } from "@whiskeysockets/baileys"
import type { Addresses } from "./Addresses.ts"
import * as DeviceLists from "./DeviceLists.ts"

const bob = "15550002@s.whatsapp.net"
const own = "15550001@s.whatsapp.net"
const lists = () => {
  const ws = new EventEmitter()
  const addresses = { person: (address) => address?.split(/[:@]/)[0] } as Addresses
  const made = DeviceLists.make({ ws } as unknown as Pick<WASocket, "ws">, addresses, () => own)
  const notify = (type: string, from: string, child: string) =>
    ws.emit(`CB:notification,type:${type}`, {
      tag: "notification",
      attrs: { from },
      content: [{ tag: child, attrs: {} }]
    })
  return { ...made, notify }
}
const ack = { waMessageId: "A", from: bob, error: undefined, phash: undefined }

describe("a list of devices", () => {
  it("is old by the word of a notification about them, or about new keys", () => {
    const { notify, outdatedBy } = lists()
    notify("encrypt", own, "count")
    notify("account_sync", own, "blocklist")
    assert.isUndefined(outdatedBy(own))
    for (const [type, child] of [
      ["devices", "add"],
      ["encrypt", "identity"]
    ] as const) {
      const from = `${type === "devices" ? "15550002" : "15550003"}@s.whatsapp.net`
      notify(type, from, child)
      assert.isDefined(outdatedBy(from), type)
    }
    notify("account_sync", bob, "devices")
    assert.isDefined(outdatedBy(own))
  })

  it("is old until it was asked for after the last such word", () => {
    const { heard, outdatedBy, renewed } = lists()
    heard({ ...ack, error: "479" })
    const first = outdatedBy(bob)!
    heard({ ...ack, phash: "2:aaaaaaaa" })
    renewed(bob, first)
    const second = outdatedBy("15550002:7@s.whatsapp.net")!
    assert.isAbove(second, first)
    renewed(bob, second)
    assert.isUndefined(outdatedBy(bob))
  })

  it("is not old by what was told before, by another refusal, or by nobody's word", () => {
    const { heard, outdatedBy, renewed } = lists()
    heard({ ...ack, phash: "2:aaaaaaaa" })
    renewed(bob, outdatedBy(bob)!)
    heard({ ...ack, phash: "2:aaaaaaaa" })
    heard({ ...ack, error: "463" })
    heard({ ...ack, from: undefined, error: "479", phash: "2:bbbbbbbb" })
    assert.isUndefined(outdatedBy(bob))
  })

  it("of people who are never written to again is forgotten at last", () => {
    const { notify, outdatedBy } = lists()
    for (let n = 0; n <= 10_000; n++) notify("devices", `${n}@s.whatsapp.net`, "add")
    assert.isUndefined(outdatedBy("0@s.whatsapp.net"))
    assert.isDefined(outdatedBy("10000@s.whatsapp.net"))
  })
})
