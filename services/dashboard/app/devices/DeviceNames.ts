import { useQuery } from "@tanstack/react-query"
import { useMay } from "../gateway/Allowed.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask } from "../gateway/Gateway.ts"

export const useDevices = () => {
  const enabled = useMay("devices:read")
  return useQuery({
    queryKey: ["devices"],
    queryFn: ({ signal }) => ask(({ devices }) => devices.list(), signal),
    refetchInterval: useEvery(true),
    enabled
  })
}

/** What a device is called; as much of its id as tells it apart where nobody may say, or nothing is said. */
export const useDeviceName = (): ((id: string) => string) => {
  const { data } = useDevices()
  return (id) => data?.items.find((device) => device.id === id)?.name ?? `${id.slice(0, 8)}…`
}
