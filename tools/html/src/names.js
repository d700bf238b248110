// Short forms of the names of C++ and Rust functions, and what shows a name.
import { h } from './dom.js'

const SYMBOLS = /^(<=>|<<=|>>=|->\*|<<|>>|<=|>=|->|\(\)|\[\]|[<>=!+\-*/%^&|~,]=?|&&|\|\||\+\+|--)/
const KEPT_PARENTHESES = /^\((anonymous (namespace|class|struct|union|enum)|anonymous)\)/
const UNNAMED = /\(anonymous namespace\)::/g

/** Where the bracket at `from` is closed: the position after that; the end of the text if it is not. */
function closed(text, from) {
  let depth = 0
  for (let i = from; i < text.length; i++) {
    if ('<([{'.includes(text[i])) depth++
    else if ('>)]}'.includes(text[i]) && !(text[i] === '>' && text[i - 1] === '-') && --depth === 0) return i + 1
  }
  return text.length
}

/** An operator's name, which may look like a bracket; 0: there is none at this position. */
function operatorLength(text, at) {
  if (!text.startsWith('operator', at) || /\w/.test(text[at - 1] ?? '') || /\w/.test(text[at + 8] ?? '')) return 0
  const symbol = SYMBOLS.exec(text.slice(at + 8).trimStart())
  if (symbol) return text.indexOf(symbol[0], at + 8) + symbol[0].length - at
  const word = /^ (new|delete)(\[\])?/.exec(text.slice(at + 8))
  return 8 + (word ? word[0].length : 0)
}

/**
 * Without template arguments, parameters, return type and "(anonymous namespace)::", which the file beside a name makes up
 * for: "void a::f<int, b<c>>(int) const" is "a::f<…>".  Operators, lambdas and Rust's "<A as B>::f" stay recognisable.
 */
export function shortName(whole) {
  const name = whole.replace(UNNAMED, '') || whole
  if (!/[<(]/.test(name)) return name
  if (name[0] === '<') {
    const end = closed(name, 0)
    return `<${name.slice(1, end - 1).split(' as ').map(shortName).join(' as ')}>${shortName(name.slice(end))}`
  }
  let out = ''
  let begin = 0 // of the name, in out: what comes before is a return type
  for (let i = 0; i < name.length; ) {
    const operator = operatorLength(name, i)
    const kept = name[i] === '(' && KEPT_PARENTHESES.exec(name.slice(i))
    if (operator || kept) {
      out += name.slice(i, i + (operator || kept[0].length))
      i += operator || kept[0].length
    } else if (name[i] === '<') {
      out += '<…>'
      i = closed(name, i)
    } else if (name[i] === '{') {
      const end = closed(name, i)
      out += name.slice(i, end).replace(/\(.*\)/, '')
      i = end
    } else if (name[i] === '(') {
      out = out.slice(begin)
      begin = 0
      i = closed(name, i)
      const suffix = /^( const| volatile| &&?)+/.exec(name.slice(i))
      if (suffix) i += suffix[0].length
      if (!name.startsWith('::', i)) return out + name.slice(i).replace(/^\[abi:\w+\]/, '')
    } else {
      out += name[i++]
      if (name[i - 1] === ' ' && !/operator\S* $|thunk $|virtual $/.test(out)) begin = /thunk to $/.test(out) ? begin : out.length
    }
  }
  return out
}

/** In short, what a variable is called, or a block: "+48 in a block from app::make_session". */
export function objectName(name) {
  const brief = name.replace(UNNAMED, '') || name
  return brief.includes(' ') ? brief : lastName(shortName(brief))
}

/** The last part of a short name, with its lambda: "Start::{lambda#1}" of "node::Runner::Start::{lambda#1}::_FUN". */
export function lastName(brief) {
  const name = brief.replace(/::_FUN$/, '')
  return /(?:^|::)([^:{}]+(?:::\{[^}]*\})*)$/.exec(name)?.[1] ?? name
}

/** A long name breaks between its parts, where a column is too narrow for it. */
const broken = (name) => (name.length > 14 ? name.split(/(?<=::|_(?=[^_]))/).flatMap((part, i) => (i ? [h('wbr'), part] : [part])) : name)

/** A function's name, short if that is shorter; the whole name on hover, and where the reader asks for full names. */
export function nameElement(name, attributes = {}) {
  const brief = shortName(name)
  if (brief === name || !brief) return h('code', attributes, broken(name))
  return h('code', { ...attributes, title: name }, h('span', { class: 'brief' }, broken(brief)), h('span', { class: 'whole' }, name))
}

/** Switches all names of the page. */
export function fullNamesButton() {
  const root = document.documentElement
  return h('button', { type: 'button', class: 'quiet full-names', 'aria-pressed': String(root.dataset.names === 'full'), onclick: () => {
    const full = root.dataset.names !== 'full'
    root.dataset.names = full ? 'full' : 'short'
    for (const button of document.querySelectorAll('.full-names')) button.setAttribute('aria-pressed', String(full))
  } }, 'Full names')
}
