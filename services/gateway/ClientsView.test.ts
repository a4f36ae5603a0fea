import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Clients from "../api/ClientsApi.ts"
import * as GatewayKeys from "../api/GatewayKeysApi.ts"
import { defaults, pageSizes } from "../api/MessagesApi.ts"
import { ask, gateway } from "../testing/GatewayFixture.ts"

/** `/openapi.json` as whoever writes a client meets it. */

// biome-ignore lint/suspicious/noExplicitAny: a document is looked into as it comes
type Node = any

/** Every object in it, and where it stands. */
const walk = function* (node: Node, at = "#"): Generator<readonly [at: string, node: Node]> {
  if (typeof node !== "object" || node === null) return
  yield [at, node]
  for (const [key, value] of Object.entries(node)) yield* walk(value, `${at}/${key}`)
}

layer(gateway(), { excludeTestServices: true })("a client's author", (it) => {
  const document = Effect.map(ask("GET", "/openapi.json", { key: "" }), ({ json }) => json as Node)
  const resolved = (root: Node, node: Node): Node =>
    node.$ref === undefined ? node : root.components.schemas[node.$ref.split("/").at(-1)]
  const operationsOf = (root: Node): ReadonlyArray<Node> =>
    Object.values(root.paths).flatMap((item: Node) => Object.values(item))

  it.effect("reads what every member, parameter and header is", () =>
    Effect.gen(function* () {
      const root = yield* document
      const members = [...walk(root)].flatMap(([at, { properties, type }]) =>
        type === "object" && properties !== undefined
          ? Object.entries<Node>(properties).map(([name, member]) => [`${at}/${name}`, member] as const)
          : []
      )
      const described = operationsOf(root).flatMap(({ operationId, parameters, responses }) => [
        ...parameters.map((one: Node) => [`${operationId} ${one.name}`, one]),
        ...Object.values<Node>(responses).flatMap(({ headers = {} }) =>
          Object.entries<Node>(headers)
            .filter(([, header]) => header.$ref === undefined)
            .map(([name, header]) => [`${operationId} ${name}`, header])
        )
      ])
      const all = [...members, ...described] as ReadonlyArray<readonly [string, Node]>
      assert.isAbove(all.length, 300)
      assert.deepStrictEqual(
        all.filter(([, one]) => (resolved(root, one).description ?? "") === "").map(([at]) => at),
        []
      )
    })
  )

  it.effect("meets numbers within bounds, and none that is a word", () =>
    Effect.gen(function* () {
      const root = yield* document
      const text = JSON.stringify(root)
      assert.notInclude(text, "Infinity")
      assert.notInclude(text, "NaN")
      const odd = [...walk(root)].filter(
        ([, { enum: list, maximum, minimum, type }]) =>
          (type === "number" || type === "integer") &&
          list === undefined &&
          (minimum === undefined || maximum === undefined)
      )
      assert.deepStrictEqual(
        odd.map(([at]) => at),
        []
      )
      const limit = root.paths["/v1/messages"].get.parameters.find(({ name }: Node) => name === "limit")
      assert.deepInclude(limit.schema, { type: "integer", ...pageSizes })
    })
  )

  it.effect("meets moments and ids as such", () =>
    Effect.gen(function* () {
      const { schemas } = (yield* document).components
      for (const [, { properties = {} }] of walk(schemas)) {
        for (const [name, member] of Object.entries<Node>(properties)) {
          const isMoment = /(At|since|until)$/.test(name) && member.enum === undefined
          if (isMoment) assert.include(JSON.stringify(member), '"format":"date-time"', name)
        }
      }
      for (const [schema, name] of [
        ["Message", "id"],
        ["Message", "device"],
        ["Device", "id"],
        ["Client", "id"]
      ]) {
        assert.strictEqual(schemas[schema!].properties[name!].format, "uuid", schema)
      }
    })
  )

  it.effect("learns what is meant where nothing is said", () =>
    Effect.gen(function* () {
      const { schemas } = (yield* document).components
      const { Confirm, SendMessage } = schemas
      const told = {
        until: Confirm.properties.until.default,
        timeoutMs: Confirm.properties.timeoutMs.default,
        expiresInSeconds: SendMessage.properties.expiresInSeconds.default
      }
      assert.deepStrictEqual(told, defaults)
      assert.strictEqual(schemas.CreateDevice.properties.pairing.default, "qr")
      assert.strictEqual(schemas.RotateKey.properties.overlapSeconds.default, Clients.defaultOverlapSeconds)
      assert.strictEqual(schemas.ActivateKey.properties.overlapSeconds.default, GatewayKeys.defaultOverlapSeconds)
      assert.strictEqual(schemas.ActivateKey.properties.force.default, false)
    })
  )

  it.effect("may ask nothing but what there is, and must bear to be answered more", () =>
    Effect.gen(function* () {
      const root = yield* document
      const objectsOf = (node: Node, seen = new Set<Node>()): ReadonlyArray<Node> => {
        if (typeof node !== "object" || node === null || seen.has(node)) return []
        seen.add(node)
        const below = Object.values(node).flatMap((value) => objectsOf(value, seen))
        const named = node.$ref === undefined ? [] : objectsOf(resolved(root, node), seen)
        return [...(node.properties === undefined ? [] : [node]), ...below, ...named]
      }
      let asked = 0
      for (const { requestBody, responses } of operationsOf(root)) {
        for (const object of objectsOf(requestBody)) {
          assert.strictEqual(object.additionalProperties, false)
          asked++
        }
        for (const object of objectsOf(responses)) assert.notStrictEqual(object.additionalProperties, false)
      }
      assert.isAtLeast(asked, 9)
    })
  )

  it.effect("learns which words there are", () =>
    Effect.gen(function* () {
      const { schemas } = (yield* document).components
      assert.include(JSON.stringify(schemas.Device.properties.reason), '"temporarily_banned"')
      assert.include(JSON.stringify(schemas.Message.properties.error), '"recipient_not_on_whatsapp"')
      assert.deepStrictEqual(schemas.Confirm.properties.until.enum, ["sent", "delivered", "read"])
    })
  )

  it.effect("learns where to ask, and under which license", () =>
    Effect.gen(function* () {
      const { info, servers } = yield* document
      assert.deepStrictEqual(
        servers.map(({ url }: Node) => url),
        [".", "http://127.0.0.1:4010"]
      )
      assert.strictEqual(info.license.identifier, "MIT")
    })
  )
})
