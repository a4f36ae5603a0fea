import { TextInput } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { Scope } from "#domain/access/Scopes.ts"
import { newKey } from "../gateway/Acting.ts"
import { ask } from "../gateway/Gateway.ts"
import { Ask } from "../look/Ask.tsx"
import { Head, Panel } from "../look/Head.tsx"
import { Rows } from "../look/Rows.tsx"
import { Secret } from "../look/Secret.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { ScopeChoice } from "./ScopeChoice.tsx"

export default function Clients() {
  const clients = useQuery({
    queryKey: ["clients"],
    queryFn: ({ signal }) => ask(({ clients }) => clients.list(), signal),
    refetchInterval: 10_000
  })
  const [secret, setSecret] = useState<string>()
  return (
    <>
      <Head title="Clients and keys" actions={<Create onSecret={setSecret} />}>
        Who may call this gateway, and what their keys may do.
      </Head>
      <Secret title="The first key" secret={secret} onClose={() => setSecret(undefined)} />
      <Panel flush>
        <Answered query={clients} label="clients">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No clients yet" icon="client" />
            ) : (
              <Rows
                label="Clients"
                rows={items}
                keyOf={({ id }) => id}
                href={({ id }) => hrefOf(["clients", id])}
                columns={[
                  { name: "Name", cell: ({ id, name }) => <strong>{name ?? id}</strong> },
                  {
                    name: "Good keys",
                    cell: ({ keys }) => `${keys.filter(({ state }) => state === "active").length} of ${keys.length}`
                  },
                  { name: "Devices", cell: ({ devices }) => (devices === null ? "all" : devices.length), wide: true },
                  { name: "Used last", cell: ({ keys }) => <LastUse of={keys} /> },
                  { name: "Created", cell: ({ createdAt }) => <Moment at={createdAt} />, wide: true }
                ]}
              />
            )
          }
        </Answered>
      </Panel>
    </>
  )
}

const LastUse = ({ of }: { readonly of: ReadonlyArray<{ readonly lastUsedAt?: string }> }) => {
  const last = of
    .flatMap(({ lastUsedAt }) => lastUsedAt ?? [])
    .toSorted()
    .at(-1)
  return last === undefined ? <>never</> : <Moment at={last} />
}

const Create = ({ onSecret }: { readonly onSecret: (secret: string | undefined) => void }) => {
  const [name, setName] = useState("")
  const [scopes, setScopes] = useState<ReadonlyArray<Scope>>(["messages:send", "messages:read"])
  return (
    <Ask
      title="Create a client"
      icon="plus"
      verb="Create"
      does={() => ask(({ clients }) => clients.create({ headers: newKey(), payload: { name: name.trim(), scopes } }))}
      touches={["clients"]}
      isReady={name.trim() !== "" && scopes.length > 0}
      onDone={({ body }) => onSecret(body.key.secret)}
    >
      <TextInput
        label="Name"
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
        maxLength={100}
        data-autofocus
      />
      <ScopeChoice value={scopes} onChange={setScopes} />
    </Ask>
  )
}
