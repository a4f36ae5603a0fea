import { Array, SchemaAST, SchemaIssue } from "effect"

const literalMember = (type: SchemaAST.AST): SchemaAST.PropertySignature | undefined =>
  SchemaAST.isObjects(type) ? type.propertySignatures.find(({ type }) => SchemaAST.isLiteral(type)) : undefined

/** What such a union expects in the member whose literal tells its objects apart, if there is one. */
const noneMeant = ({ types }: SchemaAST.Union): SchemaIssue.Issue | undefined => {
  const members = types.flatMap((type) => literalMember(type) ?? [])
  const [first] = members
  if (first === undefined || members.length < types.length || members.some(({ name }) => name !== first.name)) return
  const literals = new SchemaAST.Union(members.map(({ type }) => type))
  return new SchemaIssue.Pointer([first.name], new SchemaIssue.InvalidType(literals))
}

/** Where none of a union's objects is meant, the flaw is in the member that says which; Effect points at the whole. */
export const pointed = (issue: SchemaIssue.Issue): SchemaIssue.Issue => {
  if (issue._tag === "Pointer") return new SchemaIssue.Pointer(issue.path, pointed(issue.issue))
  if (issue._tag === "Composite") return new SchemaIssue.Composite(issue.ast, Array.map(issue.issues, pointed))
  return (issue._tag === "AnyOf" && issue.issues.length === 0 && noneMeant(issue.ast)) || issue
}
