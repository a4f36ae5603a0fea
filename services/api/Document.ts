import type { OpenApi } from "effect/http-api"

type Node = Record<string, unknown>
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null

/** Every object in the document below this one, itself first; what is looked up by `$ref` among them once. */
const below = function* (root: unknown, schemas: Node, seen = new Set<Node>()): Generator<Node> {
  if (!isNode(root) || seen.has(root)) return
  seen.add(root)
  yield root
  const { $ref } = root
  if (typeof $ref === "string") yield* below(schemas[$ref.replace("#/components/schemas/", "")], schemas, seen)
  for (const value of Object.values(root)) yield* below(value, schemas, seen)
}

const operationsOf = ({ paths }: OpenApi.OpenAPISpec) =>
  Object.values(paths)
    .flatMap((item) => Object.values(item))
    .filter((one): one is OpenApi.OpenAPISpecOperation => isNode(one) && "responses" in one)

/**
 * What is asked is read strictly, so its objects are closed. What is answered may have more members in a later release:
 * a client that takes the document at its word must not fail over one.
 */
const openAnswers = (operations: ReadonlyArray<OpenApi.OpenAPISpecOperation>, schemas: Node) => {
  for (const { responses } of operations) {
    for (const node of below(responses, schemas)) {
      if (node.additionalProperties === false) delete node.additionalProperties
    }
  }
}

/** A status is a whole number, as everything here is that is counted. */
const countWhole = (document: Node) => {
  for (const node of below(document, {})) {
    if (node.type === "number" && Array.isArray(node.enum) && node.enum.every(Number.isInteger)) node.type = "integer"
  }
}

/** Parameters and headers are described where readers and generators look for it: beside the schema. */
const describeBeside = (operations: ReadonlyArray<OpenApi.OpenAPISpecOperation>) => {
  for (const { parameters, responses } of operations) {
    const headers = Object.values(responses).flatMap(({ headers = {} }) => Object.values<Node>(headers))
    for (const described of [...(parameters as unknown as ReadonlyArray<Node>), ...headers]) {
      const { schema } = described
      if (isNode(schema) && "description" in schema) described.description = schema.description
    }
  }
}

/** The document as a client sees the API, and not as this server reads it. */
export const asSeenByClients = (made: Record<string, unknown>): Record<string, unknown> => {
  const document = made as unknown as OpenApi.OpenAPISpec
  const operations = operationsOf(document)
  openAnswers(operations, document.components.schemas)
  countWhole(made)
  describeBeside(operations)
  return made
}

/** A parameter is written as text. This is what the text says. */
export const parameterAs = (name: string, schema: object) => (made: Record<string, unknown>) => {
  const { parameters } = made as unknown as OpenApi.OpenAPISpecOperation
  for (const parameter of parameters) if (parameter.name === name) Object.assign(parameter.schema, schema)
  return made
}
