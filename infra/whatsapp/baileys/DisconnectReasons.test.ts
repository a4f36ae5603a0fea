import { assert, it } from "@effect/vitest"
import { banMillis, disconnectReason } from "./DisconnectReasons.ts"

const boom = (text: string, statusCode?: number, data?: object) =>
  Object.assign(new Error(text), { output: { statusCode }, data })
const conflict = (type: string) => ({ tag: "conflict", attrs: { type } })

for (const [name, error, expected] of [
  ["what follows every pairing", boom("Stream Errored (restart required)", 515), "restarting"],
  ["unlinked at the phone", boom("Stream Errored (conflict)", 401, conflict("device_removed")), "logged_out"],
  ["a login with dead credentials", boom("Connection Failure", 401), "logged_out"],
  [
    "a bare 401",
    boom("Stream Errored (unknown)", 401, { tag: "stream:error", attrs: { code: "401" } }),
    "unauthorized"
  ],
  ["a 401 over another conflict", boom("Stream Errored (conflict)", 401, conflict("replaced")), "unauthorized"],
  ["a 401 of Baileys' own", boom("Cannot proceed: socket is not authenticated yet", 401), "unauthorized"],
  ["a ban for a while", boom("Connection Failure", 402), "temporarily_banned"],
  ["a ban", boom("Connection Failure", 406), "banned"],
  ["a client that is not taken", boom("Connection Failure", 409), "client_refused"],
  ["a login that is refused otherwise", boom("Connection Failure", 400), "refused"],
  ["the same credentials elsewhere", boom("Stream Errored (conflict)", 440), "replaced"],
  ["a server going down", boom("Stream Errored (unknown)", 503), "server_closed"],
  ["the end of the stream", boom("Connection Terminated by Server", 428), "server_closed"],
  ["a server too busy for logins", boom("Connection Failure", 503), "server_closed"],
  ["a locked account", boom("Connection Failure", 403), "locked"],
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

it("a ban for a while says for how long, within reason", () => {
  const banned = (expire: unknown, code = 402) =>
    banMillis(boom("Connection Failure", code, { reason: `${code}`, expire }))
  assert.strictEqual(banned("3600"), 3_600_000)
  assert.strictEqual(banned("999999999"), 30 * 24 * 3_600_000)
  for (const said of [undefined, "", "-1", "soon", "1e9", 60]) assert.isUndefined(banned(said))
  assert.isUndefined(banned("3600", 406))
})
