import { Alert, Button, Paper, PasswordInput, Text, Title } from "@mantine/core"
import { useMutation } from "@tanstack/react-query"
import { type FormEvent, useEffect, useState } from "react"
import { Refused } from "../gateway/Gateway.ts"
import { logIn } from "../gateway/Session.ts"
import logo from "../homing.svg"
import { Icon } from "../look/Icon.tsx"
import { goTo, usePlace } from "../place/Place.ts"
import styles from "./Login.module.css"

export const Login = () => {
  const { path, query } = usePlace()
  const [key, setKey] = useState("")
  const login = useMutation({ mutationFn: logIn })
  const { mutate } = login
  useEffect(() => {
    if (query.link === undefined) return
    const link = query.link
    goTo([]) // it is good once: the address that stays in the browser's history has it no more
    mutate({ link })
  }, [query.link, mutate])
  useEffect(() => {
    document.title = "Log in · Homing"
  }, [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (path[0] === "login") goTo([])
    mutate({ key: key.trim() })
  }
  return (
    <main className={styles.page}>
      <Paper className={styles.card} withBorder shadow="sm" p="xl" radius="lg">
        <img src={logo} alt="" width={40} height={40} />
        <Title order={1} size="h3" mt="md">
          Log in to Homing
        </Title>
        <Text c="dimmed" size="sm" mt={4}>
          With an API key of this gateway. The page sees what the key may see, and nothing else.
        </Text>
        <form onSubmit={submit}>
          <PasswordInput
            label="API key"
            value={key}
            onChange={({ currentTarget }) => setKey(currentTarget.value)}
            mt="lg"
            autoComplete="current-password"
            spellCheck={false}
            data-autofocus
            visibilityToggleButtonProps={{ "aria-label": "Show the key", tabIndex: 0 }}
          />
          {login.error && (
            <Wrong error={login.error} byLink={login.variables !== undefined && "link" in login.variables} />
          )}
          <Button type="submit" fullWidth mt="md" loading={login.isPending} disabled={key.trim() === ""}>
            Log in
          </Button>
        </form>
        <Text c="dimmed" size="xs" mt="lg">
          No key yet? The gateway printed one at its first start; <code>npm run homing -- clients create</code> makes
          more.
        </Text>
      </Paper>
    </main>
  )
}

const Wrong = ({ byLink, error }: { readonly byLink: boolean; readonly error: Error }) => {
  const { code = "", title } = error instanceof Refused ? error : { title: error.message }
  const words =
    code === "unauthorized"
      ? byLink
        ? "This login link is not good: it was used already, or its minutes are over. Ask for another, or give a key."
        : "This is no key of this gateway, or it is good no more."
      : title
  return (
    <Alert
      color="red"
      variant="light"
      mt="md"
      icon={<Icon name="alert" />}
      role="alert"
      classNames={{ message: styles.wrong! }}
    >
      {words}
    </Alert>
  )
}
