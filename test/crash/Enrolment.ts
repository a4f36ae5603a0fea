import { Effect } from "effect"
import * as AgentProcess from "#mac-agent/Layers.ts"
import * as Enrolment from "#mac-agent/link/Enrolment.ts"
import { agentId } from "./Composition.ts"

/** What an operator does once: the agent's keys to the gateway, the gateway's to the agent. */
export const enrol = async (folder: string, gateway: string, apiKey: string): Promise<void> => {
  const offer = await Effect.runPromise(
    Effect.provide(AgentProcess.offer(agentId, false), AgentProcess.identity(folder))
  )
  const response = await fetch(`${gateway}/v1/agents`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify(offer)
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(`the gateway does not enrol the agent: ${answer}`)
  await Effect.runPromise(Effect.provide(Enrolment.trust(agentId, answer), AgentProcess.custody(folder)))
}
