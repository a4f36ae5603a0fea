import { Button, Textarea } from "@mantine/core"
import { type FormEvent, useRef, useState } from "react"
import { newKey, useActing } from "../gateway/Acting.ts"
import { ask } from "../gateway/Gateway.ts"
import { Icon } from "../look/Icon.tsx"
import { Problem } from "../look/States.tsx"
import styles from "./Chats.module.css"

interface Props {
  readonly device: string
  readonly to: string
}

/** Sends a text. Sent again after a problem it is the same request: nobody gets it twice. */
export const Compose = ({ device, to }: Props) => {
  const [text, setText] = useState("")
  const request = useRef<ReturnType<typeof newKey> | undefined>(undefined)
  const send = useActing(
    (said: string) => {
      request.current ??= newKey()
      const headers = request.current
      const content = { type: "text", text: said } as const
      return ask(({ messages }) =>
        messages.send({ headers, payload: { device, to, content, confirm: { timeoutMs: 0 } } })
      )
    },
    ["messages", "chats"]
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    send.mutate(text, {
      onSuccess: () => {
        request.current = undefined
        setText("")
      }
    })
  }
  return (
    <form onSubmit={submit} className={styles.compose}>
      {send.error && <Problem error={send.error} />}
      <Textarea
        aria-label="Message"
        placeholder={`Write to ${to}`}
        autosize
        minRows={1}
        maxRows={8}
        value={text}
        onChange={({ currentTarget }) => {
          request.current = undefined
          setText(currentTarget.value)
        }}
      />
      <Button
        type="submit"
        disabled={text.trim() === ""}
        loading={send.isPending}
        leftSection={<Icon name="out" size={16} />}
      >
        Send
      </Button>
    </form>
  )
}
