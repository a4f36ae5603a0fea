import { readFileSync, statSync } from "node:fs"
import { createRequire } from "node:module"
import { join, resolve } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../Homing.ts"
import { receiver } from "../Receiver.ts"
import { describeWith } from "../servers/Installed.ts"
import { does, goTo, logIn, quiet, type Tab, tab } from "./Browser.ts"
import { account, friend, keyOf, linked, type Scene, scene, sent } from "./Scene.ts"

/** DASHBOARD_PICTURES=1 writes what the docs show. */
const wantsPictures = process.env.DASHBOARD_PICTURES === "1"
const pictures = resolve(import.meta.dirname, "../../docs/dashboard")
const mostPictureBytes = 150_000

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary: string }>
}

/** What somebody could not use, or hardly. */
const violations = async ({ page }: Tab): Promise<ReadonlyArray<string>> => {
  await page.evaluate(`${axe}; 0`)
  const found = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as {
    readonly violations: ReadonlyArray<Violation>
  }
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ failureSummary, html }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`)
    )
}

/** Something of everything, so that no page is empty. */
const furnished = Effect.fnUntraced(function* (there: Scene) {
  const { call, simulator } = there
  const device = yield* linked(there)
  const { url: hook } = yield* receiver(({ body }) => (body.type === "homing.message.sent.v1" ? 500 : 204))
  const endpoint = yield* call("POST", "/v1/endpoints", { url: hook, personal: true })
  const first = yield* sent(there, device, "Your parcel is on its way. It comes on Tuesday between 9 and 12.")
  yield* sent(there, device, "Shall we leave it with a neighbour?")
  const receipt = (type?: string) =>
    simulator.claimReceipt({
      to: account,
      waMessageId: first.waMessageId,
      from: `${friend}@s.whatsapp.net`,
      ...(type && { type })
    })
  yield* does(async () => {
    await receipt()
    await receipt("read")
    await simulator.sendIncoming({ kind: "text", from: friend, to: account, text: "Yes please", pushName: "Aisyah" })
  })
  yield* eventually(call("GET", "/v1/chats"), ({ body }) => body.items[0]?.name === "Aisyah")
  yield* eventually(call("GET", `/v1/messages/${first.id}`), ({ body }) => body.status === "read")
  const { body: chats } = yield* call("GET", "/v1/chats")
  yield* call("POST", "/v1/devices", { name: "second phone", pairing: "qr" })
  const { body: pairing } = yield* call("GET", "/v1/devices")
  const waiting = pairing.items.find(({ state }: { state: string }) => state === "pairing").id as string
  const { client } = yield* keyOf(there, ["messages:send", "messages:read"], "web shop")
  return [
    ["overview", "overview"],
    ["messages", "messages"],
    ["message", `messages/${first.id}`],
    ["chats", "chats"],
    ["chat", `chats/${chats.items[0].id}`],
    ["devices", "devices"],
    ["device", `devices/${device}`],
    ["pairing", `devices/${waiting}`],
    ["endpoints", "endpoints"],
    ["endpoint", `endpoints/${endpoint.body.id}`],
    ["dead-letters", "dead-letters"],
    ["routes", "routes"],
    ["clients", "clients"],
    ["client", `clients/${client}`],
    ["agents", "agents"],
    ["sessions", "sessions"],
    ["audit", "audit"],
    ["access-log", "access-log"],
    ["erasures", "erasures"],
    ["nowhere", "nowhere"]
  ] as const
})

const schemes = ["light", "dark"] as const
const widths = [1_440, 375] as const

/** Everything that was asked for is there. */
const loaded = async (tab: Tab) => {
  await tab.page
    .getByRole("main")
    .getByRole("heading")
    .or(tab.page.getByText("There is nothing here"))
    .first()
    .waitFor()
  for (const skeleton of await tab.page.locator('[role="status"][aria-label^="Loading"]').all()) {
    await skeleton.waitFor({ state: "detached" })
  }
}

describeWith("Chromium", "every page", () => {
  it.live("can be used by everybody, in either colour scheme, on a desk and on a phone", () =>
    Effect.gen(function* () {
      const there = yield* scene
      const { secret } = yield* keyOf(there, ["admin"], "operator")
      const places = yield* furnished(there)
      for (const width of widths) {
        for (const colorScheme of schemes) {
          const browser = yield* tab({ viewport: { width, height: 900 }, colorScheme })
          const { page } = browser
          yield* does(async () => {
            await page.goto(`${there.url}/dashboard/`)
            await page.getByRole("heading", { name: "Log in to Homing" }).waitFor()
            const found: Array<string> = (await violations(browser)).map((one) => `login: ${one}`)
            await logIn(browser, there.url, secret)
            for (const [name, place] of places) {
              await goTo(browser, place)
              await loaded(browser)
              for (const one of await violations(browser)) found.push(`${name}: ${one}`)
              const overflow = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"))
              if (overflow > 0) found.push(`${name}: wider than the screen by ${overflow}`)
              if (wantsPictures && isPictured(name, width, colorScheme)) await picture(browser, name, width)
            }
            assert.deepStrictEqual(found, [], `${width} ${colorScheme}`)
          })
          quiet(browser)
        }
      }
    })
  )

  it.live("can be gone through without a mouse", () =>
    Effect.gen(function* () {
      const there = yield* scene
      const { secret } = yield* keyOf(there, ["admin"])
      const browser = yield* tab({ viewport: { width: 375, height: 800 } })
      const { page } = browser
      const press = (key: string) => page.keyboard.press(key)
      yield* does(async () => {
        await logIn(browser, there.url, secret)
        await page.getByRole("button", { name: "Open the menu" }).focus()
        await press("Enter")
        const link = page.getByRole("dialog").getByRole("link", { name: "Devices" })
        await link.waitFor()
        await link.focus()
        await press("Enter")
        await page.getByRole("heading", { level: 1, name: "Devices" }).waitFor()
        assert.strictEqual(await page.evaluate("document.activeElement.id"), "main")
        await page.getByRole("button", { name: "Link a device" }).focus()
        await press("Enter")
        const dialog = page.getByRole("dialog", { name: "Link a device" })
        await dialog.waitFor()
        await press("Escape")
        await dialog.waitFor({ state: "hidden" })
        assert.strictEqual(await page.evaluate("document.activeElement.textContent"), "Link a device")
      })
      quiet(browser)
    })
  )
})

/** On a desk by day every page, on a phone by night some: the docs need no more, and a repository keeps each for ever. */
const isPictured = (name: string, width: number, colorScheme: string): boolean =>
  width === 375
    ? colorScheme === "dark" && ["overview", "message", "chat"].includes(name)
    : colorScheme === "light" && name !== "nowhere"

const picture = async ({ page }: Tab, name: string, width: number) => {
  const path = join(pictures, `${name}${width === 375 ? "-phone" : ""}.png`)
  await page.mouse.move(0, 0)
  await page.screenshot({ path, scale: "css" })
  assert.isBelow(statSync(path).size, mostPictureBytes, path)
}
