import { Button, Group, Modal, Text } from "@mantine/core"
import { Copied } from "./Facts.tsx"

interface Props {
  readonly title: string
  readonly secret: string | undefined
  readonly onClose: () => void
}

/** What is told once. */
export const Secret = ({ onClose, secret, title }: Props) => (
  <Modal opened={secret !== undefined} onClose={onClose} title={title} closeOnClickOutside={false}>
    <Text size="sm" mb="md">
      Keep it now: it is shown here and never again.
    </Text>
    {secret !== undefined && <Copied value={secret} label="the secret" />}
    <Group justify="flex-end" mt="lg">
      <Button onClick={onClose}>I have it</Button>
    </Group>
  </Modal>
)
