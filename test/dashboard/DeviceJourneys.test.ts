import { it } from "@effect/vitest"
import { Effect } from "effect"
import jsqr from "jsqr"
import { PNG } from "pngjs"
import { describeWith } from "../servers/Installed.ts"
import { does, goTo, logIn, quiet, status } from "./Browser.ts"
import { account, linked, operated } from "./Scene.ts"

/** Its types say where a bundler would have put it. */
const decode = jsqr as unknown as typeof jsqr.default

describeWith("Chromium", "devices in the dashboard", () => {
  it.live("links a device by the QR code that it shows, and tells at once when it is connected", () =>
    Effect.gen(function* () {
      const { browser, key, page, simulator, url } = yield* operated
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

  it.live("travels back to when a device waited for its phone, and from change to change to what it is", () =>
    Effect.gen(function* () {
      const there = yield* operated
      const { browser, key, page, url } = there
      const device = yield* linked(there)
      yield* does(async () => {
        await logIn(browser, url, key.secret)
        await goTo(browser, `devices/${device}`)
        await status(page, "connected")
        await page.getByText("A phone was linked to it").waitFor()
        const slider = page.getByRole("slider", { name: "As it was at" })
        await slider.focus()
        await page.keyboard.press("Home")
        await page.getByText("It was not there yet").waitFor()
        const next = page.getByRole("button", { name: "To the next change" })
        await next.focus()
        await page.keyboard.press("Enter")
        await status(page, "pairing")
        while (await next.isEnabled()) await page.keyboard.press("Enter")
        await status(page, "connected")
      })
      quiet(browser)
    })
  )
})
