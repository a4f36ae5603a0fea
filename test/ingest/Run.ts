import { join } from "node:path"
import { pause } from "../crash/Caller.ts"
import { deployment } from "../crash/Deployment.ts"
import { dice } from "../crash/Dice.ts"
import { type Listening, polling, webhook, wholeLog } from "../inbound/Audiences.ts"
import type { Told } from "../inbound/Judge.ts"
import { place, type RunOptions } from "../Options.ts"
import { type ArchiveFlaws, archiveFlaws } from "./Archived.ts"
import { judge, type Verdict } from "./Judge.ts"
import { meta } from "./Meta.ts"
import { requests } from "./Requests.ts"
import type { Sabotage } from "./Sabotage.ts"
import { type ForwardedFlaws, targets } from "./Targets.ts"
import { marks, object, type Update } from "./Update.ts"
import { updates } from "./Updates.ts"

export interface Options extends RunOptions {
  /** So many different things are told. */
  readonly updates: number
  /** So often more than once each. */
  readonly redeliveries: number
  readonly kills: number
  readonly sabotage: Sabotage | undefined
  /** Whether what is told is archived as well. */
  readonly isArchived: boolean
  /** After everything is answered for, the run ends when nobody has heard anything new for so long. */
  readonly patienceMillis: number
}

export interface Report extends Verdict {
  readonly seed: number
  readonly posts: number
  /** Posts that got another answer than 200, or none, and were repeated. */
  readonly unanswered: number
  /** Posts without a signature that were believed. */
  readonly deceived: number
  readonly kills: number
  readonly killsPerProcess: Readonly<Record<string, number>>
  readonly archive?: ArchiveFlaws
  /** Webhooks of the gateway's whose signature did not verify. */
  readonly forged: number
  /** What targets of routes were told, by their name. */
  readonly forwarded: Readonly<Record<string, ForwardedFlaws>>
  readonly collapses: number
  readonly seconds: number
}

const apiKey = "a-key-for-this-run-only"
const secrets = { default: "the first app's secret", shop: "the shop's secret" }
/** Nobody listens there, and no device asks. */
const noWhatsApp = "ws://127.0.0.1:9/ws/chat"

const marksOf = ({ data }: Told) => marks.in(JSON.stringify([data.change, data.phoneNumberId]))

/** What is told when all else was: when the second is in the log, all that the first came after is taken apart. */
const lastWord = (n: number): Update => ({
  form: "value",
  mark: marks.of(n),
  app: "default",
  account: "102290129340398",
  field: "security",
  kind: "other",
  value: { said: marks.of(n) },
  metadata: undefined
})

/**
 * Meta tells everything, again and again and gathered ever differently, while the product is killed, mostly as it has just
 * said 200. Then compares the log with what Meta told, and what everybody was told with the log.
 */
export const run = async (options: Options): Promise<Report> => {
  const { backbone, kills, logLevel, output, patienceMillis, sabotage, seed } = options
  const { folder, leave, progress, seconds } = place("ingest", options.progress)
  const chance = dice(seed)
  const said = [...updates(options.updates, dice(seed + 1))]
  const posts = requests(said, options.redeliveries, dice(seed + 2))
  const hook = await webhook(dice(seed + 3))
  const forwarding = await targets(dice(seed + 5), secrets)
  const archive = options.isArchived ? join(folder, "archive") : undefined
  const deployed = await deployment(backbone, {
    folder: join(folder, "data"),
    chance,
    apiKey,
    webSocketUrl: noWhatsApp,
    sabotage: undefined,
    haste: sabotage,
    archive,
    metaSecrets: secrets,
    reconciled: true,
    busMillis: 0,
    logLevel,
    output
  })
  const audiences: Array<Listening> = [hook]

  let answered: (url: string) => void = () => {}
  const source = meta({ url: deployed.url, secrets, dice: dice(seed + 4), answered: (url) => answered(url) })
  /** Kills whoever says 200 for the `nth` time from now on, or soon after it did. */
  const killAsItAnswers = (nth: number) =>
    new Promise<void>((resolve) => {
      let left = nth
      const afterMillis = chance.below(2) * chance.below(60)
      answered = (url) => {
        if (--left > 0) return
        answered = () => {}
        const strike = () => void deployed.killAt(url).then(resolve)
        if (afterMillis === 0) strike()
        else setTimeout(strike, afterMillis)
      }
    })

  let others = 0
  /** Everybody in turn, the servers first: gateways are killed as they answer. */
  const nextVictim = () => deployed.victims.at(-1 - (others++ % deployed.victims.length))!

  const log: Array<Told> = []
  let end: string | null = null
  const readOn = async () => {
    const page = await wholeLog(deployed.url, apiKey, end)
    log.push(...page.told)
    end = page.end
  }
  /** Until something is so, or patience ends with nobody hearing anything new. */
  const patiently = async (isDone: () => boolean) => {
    const heard = () =>
      log.length + forwarding.amount() + audiences.reduce((sum, audience) => sum + audience.heard.length, 0)
    for (let [before, since] = [-1, performance.now()]; performance.now() - since < patienceMillis; await pause(200)) {
      await readOn()
      if (isDone()) return
      if (heard() > before) [before, since] = [heard(), performance.now()]
    }
  }
  const sayLast = async (n: number) => {
    const update = lastWord(n)
    const { account, field, mark } = update
    const payload = { object, entry: [{ id: account, changes: [{ value: { said: mark }, field }] }] }
    said.push(update)
    await source.tell([{ app: update.app, updates: [update], payload }])
    await patiently(() => log.some(({ data }) => JSON.stringify(data).includes(mark)))
  }

  try {
    const gateways = await deployed.start()
    await hook.subscribe(gateways[0]!, apiKey)
    await forwarding.route(gateways[0]!, apiKey)
    audiences.push(polling(deployed.url, apiKey))
    progress(`${said.length} updates in ${posts.length} requests, some of them twice`)
    for (let done = 0; done <= kills; done++) {
      const share = posts.slice((posts.length * done) / (kills + 1), (posts.length * (done + 1)) / (kills + 1))
      const isSoon = chance.below(3) > 0 && share.length > 0
      const trouble = isSoon ? () => killAsItAnswers(1 + chance.below(share.length)) : () => deployed.kill(nextVictim())
      const forgery = { object, entry: [{ id: "1", time: 1, forged: marks.of(10_000_000 + done) }] }
      await Promise.all([source.tell(share), source.forge(forgery), ...(done < kills ? [trouble()] : [])])
      progress(`${kills - Math.min(done + 1, kills)} kills to come, ${source.posts()} posts`)
    }
    await deployed.recovered()
    await sayLast(options.updates)
    await sayLast(options.updates + 1)
    progress("everything is said, and taken apart")
    const places = () => new Map(log.flatMap((fact, place) => [...marksOf(fact)].map((mark) => [mark, place] as const)))
    const isForwarded = () =>
      Object.values(forwarding.judged(said, source.bodies("shop"), places())).every(({ lost }) => lost === 0)
    const isArchived = () => archive === undefined || archiveFlaws(archive, source.sent).lost === 0
    await patiently(() => audiences.every(({ heard }) => heard.length >= log.length) && isForwarded() && isArchived())
    progress("everybody has heard what they will")
    return {
      seed,
      ...judge(said, log, source.tellings, audiences),
      ...(archive !== undefined && { archive: archiveFlaws(archive, source.sent) }),
      posts: source.posts(),
      unanswered: source.unanswered(),
      deceived: source.deceived(),
      kills: Object.values(deployed.kills()).reduce((sum, killed) => sum + killed, 0),
      killsPerProcess: deployed.kills(),
      forged: hook.forged(),
      forwarded: forwarding.judged(said, source.bodies("shop"), places()),
      collapses: deployed.collapses(),
      seconds: seconds()
    }
  } finally {
    for (const audience of audiences) await audience.end()
    await forwarding.end()
    await deployed.end()
    leave()
  }
}

/** What is not as it should be. */
export const flawsIn = (report: Report): ReadonlyArray<string> => {
  const {
    archive = {},
    audiences,
    collapses,
    conflicts,
    deceived,
    doubled,
    forged,
    forwarded,
    lost,
    outOfOrder,
    planted,
    wrong
  } = report
  const counted = { lost, doubled, wrong, outOfOrder, deceived, forged, collapses, conflicts: conflicts - planted }
  return Object.entries({ log: counted, archive, ...audiences, ...forwarded }).flatMap(([who, flaws]) =>
    Object.entries(flaws).flatMap(([what, amount]) => (amount === 0 ? [] : [`${who}: ${amount} ${what}`]))
  )
}
