import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { programOf } from "../servers/Installed.ts"

/** How long a page may take for anything: a machine of two cores does much else meanwhile. */
const patienceMillis = 300_000

/** The distribution's own browser; it closes with the scope. */
export const browser = Effect.acquireRelease(
  Effect.promise(() => chromium.launch({ executablePath: programOf("chromium")!, args: ["--no-sandbox"] })),
  (started) => Effect.promise(() => started.close())
)

/** Answers that a page asks for to learn that there is nothing: nobody is logged in, or nothing was there yet. */
const isExpected = (status: number) => status === 401 || status === 404

export interface Tab {
  readonly page: Page
  /** What went wrong in it: an exception, or what the policy refused. */
  readonly complaints: ReadonlyArray<string>
}

export const tab = Effect.fnUntraced(function* (options: BrowserContextOptions = {}) {
  const context = yield* Effect.flatMap(browser, (started) =>
    Effect.promise(() => started.newContext({ reducedMotion: "reduce", ...options }))
  )
  const page = yield* Effect.promise(() => context.newPage())
  page.setDefaultTimeout(patienceMillis)
  const complaints: Array<string> = []
  page.on("pageerror", (error) => complaints.push(error.message))
  page.on("console", (said) => {
    // of answers it says less than we hear of them below
    if (said.type() === "error" && !said.text().startsWith("Failed to load resource")) complaints.push(said.text())
  })
  page.on("response", (answer) => {
    if (answer.status() < 400 || isExpected(answer.status())) return
    void answer.text().then((text) => complaints.push(`${answer.status()} ${answer.url()} ${text}`))
  })
  return { page, complaints } satisfies Tab
})

export const does = <A>(step: () => Promise<A>) => Effect.promise(step)

export const logIn = async ({ page }: Tab, url: string, key: string) => {
  await page.goto(`${url}/dashboard/`)
  await page.getByRole("textbox", { name: "API key" }).fill(key)
  await page.getByRole("button", { name: "Log in" }).click()
  await page
    .getByRole("navigation", { name: "Pages" })
    .or(page.getByRole("button", { name: "Open the menu" }))
    .first()
    .waitFor()
}

export const goTo = ({ page }: Tab, place: string) => page.evaluate(`location.hash = ${JSON.stringify(`#/${place}`)}`)

/** Whoever opens the page sees a status as it is, with nothing pressed and nothing loaded again. */
export const status = (page: Page, word: string) =>
  page.getByRole("main").getByText(word, { exact: true }).first().waitFor()

export const quiet = ({ complaints }: Tab) => assert.deepStrictEqual(complaints, [])

/** A way to the gateway that can be cut, and mended. */
export const wire = Effect.fnUntraced(function* (url: string) {
  const { port } = new URL(url)
  const open = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return near.destroy()
    const far = connect(Number(port), "127.0.0.1")
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      open.add(one)
      one.pipe(other)
      one.on("error", () => {})
      one.on("close", () => {
        open.delete(one)
        other.destroy()
      })
    }
    return near
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.sync(() => {
        server.close()
        for (const socket of open) socket.destroy()
      })
  )
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      isCut = true
      for (const socket of open) socket.destroy()
    },
    mend: () => {
      isCut = false
    }
  }
})
