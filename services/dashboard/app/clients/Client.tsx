import { Group, TextInput } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { Scope } from "#domain/access/Scopes.ts"
import { useDeviceName } from "../devices/DeviceNames.ts"
import { newKey } from "../gateway/Acting.ts"
import { ask } from "../gateway/Gateway.ts"
import { Act } from "../look/Act.tsx"
import { Ask } from "../look/Ask.tsx"
import { Copied, Facts } from "../look/Facts.tsx"
import { Head, Panel } from "../look/Head.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Rows } from "../look/Rows.tsx"
import { Secret } from "../look/Secret.tsx"
import { Answered } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { ScopeChoice } from "./ScopeChoice.tsx"

export default function Client({ id }: { readonly id: string }) {
  const nameOf = useDeviceName()
  const [secret, setSecret] = useState<string>()
  const client = useQuery({
    queryKey: ["clients", id],
    queryFn: ({ signal }) => ask(({ clients }) => clients.get({ params: { id } }), signal),
    refetchInterval: 10_000
  })
  return (
    <Answered query={client} label="client">
      {({ createdAt, devices, keys, name }) => (
        <>
          <Head
            title={name ?? "Unnamed client"}
            back={{ href: hrefOf(["clients"]), label: "Clients and keys" }}
            actions={<Issue client={id} onSecret={setSecret} />}
          >
            Created <Moment at={createdAt} />
          </Head>
          <Secret title="The new key" secret={secret} onClose={() => setSecret(undefined)} />
          <Panel>
            <Facts
              of={[
                ["Id", <Copied key="id" value={id} label="the client's id" />],
                ["Devices", devices === null ? "all" : devices.map(nameOf).join(", ") || "none"]
              ]}
            />
          </Panel>
          <Panel flush title="Keys">
            <Rows
              label="Keys"
              rows={keys}
              keyOf={({ id: key }) => key}
              columns={[
                {
                  name: "Key",
                  cell: ({ id: key, name: called }) => (
                    <>
                      {called && <strong>{called} </strong>}
                      <code>{key}</code>
                    </>
                  )
                },
                { name: "State", cell: ({ state }) => <StatusMark status={state} /> },
                { name: "May", cell: ({ scopes }) => scopes.join(", "), wide: true },
                {
                  name: "Used last",
                  cell: ({ lastUsedAt }) => (lastUsedAt ? <Moment at={lastUsedAt} /> : "never"),
                  wide: true
                },
                {
                  name: "Good until",
                  cell: ({ expiresAt }) => (expiresAt ? <Moment at={expiresAt} /> : "it is revoked"),
                  wide: true
                },
                {
                  name: "Change",
                  cell: ({ id: key, state }) =>
                    state === "active" && <Change client={id} id={key} onSecret={setSecret} />
                }
              ]}
            />
          </Panel>
        </>
      )}
    </Answered>
  )
}

interface ChangeProps {
  readonly client: string
  readonly id: string
  readonly onSecret: (secret: string | undefined) => void
}

const Change = ({ client, id, onSecret }: ChangeProps) => {
  const params = { id: client, key: id }
  return (
    <Group gap="xs">
      <Act
        does={async () => {
          const { body } = await ask(({ clients }) => clients.rotateKey({ params, headers: newKey(), payload: {} }))
          onSecret(body.key.secret)
        }}
        touches={["clients"]}
        of={`key ${id}`}
        asks="Another key takes its place, with the same scopes. The old one stays good for a day."
      >
        Rotate
      </Act>
      <Act
        does={() => ask(({ clients }) => clients.revokeKey({ params }))}
        touches={["clients"]}
        of={`key ${id}`}
        grave
        asks="It is refused from then on, and its sessions end. It cannot be undone."
      >
        Revoke
      </Act>
    </Group>
  )
}

const Issue = ({
  client,
  onSecret
}: {
  readonly client: string
  readonly onSecret: (secret: string | undefined) => void
}) => {
  const [name, setName] = useState("")
  const [scopes, setScopes] = useState<ReadonlyArray<Scope>>(["messages:send", "messages:read"])
  return (
    <Ask
      title="Issue a key"
      icon="key"
      verb="Issue"
      does={() =>
        ask(({ clients }) =>
          clients.issueKey({
            params: { id: client },
            headers: newKey(),
            payload: { scopes, ...(name.trim() !== "" && { name: name.trim() }) }
          })
        )
      }
      touches={["clients"]}
      isReady={scopes.length > 0}
      onDone={({ body }) => onSecret(body.secret)}
    >
      <TextInput
        label="Name"
        description="What it is for, if you like."
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
        maxLength={100}
        data-autofocus
      />
      <ScopeChoice value={scopes} onChange={setScopes} />
    </Ask>
  )
}
