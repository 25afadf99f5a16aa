// Runs DMN models: XML by dmn-moddle, every expression by feelin, only the tables' own semantics here.
//
// stdin:  one JSON line a request, {"xml": text} for the model from now on, or {"inputs": {name: value}}
// stdout: one JSON line a request, {"values": {decision name: value}} or {"error": text}
//
// DMN 1.5: a decision sees what it requires and nothing else; an input that is not given is null; a
// value must be of its variable's type; a row matches if each of its unary tests is true, and the
// hit policy chooses among the matching rows. Every decision of the model is made.

import { createInterface } from 'node:readline'
import { DmnModdle } from 'dmn-moddle'
import { FeelDate, evaluate, parseDate, unaryTest } from 'feelin'

// dmn-moddle knows the schema by its DMN 1.3 name. What these models use of it is the same in 1.5;
// that the file is DMN 1.5 is held by the test against DMN15.xsd.
const DMN15 = 'https://www.omg.org/spec/DMN/20230324/MODEL/'
const DMN13 = 'https://www.omg.org/spec/DMN/20191111/MODEL/'

// What FEEL itself answers with null: a missing entry of a context, arithmetic with null.
const NULLS = new Set(['NO_CONTEXT_ENTRY_FOUND', 'NO_PROPERTY_FOUND', 'INVALID_TYPE', 'NOT_COMPARABLE'])

const TYPES = {
  Any: () => true,
  string: (v) => typeof v === 'string',
  number: (v) => typeof v === 'number' && Number.isFinite(v),
  boolean: (v) => typeof v === 'boolean',
  date: (v) => v instanceof FeelDate,
}

function typed(value, variable) {
  const fits = TYPES[variable.typeRef]
  if (!fits) throw new Error(`${variable.name}: type ${variable.typeRef} is not known`)
  if (value !== null && !fits(value)) {
    throw new Error(`${variable.name}: ${JSON.stringify(value)} is no ${variable.typeRef}`)
  }
  return value
}

/** The value of an expression, or the failure that no FEEL engine may pass over. */
function value({ value, warnings }, text) {
  const fault = warnings.find((w) => !NULLS.has(w.type))
  if (fault) throw new Error(`${fault.type}: ${fault.message} in ${text}`)
  return value ?? null
}

const feel = (text, scope) => value(evaluate(text, scope), text)

function matches(test, subject, scope) {
  if (test.trim() === '-') return true
  return value(unaryTest(test, { ...scope, '?': subject }), test) === true
}

function table(node, scope) {
  if (node.hitPolicy !== 'FIRST') throw new Error(`hit policy ${node.hitPolicy} is not known`)
  if (node.output.length !== 1) throw new Error('one output is expected')
  const subjects = node.input.map((i) => {
    const expression = i.inputExpression
    const found = feel(expression.text, scope)
    return expression.typeRef ? typed(found, { ...expression, name: expression.text }) : found
  })
  const hit = node.rule.find((row) =>
    row.inputEntry.every((test, i) => matches(test.text, subjects[i], scope)),
  )
  return hit ? feel(hit.outputEntry[0].text, scope) : null
}

// FEEL has no side effects, so a decision with the same requirements has the same value.
const made = new Map()

/** A decision's value after those of everything that it requires. */
function decide(model, decision, inputs, known) {
  if (decision.id in known) return known[decision.id]
  const scope = {}
  for (const { requiredInput, requiredDecision } of decision.informationRequirement ?? []) {
    const node = model.get((requiredInput ?? requiredDecision).href.replace(/^#/, ''))
    scope[node.variable.name] = requiredInput
      ? given(node.variable, inputs)
      : decide(model, node, inputs, known)
  }
  const key = `${decision.id} ${JSON.stringify(scope)}`
  if (!made.has(key)) {
    try {
      made.set(key, typed(table(decision.decisionLogic, scope), decision.variable))
    } catch (error) {
      throw new Error(`${decision.id}: ${error.message}`)
    }
  }
  return (known[decision.id] = made.get(key))
}

function given(variable, inputs) {
  const raw = inputs[variable.name] ?? null
  return typed(variable.typeRef === 'date' && raw !== null ? parseDate(raw) : raw, variable)
}

async function read(xml) {
  const reader = new DmnModdle()
  const { rootElement, warnings } = await reader.fromXML(xml.replace(`"${DMN15}"`, `"${DMN13}"`))
  if (warnings.length) throw new Error(warnings.map((w) => w.message).join('\n'))
  made.clear()
  return new Map(rootElement.drgElement.map((e) => [e.id, e]))
}

let model
async function answer({ xml, inputs }) {
  if (xml) {
    model = await read(xml)
    return { values: {} }
  }
  const values = {}
  const known = {}
  for (const element of model.values()) {
    if (element.$type !== 'dmn:Decision') continue
    values[element.variable.name] = decide(model, element, inputs, known)
  }
  return { values }
}

for await (const line of createInterface({ input: process.stdin })) {
  const found = await answer(JSON.parse(line)).catch((error) => ({ error: error.message }))
  process.stdout.write(`${JSON.stringify(found)}\n`)
}
