import { MantineProvider } from "@mantine/core"
import { QueryClientProvider } from "@tanstack/react-query"
import { Following } from "./gateway/Following.tsx"
import { queries } from "./gateway/Queries.ts"
import { useSession } from "./gateway/Session.ts"
import { Loading } from "./look/States.tsx"
import { nonce } from "./Nonce.ts"
import { pages } from "./Pages.ts"
import { Login } from "./shell/Login.tsx"
import { Shell } from "./shell/Shell.tsx"
import { theme, variables } from "./theme.ts"

export const App = () => (
  <MantineProvider theme={theme} defaultColorScheme="auto" cssVariablesResolver={variables} getStyleNonce={nonce}>
    <QueryClientProvider client={queries}>
      <Entrance />
    </QueryClientProvider>
  </MantineProvider>
)

/** Whoever has a session is let in; whoever has none is asked for a key. */
const Entrance = () => {
  const session = useSession()
  if (session === undefined) return <Loading label="Homing" />
  if (session === null) return <Login />
  return (
    <Following session={session}>
      <Shell pages={pages} session={session} />
    </Following>
  )
}
