import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { receiver } from "../Receiver.ts"
import { describeWith } from "../servers/Installed.ts"
import { does, goTo, logIn, quiet } from "./Browser.ts"
import { linked, operated, sent } from "./Scene.ts"

describeWith("Chromium", "deliveries in the dashboard", () => {
  it.live("redrives a dead letter", () =>
    Effect.gen(function* () {
      const there = yield* operated
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
})
