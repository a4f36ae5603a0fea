import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../Homing.ts"
import { describeWith } from "../servers/Installed.ts"
import { does, goTo, logIn, quiet } from "./Browser.ts"
import { friend, linked, operated, sent } from "./Scene.ts"

describeWith("Chromium", "what the dashboard proves", () => {
  it.live("proves that a message stands in the tree, remembers its head, and erases somebody for good", () =>
    Effect.gen(function* () {
      const there = yield* operated
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
})
