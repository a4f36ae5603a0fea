import { Component, type ReactNode } from "react"
import { Problem } from "../look/States.tsx"

/** What one page throws ends that page alone. */
export class Fence extends Component<{ readonly children: ReactNode }, { readonly error: Error | undefined }> {
  override state = { error: undefined as Error | undefined }

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override render() {
    const { error } = this.state
    return error ? <Problem error={error} onRetry={() => location.reload()} /> : this.props.children
  }
}
