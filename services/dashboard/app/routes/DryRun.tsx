import { Button, Textarea } from "@mantine/core"
import { type FormEvent, useState } from "react"
import { useActing } from "../gateway/Acting.ts"
import { ask } from "../gateway/Gateway.ts"
import { Panel } from "../look/Head.tsx"
import { Mark } from "../look/Mark.tsx"
import { Rows } from "../look/Rows.tsx"
import { Problem } from "../look/States.tsx"

const example = JSON.stringify(
  {
    object: "whatsapp_business_account",
    entry: [
      {
        id: "102290129340398",
        changes: [
          {
            field: "messages",
            value: {
              messaging_product: "whatsapp",
              metadata: { display_phone_number: "15550783881", phone_number_id: "106540352242922" },
              contacts: [{ profile: { name: "Kerry" }, wa_id: "60123456789" }],
              messages: [
                { from: "60123456789", id: "wamid.1", timestamp: "1700000000", type: "text", text: { body: "Hello" } }
              ]
            }
          }
        ]
      }
    ]
  },
  undefined,
  2
)

const parsed = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Where a request of Meta's would go; nothing of it is kept. */
export const DryRun = ({ app }: { readonly app: string }) => {
  const [text, setText] = useState(example)
  const payload = parsed(text)
  const explain = useActing(
    (asked: Record<string, unknown>) => ask(({ routes }) => routes.explain({ query: { app }, payload: asked })),
    []
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (payload) explain.mutate(payload)
  }
  return (
    <Panel title="Dry run">
      <form onSubmit={submit}>
        <Textarea
          label="A request as Meta posts it"
          description="Nothing of it is kept, logged or delivered."
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
          error={payload === undefined && "This is no JSON object."}
          autosize
          minRows={6}
          maxRows={16}
          spellCheck={false}
          ff="monospace"
        />
        <Button type="submit" mt="sm" disabled={payload === undefined} loading={explain.isPending}>
          Where would it go?
        </Button>
      </form>
      {explain.error && <Problem error={explain.error} />}
      {explain.data && (
        <div role="status">
          <Rows
            label="Where it would go"
            rows={explain.data.changes.map((change, at) => ({ ...change, at }))}
            keyOf={({ at }) => String(at)}
            columns={[
              { name: "Piece", cell: ({ field, kind }) => `${kind} (${field})` },
              { name: "By", cell: ({ by, matched }) => (matched ? `${by}: ${matched}` : by) },
              {
                name: "Goes to",
                cell: ({ targets }) =>
                  targets.length === 0 ? (
                    <Mark tone="warn" icon="alert">
                      nowhere
                    </Mark>
                  ) : (
                    targets.map(({ name, state }) => (state === "enabled" ? name : `${name} (disabled)`)).join(", ")
                  )
              }
            ]}
          />
          {explain.data.whole.length > 0 && <p>Whole to: {explain.data.whole.map(({ name }) => name).join(", ")}</p>}
        </div>
      )}
    </Panel>
  )
}
