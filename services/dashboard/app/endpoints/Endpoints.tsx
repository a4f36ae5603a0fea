import { Checkbox, MultiSelect, TextInput } from "@mantine/core"
import { useState } from "react"
import { publicTypeNames } from "#services/api/PublicTypes.ts"
import { placeOf, useEndpoints } from "../deliveries/EndpointList.ts"
import { newKey } from "../gateway/Acting.ts"
import { useMay } from "../gateway/Allowed.ts"
import { ask } from "../gateway/Gateway.ts"
import { Ask } from "../look/Ask.tsx"
import { Head, Panel } from "../look/Head.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Rows } from "../look/Rows.tsx"
import { Secret } from "../look/Secret.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"

export default function Endpoints() {
  const endpoints = useEndpoints()
  const [secret, setSecret] = useState<string>()
  return (
    <>
      <Head title="Endpoints" actions={<Create onSecret={setSecret} />}>
        Addresses that are told what happens, as signed webhooks.
      </Head>
      <Secret title="The endpoint's secret" secret={secret} onClose={() => setSecret(undefined)} />
      <Panel flush>
        <Answered query={endpoints} label="endpoints">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="Nobody is told yet" icon="endpoint">
                Create an endpoint: it gets each event within moments, again and again until it answers 2xx.
              </Empty>
            ) : (
              <Rows
                label="Endpoints"
                rows={items}
                keyOf={({ id }) => id}
                href={({ id }) => hrefOf(["endpoints", id])}
                columns={[
                  { name: "Address", cell: ({ url }) => <strong>{placeOf(url)}</strong> },
                  { name: "State", cell: ({ state }) => <StatusMark status={state} /> },
                  { name: "Why", cell: ({ reason }) => reason ?? "", wide: true },
                  {
                    name: "Told",
                    cell: ({ types }) => (types.length === 0 ? "everything" : `${types.length} types`),
                    wide: true
                  },
                  { name: "Personal data", cell: ({ personal }) => (personal ? "yes" : "no"), wide: true },
                  { name: "Created", cell: ({ createdAt }) => <Moment at={createdAt} /> }
                ]}
              />
            )
          }
        </Answered>
      </Panel>
    </>
  )
}

const Create = ({ onSecret }: { readonly onSecret: (secret: string | undefined) => void }) => {
  const [url, setUrl] = useState("")
  const [types, setTypes] = useState<Array<string>>([])
  const [personal, setPersonal] = useState(false)
  const mayReadAll = useMay("messages:read:all")
  const chosen = publicTypeNames.filter((type) => types.includes(type))
  return (
    <Ask
      title="Create an endpoint"
      icon="plus"
      verb="Create"
      does={() =>
        ask(({ endpoints }) =>
          endpoints.create({ headers: newKey(), payload: { url: url.trim(), types: chosen, personal } })
        )
      }
      touches={["endpoints"]}
      isReady={url.trim() !== ""}
      onDone={({ body }) => onSecret(body.secret)}
    >
      <TextInput
        label="Address"
        description="https, at port 443 or 8443."
        placeholder="https://shop.example/homing"
        value={url}
        onChange={({ currentTarget }) => setUrl(currentTarget.value)}
        data-autofocus
      />
      <MultiSelect
        label="Only these types"
        placeholder={types.length === 0 ? "Everything" : ""}
        data={[...publicTypeNames]}
        value={types}
        onChange={setTypes}
        searchable
        mt="md"
      />
      {mayReadAll && (
        <Checkbox
          label="Tell it numbers, names and texts"
          checked={personal}
          onChange={({ currentTarget }) => setPersonal(currentTarget.checked)}
          mt="md"
        />
      )}
    </Ask>
  )
}
