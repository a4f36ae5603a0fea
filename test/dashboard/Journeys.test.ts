import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import jsqr from "jsqr"
import type { Page } from "playwright-core"
import { PNG } from "pngjs"
import { eventually } from "../Homing.ts"
import { receiver } from "../Receiver.ts"
import { describeWith } from "../servers/Installed.ts"
import { does, goTo, logIn, quiet, tab, wire } from "./Browser.ts"
import { account, friend, keyOf, linked, scene, sent } from "./Scene.ts"

/** Its types say where a bundler would have put it. */
const decode = jsqr as unknown as typeof jsqr.default

/** Whoever opens the page sees a status as it is, with nothing pressed and nothing loaded again. */
const status = (page: Page, word: string) => page.getByRole("main").getByText(word, { exact: true }).first().waitFor()

const admin = Effect.gen(function* () {
  const there = yield* scene
  const key = yield* keyOf(there, ["admin"], "operator")
  const browser = yield* tab()
  return { ...there, key, browser, page: browser.page }
})

describeWith("Chromium", "the dashboard", () => {
  it.live("links a device by the QR code that it shows, and tells at once when it is connected", () =>
    Effect.gen(function* () {
      const { browser, key, page, simulator, url } = yield* admin
      yield* does(async () => {
        await logIn(browser, url, key.secret)
        await page.getByText("No WhatsApp account is linked yet").waitFor()
        await goTo(browser, "devices")
        await page.getByRole("button", { name: "Link a device" }).click()
        await page.getByRole("textbox", { name: "Name" }).fill("front desk")
        await page.getByRole("button", { name: "Show the code" }).click()
        const code = page.getByRole("img", { name: "QR code for the phone to scan" })
        await code.waitFor()
        await code.evaluate("image => image.decode()")
        const { data, height, width } = PNG.sync.read(await code.locator("..").screenshot())
        await simulator.scanQr(decode(new Uint8ClampedArray(data), width, height)!.data, account)
        await status(page, "connected")
        await page.getByText(`+${account}`).first().waitFor()
        await page.getByText("A phone was linked to it").waitFor()
      })
      quiet(browser)
    })
  )

  it.live("shows a message turn sent, delivered and read while it is looked at, and proves each", () =>
    Effect.gen(function* () {
      const there = yield* admin
      const { browser, key, page, simulator, url } = there
      const device = yield* linked(there)
      const { id, waMessageId } = yield* sent(there, device, "on its way")
      const receipt = (type?: string) =>
        simulator.claimReceipt({ to: account, waMessageId, from: `${friend}@s.whatsapp.net`, ...(type && { type }) })
      yield* does(async () => {
        await logIn(browser, url, key.secret)
        await goTo(browser, `messages/${id}`)
        await status(page, "sent")
        await page.getByText("Live", { exact: true }).waitFor()
        const loaded = await page.evaluate("performance.timeOrigin")
        await receipt()
        await status(page, "delivered")
        await receipt("read")
        await status(page, "read")
        await page.getByText("Proven.").waitFor()
        await page.getByText("3 carry a signature that holds").waitFor()
        assert.strictEqual(await page.getByText("signature holds", { exact: true }).count(), 3)
        assert.strictEqual(await page.evaluate("performance.timeOrigin"), loaded)
      })
      quiet(browser)
    })
  )

  it.live("says that evidence does not hold, when what the gateway tells was altered", () =>
    Effect.gen(function* () {
      const there = yield* admin
      const { browser, key, page, url } = there
      const { id } = yield* sent(there, yield* linked(there), "altered")
      yield* does(async () => {
        await page.route(`**/v1/messages/${id}/events`, async (route) => {
          const answer = await route.fetch()
          const history = await answer.json()
          history.items[1].data.at = "2020-01-01T00:00:00.000Z"
          await route.fulfill({ response: answer, json: history })
        })
        await logIn(browser, url, key.secret)
        await goTo(browser, `messages/${id}`)
        await page.getByText("Refuted: do not believe this history.").waitFor()
        await page.getByText("what is signed says something else than the event").waitFor()
      })
    })
  )

  it.live("shows a reply as it comes in; a contact named in HTML is text", () =>
    Effect.gen(function* () {
      const there = yield* admin
      const { browser, call, key, page, simulator, url } = there
      yield* sent(there, yield* linked(there), "Is it open on Sunday?")
      const { body } = yield* eventually(call("GET", "/v1/chats"), ({ body }) => body.items.length === 1)
      const name = `<img src=x onerror="document.title='taken'">`
      yield* does(async () => {
        await logIn(browser, url, key.secret)
        await goTo(browser, `chats/${body.items[0].id}`)
        await page.getByText("Is it open on Sunday?").waitFor()
        await simulator.sendIncoming({
          kind: "text",
          from: friend,
          to: account,
          text: "<b>Yes</b>, till six",
          pushName: name
        })
        await page.getByText("<b>Yes</b>, till six").waitFor()
        await page.getByRole("heading", { level: 1, name }).waitFor()
        await page.getByRole("textbox", { name: "Message" }).fill("Then we come")
        await page.getByRole("button", { name: "Send", exact: true }).click()
        await page
          .getByRole("listitem")
          .filter({ hasText: "Then we come" })
          .getByText("sent", { exact: true })
          .waitFor()
        await goTo(browser, "overview")
        await page.getByText("Messages get through").waitFor()
        await goTo(browser, "chats")
        await page.getByRole("link", { name }).waitFor()
        assert.strictEqual(await page.locator('img[src="x"]').count(), 0)
        assert.notInclude(await page.title(), "taken")
      })
      quiet(browser)
    })
  )

  it.live("redrives a dead letter", () =>
    Effect.gen(function* () {
      const there = yield* admin
      const { browser, call, key, page, url } = there
      let isUp = false
      const { arrivals, url: hook } = yield* receiver(() => (isUp ? 204 : 500))
      yield* call("POST", "/v1/endpoints", { url: hook, types: ["homing.message.sent.v1"] })
      yield* sent(there, yield* linked(there), "told late")
      yield* does(async () => {
        await logIn(browser, url, key.secret)
        await goTo(browser, "dead-letters")
        await page.getByText("last answered 500").waitFor()
        isUp = true
        await page.getByRole("button", { name: /^Redrive homing/ }).click()
        await page.getByText("Nothing was given up").waitFor()
      })
      assert.strictEqual(new Set(arrivals.map(({ id }) => id)).size, 1)
      quiet(browser)
    })
  )

  it.live("travels back to when a message was not there yet, and forward to what became of it", () =>
    Effect.gen(function* () {
      const there = yield* admin
      const { browser, key, page, simulator, url } = there
      const { id, waMessageId } = yield* sent(there, yield* linked(there), "then and now")
      yield* does(() =>
        simulator.claimReceipt({ to: account, waMessageId, from: `${friend}@s.whatsapp.net`, type: "read" })
      )
      yield* does(async () => {
        await logIn(browser, url, key.secret)
        await goTo(browser, `messages/${id}`)
        await status(page, "read")
        await page.getByText("The recipient opened it.").waitFor() // what it steps through is read beside what is shown
        const slider = page.getByRole("slider", { name: "As it was at" })
        await slider.focus()
        await page.keyboard.press("Home")
        await page.getByText("It was not there yet").waitFor()
        assert.match(page.url(), /at=\d{4}-/)
        const was = page.getByRole("region", { name: "As it was" })
        for (const word of ["queued", "sent", "read"]) {
          await page.getByRole("button", { name: "To the next change" }).click()
          await was.getByText(word, { exact: true }).waitFor()
        }
        await page.getByRole("button", { name: "To the change before" }).click()
        await was.getByText("sent", { exact: true }).waitFor()
        await page.getByText("1 event came later.").waitFor()
        await page.getByRole("button", { name: "Back to now" }).click()
        assert.notMatch(page.url(), /at=/)
      })
      quiet(browser)
    })
  )

  it.live("proves that a message stands in the tree, remembers its head, and erases somebody for good", () =>
    Effect.gen(function* () {
      const there = yield* admin
      const { browser, call, key, page, url } = there
      const { id } = yield* sent(there, yield* linked(there), "to be forgotten")
      yield* eventually(call("GET", `/v1/audit/proofs/inclusion?message=${id}`), ({ status }) => status === 200)
      const prove = async () => {
        await page.getByLabel("A message's id").fill(id)
        await page.getByRole("button", { name: "Prove it" }).click()
        const events = page.getByRole("region", { name: "Its events" })
        await events.getByText("message.sent.v1").waitFor()
        return [
          await events.getByText("stands in the tree").count(),
          await events.getByText("does not come to the root").count()
        ]
      }
      yield* does(async () => {
        await logIn(browser, url, key.secret)
        await goTo(browser, "audit")
        await page.getByText("This browser sees it for the first time").waitFor()
        assert.deepStrictEqual(await prove(), [2, 0])
        await page.reload()
        await page.getByText("only grew").waitFor()

        // a gateway that shows another tree than before
        await page.evaluate(`for (const [name, seen] of Object.entries(localStorage)) if (name.startsWith("homing.audit.")) {
          localStorage.setItem(name, JSON.stringify({ ...JSON.parse(seen), root: btoa("x".repeat(32)) }))
        }`)
        await page.reload()
        await page.getByText("It contradicts the head").waitFor()

        await goTo(browser, "erasures")
        await page.getByRole("button", { name: "Erase a person" }).click()
        await page.getByLabel("Number").fill(`+${friend}`)
        const erase = page.getByRole("button", { name: "Erase for good" })
        assert.isTrue(await erase.isDisabled())
        await page.getByLabel("This cannot be undone").check()
        await erase.click()
        await page.getByText("done", { exact: true }).waitFor()
      })
      const { body } = yield* call("GET", `/v1/messages/${id}`)
      assert.notInclude(JSON.stringify(body), "to be forgotten")
      yield* does(async () => {
        await goTo(browser, "audit")
        await page.getByText("The newest head").waitFor()
        assert.deepStrictEqual(await prove(), [2, 0])
      })
      quiet(browser)
    })
  )

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
        await page.getByText("Not live", { exact: true }).waitFor()
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
      const there = yield* admin
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
})
