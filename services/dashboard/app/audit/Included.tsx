import { Button, Group, TextInput } from "@mantine/core"
import { type FormEvent, useState } from "react"
import { useActing } from "../gateway/Acting.ts"
import { ask } from "../gateway/Gateway.ts"
import { Panel } from "../look/Head.tsx"
import { Mark } from "../look/Mark.tsx"
import { Rows } from "../look/Rows.tsx"
import { Problem } from "../look/States.tsx"
import { included, isSigned } from "./Proving.ts"

interface Entry {
  readonly type?: string
  readonly recordedAt?: string
}
const entryIn = (text: string): Entry => {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

const proven = async (message: string) => {
  const proofs = await ask(({ audit }) => audit.inclusion({ query: { message } }))
  const isOfLog = await isSigned(proofs.head)
  return { proofs, are: included(proofs).map((is) => is && isOfLog) }
}

/** Whether the events of a message stand in the tree: by proofs that are checked here. */
export const Included = () => {
  const [message, setMessage] = useState("")
  const { data, error, isPending, mutate } = useActing(proven, [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    mutate(message.trim())
  }
  return (
    <Panel title="Is a message in it?">
      <form onSubmit={submit}>
        <Group align="end">
          <TextInput
            label="A message's id"
            value={message}
            onChange={({ currentTarget }) => setMessage(currentTarget.value)}
            style={{ flex: "1 1 18rem" }}
          />
          <Button type="submit" loading={isPending} disabled={message.trim() === ""}>
            Prove it
          </Button>
        </Group>
      </form>
      {error && <Problem error={error} />}
      {data && (
        <Rows
          label="Its events"
          rows={data.proofs.items.map((item, i) => ({ ...item, isProven: data.are[i] === true }))}
          keyOf={({ index }) => String(index)}
          columns={[
            { name: "Event", cell: ({ entry }) => entryIn(entry).type ?? "an event" },
            { name: "Leaf", cell: ({ index }) => index.toLocaleString() },
            { name: "Hashes beside its way", cell: ({ path }) => path.length, wide: true },
            {
              name: "Checked here",
              cell: ({ isProven }) => (
                <Mark tone={isProven ? "good" : "bad"} icon={isProven ? "seal" : "alert"}>
                  {isProven ? "stands in the tree" : "does not come to the root"}
                </Mark>
              )
            }
          ]}
        />
      )}
    </Panel>
  )
}
