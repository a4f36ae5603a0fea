import { assert, describe, it } from "@effect/vitest"
import { parse } from "./EnvFile.ts"

const torn = (text: string) => [...parse(text).torn]

describe("a file .env", () => {
  it("is taken as Node takes it, where Node takes all of it", () => {
    const whole = [
      "A=abc",
      "A=",
      "A=abc # a comment",
      "A= # a comment",
      'A="abc#def"',
      "A='abc#def' # a comment",
      "A=`abc#def`#a comment",
      'A="one\n#two\nthree"',
      "export A = abc",
      "# A=b#c",
      "A=abc\r\nB=def\r\n"
    ]
    for (const text of whole) assert.deepStrictEqual(torn(text), [], text)
    assert.deepStrictEqual(parse("A='x#y'\nB=1 # one").variables, { A: "x#y", B: "1" })
    assert.strictEqual(parse('A="one\n#two\nthree"').variables.A, "one\n#two\nthree")
  })

  it("says what would be taken in part", () => {
    const cut = [
      "A=abc#def",
      "A=#abc",
      "export A = abc#def # a comment",
      `A='it's'`,
      'A="a"b',
      'A="abc#def',
      'A=a"b#c"'
    ]
    for (const text of cut) assert.deepStrictEqual(torn(text), ["A"], text)
    assert.deepStrictEqual(torn("A=abc#def\nB=1\nC=d#e"), ["A", "C"])
    assert.deepStrictEqual(torn("A=abc#def\nA='abc#def'"), [])
  })

  it("says which lines would be passed over", () => {
    const text = 'A=1\n\n# a comment\nB 2\n  C: 3\nexport D=4\nE="one\ntwo\nthree" # and\nF=\'x\n=5\r\nAPI_KEY\n'
    assert.deepStrictEqual(parse(text).strange, [4, 5, 11, 12])
    assert.deepStrictEqual(parse("A='one\ntwo\nB=1\n").strange, [2]) // a quote that nothing ends
    assert.deepStrictEqual(parse("a.b-c = 1\r\nmañana=2\r\n").strange, [])
  })

  it("says which names stand in it more than once", () => {
    const text = 'A=1\nB="x\nA=2\n"\nexport C=3\n# A=4\nC = 5\nC=6\na=7\n'
    assert.deepStrictEqual([...parse(text).twice], ["C"])
  })

  it("may begin with a byte order mark", () => {
    assert.deepStrictEqual(parse("\uFEFFPORT=1").variables, { PORT: "1" })
  })
})
