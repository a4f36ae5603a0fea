import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../Homing.ts"
import { describeWith } from "../servers/Installed.ts"
import { does, goTo, logIn, quiet, status } from "./Browser.ts"
import { account, friend, linked, operated, sent } from "./Scene.ts"

describeWith("Chromium", "messages in the dashboard", () => {
  it.live("shows a message turn sent, delivered and read while it is looked at, and proves each", () =>
    Effect.gen(function* () {
      const there = yield* operated
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
      const there = yield* operated
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
      const there = yield* operated
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

  it.live("travels back to when a message was not there yet, and forward to what became of it", () =>
    Effect.gen(function* () {
      const there = yield* operated
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
        const shows = (word: string, millis: number) =>
          was
            .getByText(word, { exact: true })
            .waitFor({ timeout: millis })
            .then(() => true)
            .catch(() => false)
        for (const word of ["queued", "sent", "read"]) {
          // on a slow machine the word of a try that lasts comes in between
          for (let clicks = 0, isThere = false; !isThere && clicks < 3; clicks++) {
            await page.getByRole("button", { name: "To the next change" }).click()
            isThere = await shows(word, 20_000)
          }
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
})
