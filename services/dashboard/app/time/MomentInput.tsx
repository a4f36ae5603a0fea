import { TextInput } from "@mantine/core"

interface Props {
  readonly label: string
  /** As the API says it; absent: none. */
  readonly value: string | undefined
  readonly onChange: (value: string | undefined) => void
}

/** As the browser's own input has it: in the time zone of whoever looks, without naming it. */
const localOf = (instant: string): string => {
  const at = new Date(instant)
  return Number.isNaN(at.getTime())
    ? ""
    : new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** A moment, to the minute. */
export const MomentInput = ({ label, onChange, value }: Props) => (
  <TextInput
    type="datetime-local"
    aria-label={label}
    leftSection={label}
    leftSectionWidth={56}
    value={value === undefined ? "" : localOf(value)}
    onChange={({ currentTarget }) => {
      const at = new Date(currentTarget.value)
      onChange(Number.isNaN(at.getTime()) ? undefined : at.toISOString())
    }}
  />
)
