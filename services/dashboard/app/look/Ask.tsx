import { Button, Group, Modal } from "@mantine/core"
import { type FormEvent, type ReactNode, useState } from "react"
import { useActing } from "../gateway/Acting.ts"
import { Icon, type IconName } from "./Icon.tsx"
import { Problem } from "./States.tsx"

interface Props<A> {
  readonly title: string
  readonly icon: IconName
  /** On the button that does it. */
  readonly verb: string
  readonly does: () => Promise<A>
  readonly touches: ReadonlyArray<string>
  readonly isReady: boolean
  readonly size?: "xs" | "sm"
  readonly onDone: (answer: A) => void
  readonly children: ReactNode
}

/** A button that opens a form. The form stays, with the problem, when the gateway refuses it. */
export const Ask = <A,>({ children, does, icon, isReady, onDone, size = "sm", title, touches, verb }: Props<A>) => {
  const [opened, setOpened] = useState(false)
  const { error, isPending, mutate, reset } = useActing(does, touches)
  const close = () => {
    setOpened(false)
    reset()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    mutate(undefined, {
      onSuccess: (answer) => {
        close()
        onDone(answer)
      }
    })
  }
  return (
    <>
      <Button
        size={size}
        variant={size === "sm" ? "filled" : "default"}
        leftSection={<Icon name={icon} size={16} />}
        onClick={() => setOpened(true)}
      >
        {title}
      </Button>
      <Modal opened={opened} onClose={close} title={title}>
        <form onSubmit={submit}>
          {children}
          {error && <Problem error={error} />}
          <Group justify="flex-end" mt="md">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={isPending} disabled={!isReady}>
              {verb}
            </Button>
          </Group>
        </form>
      </Modal>
    </>
  )
}
