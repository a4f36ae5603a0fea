import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { trustOf } from "#services/http/ClientAddress.ts"
import { gatewayOptions } from "../Homing.ts"
import { describeWith } from "../servers/Installed.ts"
import { does, goTo, logIn, quiet, tab, wire } from "./Browser.ts"
import { prefixed } from "./Prefixed.ts"
import { friend, keyOf, linked, operated, scene, sceneOf, sent } from "./Scene.ts"

describeWith("Chromium", "logging in to the dashboard, and staying", () => {
  it.live("refuses a wrong key, and shows none of what a key may not do", () =>
    Effect.gen(function* () {
      const there = yield* scene
      const browser = yield* tab()
      const { page } = browser
      const { secret } = yield* keyOf(there, ["messages:read", "devices:read"], "reader")
      const device = yield* linked(there)
      yield* does(async () => {
        await page.goto(`${there.url}/dashboard/`)
        await page.getByRole("textbox", { name: "API key" }).fill("hk_0000000000000000_wrong")
        await page.getByRole("button", { name: "Log in" }).click()
        await page.getByRole("alert").getByText("This is no key of this gateway").waitFor()
        await logIn(browser, there.url, secret)
        const links = await page.getByRole("navigation", { name: "Pages" }).getByRole("link").allTextContents()
        assert.deepStrictEqual(links, ["Overview", "Messages", "Conversations", "Devices", "Sessions"])
        await page.getByText("Not live", { exact: true }).first().waitFor() // the overview says it too
        await goTo(browser, "clients")
        await page.getByText("There is nothing here").waitFor()
        await goTo(browser, `devices/${device}`)
        await page.getByRole("heading", { level: 1, name: "shop phone" }).waitFor()
        assert.strictEqual(await page.getByRole("button", { name: /Unlink|Rename|Reconnect/ }).count(), 0)
        await page.getByRole("button", { name: "Log out" }).click()
        await page.getByRole("heading", { name: "Log in to Homing" }).waitFor()
        assert.lengthOf(await page.context().cookies(), 0)
      })
      quiet(browser)
    })
  )

  it.live("takes a login link once, and leaves no word of it in the address", () =>
    Effect.gen(function* () {
      const there = yield* scene
      const { secret } = yield* keyOf(there, ["admin"])
      const { body } = yield* there.call("POST", "/v1/session/links", undefined, { authorization: `Bearer ${secret}` })
      const [first, second] = [yield* tab(), yield* tab()]
      yield* does(async () => {
        const link = `${there.url}/dashboard/#/login?link=${body.link}`
        await first.page.goto(link)
        await first.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor()
        assert.notInclude(first.page.url(), body.link)
        assert.notInclude(String(await first.page.evaluate("document.cookie")), "homing")
        await second.page.goto(link)
        await second.page.getByRole("alert").getByText("This login link is not good").waitFor()
      })
      quiet(first)
    })
  )

  it.live("says since when it is not live, and misses nothing when it is again", () =>
    Effect.gen(function* () {
      const there = yield* operated
      const { browser, key, page } = there
      const device = yield* linked(there)
      const way = yield* wire(there.url)
      yield* does(async () => {
        await logIn(browser, way.url, key.secret)
        await page.getByText("Live", { exact: true }).waitFor()
        way.cut()
        await page.getByText(/^Reconnecting/).waitFor()
        await page.getByText(/lost \d+ sec\. ago/).waitFor()
      })
      yield* sent(there, device, "said in between")
      yield* does(async () => {
        way.mend()
        await page.getByText("Live", { exact: true }).waitFor()
        await page
          .getByRole("link", { name: `Message to +${friend}` })
          .first()
          .waitFor()
      })
      quiet(browser)
    })
  )

  it.live("works below a path of a proxy, and keeps its cookie to that path", () =>
    Effect.gen(function* () {
      const there = yield* sceneOf({ http: { ...gatewayOptions.http, trustProxy: trustOf("1") } })
      const { secret } = yield* keyOf(there, ["admin"])
      const url = yield* prefixed(there.url, "/wa")
      const browser = yield* tab()
      const { page } = browser
      yield* does(async () => {
        await logIn(browser, url, secret)
        await page.getByText("Live", { exact: true }).waitFor()
        const [cookie] = await page.context().cookies(`${url}/v1/`)
        assert.strictEqual(cookie?.path, "/wa")
        assert.lengthOf(await page.context().cookies(new URL(url).origin), 0)
        await goTo(browser, "devices")
        await page.getByRole("button", { name: "Link a device" }).click()
        await page.getByRole("textbox", { name: "Name" }).fill("front desk")
        await page.getByRole("button", { name: "Show the code" }).click()
        const code = page.getByRole("img", { name: "QR code for the phone to scan" })
        await code.waitFor()
        await page.reload()
        await code.waitFor()
      })
      quiet(browser)
    })
  )
})
