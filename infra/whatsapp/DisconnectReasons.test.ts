import { assert, it } from "@effect/vitest"
import { disconnectReason } from "./DisconnectReasons.ts"

const boom = (text: string, statusCode?: number) => Object.assign(new Error(text), { output: { statusCode } })

for (const [name, error, expected] of [
  ["what follows every pairing", boom("Stream Errored (restart required)", 515), "restarting"],
  ["unlinked at the phone", boom("Stream Errored (conflict)", 401), "logged_out"],
  ["a login with dead credentials", boom("Connection Failure", 401), "logged_out"],
  ["the same credentials elsewhere", boom("Stream Errored (conflict)", 440), "replaced"],
  ["a server going down", boom("Stream Errored (unknown)", 503), "server_closed"],
  ["the end of the stream", boom("Connection Terminated by Server", 428), "server_closed"],
  ["a server too busy for logins", boom("Connection Failure", 503), "server_closed"],
  ["a banned account", boom("Connection Failure", 403), "refused"],
  ["a version too old", boom("Connection Failure", 405), "outdated"],
  ["a cut line", boom("Connection Terminated", 428), "connection_lost"],
  ["silence", boom("Connection was lost", 408), "connection_lost"],
  ["no name service", boom("WebSocket Error (getaddrinfo ENOTFOUND)", 408), "connection_lost"],
  ["a bare close code", 1006, "connection_lost"],
  ["an error of Baileys' own", new TypeError("x is undefined"), "connection_lost"],
  ["no error at all", undefined, "connection_lost"]
] as const) {
  it(`${name} is ${expected}`, () => {
    assert.strictEqual(disconnectReason(error, { offered: false, paired: true }), expected)
  })
}

it("an unpaired device can run out of codes but cannot be logged out", () => {
  const unpaired = { offered: true, paired: false }
  assert.strictEqual(disconnectReason(boom("QR refs attempts ended", 408), unpaired), "pairing_timeout")
  assert.strictEqual(disconnectReason(boom("Connection Failure", 401), unpaired), "refused")
})
