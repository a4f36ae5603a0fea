import { Checkbox } from "@mantine/core"
import { type Scope, scopes } from "#domain/access/Scopes.ts"

interface Props {
  readonly value: ReadonlyArray<Scope>
  readonly onChange: (scopes: ReadonlyArray<Scope>) => void
}

/** What a key is to be allowed. */
export const ScopeChoice = ({ onChange, value }: Props) => (
  <Checkbox.Group
    label="What it may do"
    value={[...value]}
    onChange={(chosen) => onChange(scopes.filter((scope) => chosen.includes(scope)))}
    mt="md"
  >
    {scopes.map((scope) => (
      <Checkbox key={scope} value={scope} label={<code>{scope}</code>} mt={6} />
    ))}
  </Checkbox.Group>
)
