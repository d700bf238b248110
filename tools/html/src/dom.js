// Elements.  Text is set as text, never parsed: names from the program can hold anything.

const SVG = 'http://www.w3.org/2000/svg'

function set(element, name, value) {
  if (value === undefined || value === null || value === false) return
  if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
  else if (name === 'style') for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text)
  else element.setAttribute(name, value === true ? '' : String(value))
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) set(element, name, value)
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue
    element.append(child instanceof Node ? child : String(child))
  }
  return element
}

/** h('p', {class: 'a', onclick: f}, 'text', element, ...) */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children)
/** The same for SVG. */
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children)

let last = 0
export const uniqueId = (word) => `${word}-${++last}`

/** A group of buttons of which one is pressed.  items: [[value, what is in the button], ...] */
export function choice(label, items, value, onchoose) {
  const buttons = items.map(([key, text]) =>
    h('button', { type: 'button', 'aria-pressed': String(key === value), 'data-value': key, onclick: () => choose(key) }, text))
  function choose(key) {
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.value === String(key)))
    onchoose(key)
  }
  const element = h('div', { class: 'choice', role: 'group', 'aria-label': label }, buttons)
  element.choose = choose
  return element
}

/** Tells drawings that their colours or widths have changed.  They listen themselves, so that none outlives its part. */
export function redraw(selector) {
  for (const one of document.querySelectorAll(selector)) one.dispatchEvent(new Event('redraw'))
}

/** A part under a heading of its own. */
export function section(title, ...content) {
  return h('section', { class: 'block' }, h('h3', {}, title), content)
}
