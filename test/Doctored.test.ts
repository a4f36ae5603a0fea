import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { callerOf, eventually, folder } from "./Homing.ts"
import { homing, keyPattern, started } from "./Process.ts"
import { env, lose, tamper, used } from "./UsedFolder.ts"

const devicesIn = (path: string) => {
  const log = new DatabaseSync(join(path, "log.db"))
  const { length } = log.prepare("SELECT 1 FROM events WHERE stream LIKE 'device-%' AND revision = 0").all()
  log.close()
  return length
}

it.live("rows that somebody changed are made anew, or told apart from what the log says: no device comes of them", () =>
  Effect.gen(function* () {
    const { copy, cwd } = yield* used
    const spoilt = [
      "DELETE FROM devices",
      "DROP TABLE devices",
      "DROP INDEX messages_by_device",
      "ALTER TABLE devices DROP COLUMN paired",
      "UPDATE devices SET connection = 'nonsense'",
      "UPDATE agents_heard SET heard = 'nonsense'",
      "UPDATE devices SET removal = 'done'" // nothing shows that it is wrong; the log knows better
    ]
    const outcomes = yield* Effect.forEach(
      spoilt,
      Effect.fnUntraced(function* (statement) {
        const path = copy()
        tamper("views.db", statement)(path)
        const { call, process } = yield* started({ cwd, env: { ...env, DATA_DIR: path } }, env.API_KEY)
        yield* process.says(/data in/)
        yield* eventually(call("GET", "/v1/devices"), ({ status }) => status === 200)
        yield* Effect.sleep("1 second") // what a start does when there is no device
        assert.strictEqual((yield* process.end("SIGTERM")).code, 0)
        return [statement, devicesIn(path)] as const
      }),
      { concurrency: 2 }
    )
    assert.deepStrictEqual(
      outcomes,
      spoilt.map((statement) => [statement, 1])
    )
  })
)

it.live("no second first key is given out because rows of keys are gone", () =>
  Effect.gen(function* () {
    const cwd = yield* folder
    const { API_KEY: _, ...keyless } = env
    const first = yield* started({ cwd, env: keyless })
    yield* eventually(first.call("GET", "/v1/devices"), ({ body }) => body.items?.length === 1)
    assert.strictEqual((yield* first.process.end("SIGTERM")).code, 0)
    tamper("views.db", "DELETE FROM access_keys")(join(cwd, "data"))
    const second = yield* homing(["start"], { cwd, env: { ...keyless, PORT: "0" } })
    yield* second.says(/data in/)
    yield* Effect.sleep("2 seconds")
    assert.notMatch(second.stdout(), keyPattern)
  })
)

it.live("a row that is gone, or changed into another, gives a client nothing more, and takes nothing from it", () =>
  Effect.gen(function* () {
    const cwd = yield* folder
    const first = yield* started({ cwd, env }, env.API_KEY)
    const { body } = yield* eventually(first.call("GET", "/v1/devices"), ({ body }) => body.items?.length === 1)
    const [mine] = body.items
    const client = (devices: ReadonlyArray<string>) =>
      Effect.map(
        first.call("POST", "/v1/clients", { name: "a shop", scopes: ["devices:read", "messages:send"], devices }),
        ({ body }) => body
      )
    const [limited, other] = [yield* client([]), yield* client([mine.id])]
    const written = Effect.sync(() => {
      const views = new DatabaseSync(join(cwd, "data", "views.db"))
      const { length } = views.prepare("SELECT 1 FROM access_keys").all()
      views.close()
      return length
    })
    yield* eventually(written, (n) => n === 2)
    assert.strictEqual((yield* first.process.end("SIGTERM")).code, 0)

    tamper("views.db", `DELETE FROM access_clients WHERE id = '${limited.id}'`)(join(cwd, "data"))
    tamper("views.db", `UPDATE access_keys SET scopes = '["admin"]' WHERE client = '${other.id}'`)(join(cwd, "data"))
    const madeUp = crypto.randomUUID()
    const columns = `position, tenant, transport, agent, name, named_by, 'connected', 1, reason, since, step, link_step,
      removal, number, numbered_by`
    tamper("views.db", `INSERT INTO devices SELECT '${madeUp}', ${columns} FROM devices`)(join(cwd, "data"))
    const second = yield* started({ cwd, env }, env.API_KEY)
    const as = (secret: string, path = "/v1/devices") => callerOf(second.url, secret)("GET", path)
    assert.deepStrictEqual((yield* eventually(as(limited.key.secret), ({ status }) => status === 200)).body.items, [])
    assert.strictEqual((yield* as(limited.key.secret, `/v1/devices/${mine.id}`)).status, 404)
    const again = yield* second.call("PATCH", `/v1/clients/${limited.id}`, { devices: [] })
    assert.deepStrictEqual([again.status, again.body.devices], [200, []])
    assert.match(second.process.stderr(), /"view":"access"[^\n]+"problem":"a row was changed/)
    assert.match(second.process.stderr(), /"view":"devices"[^\n]+"problem":"a row was changed/)
    assert.strictEqual((yield* as(other.key.secret, "/v1/clients")).status, 403)
    assert.strictEqual((yield* second.call("GET", `/v1/devices/${madeUp}`)).status, 404)
    const asked = { device: madeUp, to: "+60123456789", content: { type: "text", text: "hello" } }
    assert.strictEqual((yield* second.call("POST", "/v1/messages", asked)).status, 404)
    assert.strictEqual((yield* as(other.key.secret, `/v1/devices/${mine.id}`)).status, 200)
  })
)

it.live("a start makes no device once the last one was unlinked", () =>
  Effect.gen(function* () {
    const cwd = yield* folder
    const begin = started({ cwd, env }, env.API_KEY)
    const first = yield* begin
    const { body } = yield* eventually(first.call("GET", "/v1/devices"), ({ body }) => body.items?.length === 1)
    yield* eventually(first.call("DELETE", `/v1/devices/${body.items[0].id}`), ({ status }) => status === 200)
    assert.strictEqual((yield* first.process.end("SIGTERM")).code, 0)
    const second = yield* begin
    yield* second.process.says(/data in/)
    yield* Effect.sleep("1 second")
    assert.strictEqual((yield* second.process.end("SIGTERM")).code, 0)
    assert.strictEqual(devicesIn(join(cwd, "data")), 1)
  })
)

it.live("an event that cannot be read is told with its place, and nothing of what stands in it", () =>
  Effect.gen(function* () {
    const { copy, cwd } = yield* used
    for (const data of [`{"name":"a secret"}`, `a secret`]) {
      const path = copy()
      tamper("log.db", `UPDATE events SET data = '${data}' WHERE stream LIKE 'device-%' AND revision = 0`)(path)
      lose(path, "views.db")
      const { process } = yield* started({ cwd, env: { ...env, DATA_DIR: path } }, env.API_KEY)
      const told = /at position \d+ of the log, in device-\S+, is not what was written: .*Restore the log/
      yield* eventually(Effect.sync(process.stderr), (said) => said.split("\n").some((line) => told.test(line)))
      assert.notInclude(process.stderr(), "a secret")
      yield* process.end("SIGTERM")
    }
  })
)

it.live("a device whose name cannot be read ends no start and no list, and is no lost key either", () =>
  Effect.gen(function* () {
    const { copy, cwd } = yield* used
    const bend = (member: string) =>
      `UPDATE events SET data = replace(data, '"${member}":"', '"${member}":"AAAA') WHERE stream LIKE 'device-%' AND revision = 0`
    for (const member of ["box", "key"]) {
      const path = copy()
      tamper("log.db", bend(member))(path)
      lose(path, "views.db")
      const { call, process } = yield* started({ cwd, env: { ...env, DATA_DIR: path } }, env.API_KEY)
      const { body } = yield* eventually(call("GET", "/v1/devices"), ({ status }) => status === 200)
      yield* Effect.sleep("1 second") // what a start does when there is no device
      assert.deepStrictEqual(
        body.items.map((item: object) => "name" in item),
        [false]
      )
      assert.match(process.stderr(), /"level":"error"[^\n]+not what was sealed there[^\n]+"field":"name"/)
      assert.strictEqual((yield* process.end("SIGTERM")).code, 0)
      assert.strictEqual(devicesIn(path), 1)
    }
  })
)

it.live("a check tells every event that is not what was written, by its place", () =>
  Effect.gen(function* () {
    const { copy, cwd } = yield* used
    const device = "stream LIKE 'device-%'"
    const spoilt: ReadonlyArray<readonly [string, RegExp]> = [
      ["SELECT 1", /log\.db has \d+ events, and each can be read/],
      [
        `UPDATE events SET data = '{}' WHERE ${device} AND revision = 0`,
        /at position \d+, in device-\S+: malformed data/
      ],
      [`UPDATE events SET metadata = '{}' WHERE ${device}`, /in device-\S+: malformed metadata/],
      [
        `UPDATE events SET data = '{' WHERE ${device} AND revision = 0`,
        /at position \d+ of the log, in device-\S+, is not/
      ],
      ["DELETE FROM events WHERE stream LIKE 'store-%' AND revision = 1", /in store-\S+: an event before it is missing/]
    ]
    for (const [statement, told] of spoilt) {
      const path = copy()
      tamper("log.db", statement)(path)
      const process = yield* homing(["store", "check"], { cwd, env: { ...env, DATA_DIR: path } })
      const { code } = yield* process.ended
      const said = process.stdout() + process.stderr()
      assert.match(said, told)
      assert.strictEqual(code, statement === "SELECT 1" ? 0 : 1, statement)
    }
  })
)
