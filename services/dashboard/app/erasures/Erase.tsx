import { Checkbox, TextInput } from "@mantine/core"
import { useState } from "react"
import { newKey } from "../gateway/Acting.ts"
import { ask } from "../gateway/Gateway.ts"
import { Ask } from "../look/Ask.tsx"

/** For good: the number is typed, and that it is meant is said. */
export const Erase = () => {
  const [phone, setPhone] = useState("")
  const [isMeant, setMeant] = useState(false)
  const [key, setKey] = useState(newKey)
  return (
    <Ask
      title="Erase a person"
      icon="erase"
      verb="Erase for good"
      isReady={isMeant && /^\+\d{7,15}$/.test(phone.replaceAll(" ", ""))}
      touches={["erasures", "contacts", "chats", "messages"]}
      does={() =>
        ask(({ erasures }) => erasures.create({ headers: key, payload: { phone: phone.replaceAll(" ", "") } }))
      }
      onDone={() => {
        setPhone("")
        setMeant(false)
        setKey(newKey())
      }}
    >
      <TextInput
        label="Number"
        description="With + and its country code. Everything under any of the person's names goes with it."
        placeholder="+60123456789"
        value={phone}
        onChange={({ currentTarget }) => setPhone(currentTarget.value)}
        mb="md"
      />
      <Checkbox
        label="This cannot be undone, by nobody: the keys to what was said are destroyed."
        checked={isMeant}
        onChange={({ currentTarget }) => setMeant(currentTarget.checked)}
      />
    </Ask>
  )
}
