import { SegmentedControl, TextInput } from "@mantine/core"
import { useState } from "react"
import type { Device } from "#services/api/DevicesApi.ts"
import { newKey } from "../gateway/Acting.ts"
import { ask } from "../gateway/Gateway.ts"
import { Ask } from "../look/Ask.tsx"

export type Shown = typeof Device.Type

interface Props {
  /** Of one that is linked again: it keeps its name. */
  readonly again?: string
  readonly onDone: (device: Shown) => void
}

/** Asks how a device is to be linked, and begins. */
export const LinkDevice = ({ again, onDone }: Props) => {
  const [name, setName] = useState("")
  const [pairing, setPairing] = useState<"qr" | "code">("qr")
  const [phone, setPhone] = useState("")
  const how = { pairing, ...(pairing === "code" && { phone: phone.trim() }) }
  const does = async (): Promise<Shown> => {
    if (again !== undefined) {
      return (await ask(({ devices }) => devices.pair({ params: { id: again }, payload: how }))).body
    }
    const payload = { name: name.trim(), ...how }
    return (await ask(({ devices }) => devices.create({ headers: newKey(), payload }))).body
  }
  return (
    <Ask
      title={again === undefined ? "Link a device" : "Pair again"}
      icon="link"
      verb="Show the code"
      size={again === undefined ? "sm" : "xs"}
      does={does}
      touches={["devices"]}
      isReady={(again !== undefined || name.trim() !== "") && (pairing === "qr" || phone.trim() !== "")}
      onDone={onDone}
    >
      {again === undefined && (
        <TextInput
          label="Name"
          description="What you call it; shown in lists."
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          maxLength={100}
          data-autofocus
        />
      )}
      <SegmentedControl
        fullWidth
        mt="md"
        value={pairing}
        onChange={(value) => setPairing(value as typeof pairing)}
        data={[
          { value: "qr", label: "Scan a QR code" },
          { value: "code", label: "Type a code" }
        ]}
      />
      {pairing === "code" && (
        <TextInput
          label="The phone's number"
          placeholder="+60123456789"
          mt="md"
          type="tel"
          value={phone}
          onChange={({ currentTarget }) => setPhone(currentTarget.value)}
        />
      )}
    </Ask>
  )
}
