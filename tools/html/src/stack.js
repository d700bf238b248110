// Stacks, and the places in the code that name them.
import { h } from './dom.js'
import { copyButton, linkTo, stackText } from './copy.js'
import { ownFrames, fileLine, ROLE_RUNTIME } from './data.js'
import { fragment } from './fragment.js'
import { baseName, plural } from './format.js'
import { fullNamesButton, nameElement, shortName } from './names.js'

/** A line's number stays with the end of its file's name, wherever a narrow column breaks the name. */
function unbroken(where) {
  const end = /(\.\w{1,4})?(:\d+)+$/.exec(where)
  return end ? [where.slice(0, end.index), h('span', { class: 'whole-line' }, end[0])] : where
}

/** "function  file.c:12" in short. */
export function place(frame) {
  if (!frame) return h('span', { class: 'dim' }, 'no stack was recorded')
  const where = fileLine(frame) || baseName(frame.module)
  return h('span', { class: 'place' }, frame.wrapper && h('code', { class: 'dim' }, frame.wrapper, h('span', { class: 'whole-line' }, ' <'), ' '), nameElement(frame.name), ' ', h('span', { class: 'dim', title: frame.file || frame.module }, unbroken(where)))
}

/** The line of source code, with those around it after a click; open: at once. */
function source(side, frame, open) {
  const found = side.source(frame)
  if (!found) return null
  if (found.changed) return open && h('p', { class: 'source dim' }, 'The source file has changed since the program was built.')
  const text = (number) => found.lines.find(([one]) => one === number)[1]
  return h('details', { class: 'source', open },
    h('summary', { 'aria-label': `Line ${frame.line}: ${text(frame.line).trim()}` }, h('code', {}, text(frame.line).trim() || ' ')),
    h('pre', {}, found.lines.map(([number, code]) => h('code', { class: number === frame.line ? 'here' : '' }, h('span', { class: 'line-number' }, String(number)), `${code}\n`))))
}

function line(side, frame, open) {
  const where = frame.file ? `${frame.file}${frame.line ? `:${frame.line}` : ''}` : frame.module || 'code made at run time'
  return h('li', { class: frame.role === ROLE_RUNTIME ? 'runtime' : '' }, nameElement(frame.name, { class: 'function' }),
    frame.inlined && h('span', { class: 'tag' }, 'inlined'), h('span', { class: 'file', title: where }, frame.role === ROLE_RUNTIME && frame.file ? fileLine(frame) : where), source(side, frame, open))
}

function tools(side, reference, found) {
  const [process, node] = reference
  return h('p', { class: 'stack-tools' }, copyButton('Copy stack', () => stackText(found)),
    linkTo(fragment('stack', { side: side.index || null, process, at: node }), 'stack'),
    found.frames.some((frame) => shortName(frame.name) !== frame.name) && fullNamesButton())
}

/** All frames, innermost first; main's callers after a click.  brief: without the buttons below it. */
export function stack(side, reference, { brief } = {}) {
  const found = side.stack(reference)
  if (!found || !found.frames.length) return h('p', { class: 'dim' }, 'No stack was recorded.')
  const own = ownFrames(found.frames)
  const first = found.frames.findIndex((frame) => frame.role !== ROLE_RUNTIME && side.source(frame))
  const list = h('ol', { class: 'stack' }, found.frames.slice(0, own).map((frame, i) => line(side, frame, i === first)))
  const rest = found.frames.slice(own)
  const why = found.why && h('p', { class: 'dim', hidden: rest.length > 0 }, `The stack ends here: ${found.why}.`)
  const more = rest.length > 0 && h('button', { type: 'button', class: 'quiet', onclick: () => { list.append(...rest.map((frame) => line(side, frame, false))); more.remove(); if (why) why.hidden = false } }, `${plural(rest.length, 'more frame')}`)
  const below = !brief && tools(side, reference, found)
  if (below && more) below.prepend(more)
  return h('div', { class: 'stack-holder' }, list, brief && more, why, below)
}
