// Stacks, and the places in the code that name them.
import { h } from './dom.js'
import { ownFrames, fileLine } from './data.js'
import { baseName, plural } from './format.js'

/** "function  file.c:12" in short. */
export function place(frame) {
  if (!frame) return h('span', { class: 'dim' }, 'no stack was recorded')
  const where = fileLine(frame) || baseName(frame.module)
  return h('span', { class: 'place' }, h('code', {}, frame.name), h('span', { class: 'dim', title: frame.file || frame.module }, where))
}

function line(frame) {
  const where = frame.file ? `${frame.file}${frame.line ? `:${frame.line}` : ''}` : frame.module || 'code made at run time'
  return h('li', { class: frame.role === 1 ? 'runtime' : '' }, h('code', { class: 'function' }, frame.name),
    frame.inlined && h('span', { class: 'tag' }, 'inlined'), h('span', { class: 'file' }, where))
}

/** All frames, innermost first; main's callers after a click. */
export function stack(side, reference) {
  const found = side.stack(reference)
  if (!found || !found.frames.length) return h('p', { class: 'dim' }, 'No stack was recorded.')
  const own = ownFrames(found.frames)
  const list = h('ol', { class: 'stack' }, found.frames.slice(0, own).map(line))
  const rest = found.frames.slice(own)
  const more = rest.length > 0 && h('button', { type: 'button', class: 'quiet', onclick: () => { list.append(...rest.map(line)); more.remove() } }, `${plural(rest.length, 'more frame')}`)
  return h('div', {}, list, more, found.why && h('p', { class: 'dim' }, `The stack ends here: ${found.why}.`))
}
