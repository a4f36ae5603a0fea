import { Button, Group, Modal, Text } from "@mantine/core"
import { type ReactNode, useState } from "react"
import { useActing } from "../gateway/Acting.ts"
import { Icon, type IconName } from "./Icon.tsx"
import { Problem } from "./States.tsx"

interface Props {
  readonly children: string
  /** What else tells it from its like, for whoever hears the page. */
  readonly of?: string
  readonly does: () => Promise<unknown>
  /** By the first words of what it may change. */
  readonly touches: ReadonlyArray<string>
  readonly icon?: IconName
  readonly size?: "xs" | "sm"
  /** Asked before it is done. What cannot be undone says so here. */
  readonly asks?: ReactNode
  readonly grave?: boolean
  readonly onDone?: () => void
}

/** A button that does something of the gateway's, and says so when that is refused. */
export const Act = ({ asks, children, does, grave = false, icon, of, onDone, size = "xs", touches }: Props) => {
  const [opened, setOpened] = useState(false)
  const { error, isPending, mutate, reset } = useActing(does, touches)
  const act = () =>
    mutate(undefined, {
      onSuccess: () => {
        setOpened(false)
        onDone?.()
      },
      onError: () => setOpened(true)
    })
  const close = () => {
    setOpened(false)
    reset()
  }
  const label = of === undefined ? children : `${children} ${of}`
  return (
    <>
      <Button
        size={size}
        variant="default"
        leftSection={icon && <Icon name={icon} size={14} />}
        loading={isPending}
        aria-label={label}
        onClick={() => (asks === undefined ? act() : setOpened(true))}
      >
        {children}
      </Button>
      <Modal opened={opened} onClose={close} title={label}>
        {asks !== undefined && (
          <Text size="sm" component="div" mb="md">
            {asks}
          </Text>
        )}
        {error && <Problem error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {error && asks === undefined ? "Close" : "Cancel"}
          </Button>
          {asks !== undefined && (
            <Button color={grave ? "red.8" : "homing"} loading={isPending} onClick={act} data-autofocus>
              {children}
            </Button>
          )}
        </Group>
      </Modal>
    </>
  )
}
