import { newKey } from "../gateway/Acting.ts"
import { ask } from "../gateway/Gateway.ts"
import { Act } from "../look/Act.tsx"

export const redriven = (id: string) =>
  ask(({ deliveries }) => deliveries.redrive({ params: { id }, headers: newKey() }))

interface Props {
  readonly id: string
  readonly type: string
}

/** Delivers it again, under the same id. */
export const Redrive = ({ id, type }: Props) => (
  <Act does={() => redriven(id)} touches={["deliveries"]} icon="retry" of={`${type} ${id.slice(0, 8)}`}>
    Redrive
  </Act>
)
