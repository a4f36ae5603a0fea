import { readdirSync, readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { parse } from "yaml"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, folder, start } from "./Homing.ts"

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
}

const rules: ReadonlyArray<Rule> = parse(readFileSync("infra/observability/prometheus/alerts.yaml", "utf8")).groups[0]
  .rules
const dashboard: { readonly panels: ReadonlyArray<{ readonly targets: ReadonlyArray<{ readonly expr: string }> }> } =
  JSON.parse(readFileSync("infra/observability/grafana/homing.json", "utf8"))
const operations = readFileSync("docs/operations.md", "utf8")

const expressions = [
  ...rules.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
]

/** Labels that Prometheus adds, and the one of buckets. */
const scraped: ReadonlyArray<string> = ["instance", "job", "le"]

/** What an expression asks for: a metric, without what a histogram adds to its name, and labels that it names of it. */
const asked = expressions.flatMap((expr) => {
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(", "))
  return [...expr.matchAll(/\b((?:homing|process)_\w+)(?:\{([^}]*)\})?/g)].map(([, name, matchers = ""]) => ({
    name: name!.replace(/_(bucket|count|sum)$/, ""),
    labels: [...grouped, ...[...matchers.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label]) => label!)].filter(
      (label) => !scraped.includes(label)
    )
  }))
})
/** What operations.md says of a metric: its labels. */
const documented = new Map(
  [...operations.matchAll(/`((?:homing|process)_\w+)(?:\{([\w,]+)\})?`/g)]
    .toReversed() // the table stands before what is said of single ones; the first counts
    .map(([, name, labels = ""]) => [name!, labels.split(",")] as const)
)

const sources = ["domain", "infra", "services", "mac-agent"]
  .flatMap((room) => readdirSync(room, { recursive: true, encoding: "utf8" }).map((file) => `${room}/${file}`))
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => readFileSync(file, "utf8"))
  .join("\n")

it("rules and dashboard ask for metrics that are declared, by labels that they have", () => {
  assert.isAbove(asked.length, 40)
  for (const { labels, name } of asked) {
    assert.isTrue(sources.includes(`"${name}"`), `${name} is declared`)
    for (const label of labels) assert.include(documented.get(name) ?? [], label, `${name} has ${label}`)
  }
})

it("every expression is closed, and names what it is of", () => {
  for (const expr of expressions) {
    const bare = expr.replace(/"[^"]*"/g, '""')
    for (const [open, close] of ["()", "{}", "[]"]) {
      assert.strictEqual(bare.split(open!).length, bare.split(close!).length, expr)
    }
    assert.match(expr, /\b(up|homing_\w+|process_\w+)\b/)
  }
  for (const { labels } of rules) assert.include(["page", "ticket"], labels.severity)
})

it("operations.md lists the rules as they are", () => {
  const listed = [...operations.matchAll(/^\| `(Homing\w+)` +\| `(.+?)` +\| (\S.*?) +\| (\w+) +\|/gm)].map(
    ([, alert, expr, patience, severity]) => [alert, expr, patience, severity]
  )
  assert.deepStrictEqual(
    listed,
    rules.map((rule) => [rule.alert, rule.expr, rule.for ?? "at once", rule.labels.severity])
  )
})

/** Histograms begin with their first event; targets, session sources and the archive are loaded where they are configured. */
const later = [
  "homing_archive_behind_seconds",
  "homing_delivery_seconds",
  "homing_forward_oldest_seconds",
  "homing_forward_seconds",
  "homing_session_heard_timestamp_seconds"
]

it.live("what is looked up when somebody asks is printed by a gateway that sent nothing yet", () =>
  Effect.gen(function* () {
    const homing = yield* start(yield* folder, Instant.make().layer)
    yield* connectedDevice(homing)
    const { body } = yield* homing.call("GET", "/metrics")
    assert.isAbove(Number(/^homing_disk_free_bytes (\S+)$/m.exec(body.text)![1]), 0)
    const printed = new Set([...body.text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name))
    const silent = asked.map(({ name }) => name).filter((name) => !name.endsWith("_total") && !printed.has(name))
    assert.deepStrictEqual([...new Set(silent)].sort(), later)
  }).pipe(Effect.scoped)
)
