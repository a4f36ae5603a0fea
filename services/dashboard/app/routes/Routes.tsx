import { TextInput } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { ask, Refused } from "../gateway/Gateway.ts"
import { Head, Panel } from "../look/Head.tsx"
import { Mark, StatusMark } from "../look/Mark.tsx"
import { Rows } from "../look/Rows.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { say, usePlace } from "../place/Place.ts"
import { DryRun } from "./DryRun.tsx"

const rules = [
  ["fields", "Field"],
  ["accounts", "Account"],
  ["prefixes", "Number begins with"],
  ["countries", "Country"]
] as const

export default function Routes() {
  const { query } = usePlace()
  const app = query.app ?? "default"
  const [typed, setTyped] = useState(app)
  const routes = useQuery({
    queryKey: ["routes", app],
    queryFn: ({ signal }) => ask(({ routes }) => routes.get({ query: { app } }), signal)
  })
  const isMissing = routes.error instanceof Refused && routes.error.code === "app_not_found"
  return (
    <>
      <Head title="Routes">Where each webhook of an app of Meta is forwarded to, and by which rule.</Head>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          say({ app: typed.trim() || undefined })
        }}
      >
        <TextInput
          label="App of Meta"
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
          onBlur={() => say({ app: typed.trim() || undefined })}
          maw={320}
          mb="md"
        />
      </form>
      {isMissing ? (
        <Panel>
          <Empty title="This gateway has no such app of Meta" icon="route">
            Apps are named in its environment: META_APP_SECRET for the one called default, META_APPS for more.
          </Empty>
        </Panel>
      ) : (
        <Answered query={routes} label="routes">
          {(shown) => (
            <>
              <Rules of={shown} />
              <Targets app={app} />
              <DryRun app={app} />
            </>
          )}
        </Answered>
      )}
    </>
  )
}

type Record_ = Readonly<Record<string, ReadonlyArray<string>>>
interface Shown {
  readonly mode: string | null
  readonly fields: Record_
  readonly accounts: Record_
  readonly prefixes: Record_
  readonly countries: Record_
  readonly others: ReadonlyArray<string>
}

const Rules = ({ of }: { readonly of: Shown }) => {
  const rows = [
    ...rules.flatMap(([member, name]) =>
      Object.entries(of[member]).map(([matches, targets]) => ({ name, matches, targets }))
    ),
    ...(of.others.length > 0 ? [{ name: "Everything else", matches: "", targets: of.others }] : [])
  ]
  return (
    <Panel
      flush
      title="Rules"
      aside={
        <Mark tone={of.mode === null ? "warn" : "calm"} icon="route">
          {of.mode ?? "not served here"}
        </Mark>
      }
    >
      {rows.length === 0 ? (
        <Empty title="No rule leads anywhere" icon="route">
          <code>homing routes set</code> says what goes where.
        </Empty>
      ) : (
        <Rows
          label="Rules"
          rows={rows}
          keyOf={({ matches, name }) => `${name} ${matches}`}
          columns={[
            { name: "By", cell: ({ name }) => name },
            { name: "Which", cell: ({ matches }) => <code>{matches}</code> },
            { name: "Leads to", cell: ({ targets }) => targets.join(", ") }
          ]}
        />
      )}
    </Panel>
  )
}

const Targets = ({ app }: { readonly app: string }) => {
  const targets = useQuery({
    queryKey: ["targets", app],
    queryFn: ({ signal }) => ask(({ targets }) => targets.list({ query: { app } }), signal)
  })
  return (
    <Panel flush title="Targets">
      <Answered query={targets} label="targets" rows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No targets yet" icon="endpoint">
              <code>homing targets create</code> adds an address that rules may lead to.
            </Empty>
          ) : (
            <Rows
              label="Targets"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                { name: "Name", cell: ({ name }) => <strong>{name}</strong> },
                { name: "State", cell: ({ state }) => <StatusMark status={state} /> },
                { name: "Takes", cell: ({ unit }) => unit },
                { name: "Region", cell: ({ region }) => region ?? "", wide: true },
                { name: "Address", cell: ({ url }) => url ?? "", wide: true }
              ]}
            />
          )
        }
      </Answered>
    </Panel>
  )
}
