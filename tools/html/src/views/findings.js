// What was found, worst first, with the stacks.
import { h, choice } from '../dom.js'
import { place, stack } from '../stack.js'
import { bytes, count, plural, seconds } from '../format.js'

const WEIGHTS = { error: 'Error', warning: 'Warning', note: 'Note' }
const FIRST = 30

const kindOf = (finding) => finding.kind + (finding.class ? `:${finding.class}` : '')

function amounts(finding) {
  const parts = []
  if (finding.bytes || finding.blocks) parts.push(bytes(finding.bytes), plural(finding.blocks, 'block'))
  if (finding.seconds) parts.push(seconds(finding.seconds))
  if (finding.times > 1 && !finding.blocks) parts.push(`${count(finding.times)} times`)
  return parts.join(' · ')
}

// ---- what is inside of one --------------------------------------------------------------

/* A deadlock's are those of its edges. */
function stacks(side, process, finding) {
  if (finding.edges.length) return []
  return finding.stacks.map((item) => h('section', { class: 'part' },
    h('h3', {}, item.label, item.thread ? h('span', { class: 'dim' }, ` ${process.threadName(item.thread)}`) : '', item.at !== null && h('span', { class: 'dim' }, ` after ${seconds(item.at)}`)),
    stack(side, item.frames)))
}

function half(side, word, lock) {
  const when = lock.at !== null && h('span', { class: 'dim' }, ` after ${seconds(lock.at)}`)
  return h('div', {}, h('h3', {}, `${word} ${lock.what} `, h('code', {}, lock.address), lock.shared ? ' for reading' : '', when), stack(side, lock.stack))
}

function edges(side, process, finding) {
  return finding.edges.map((edge) => h('section', { class: 'part edge' },
    h('h3', { class: 'who' }, process.threadName(edge.thread), edge.pid ? ` of process ${edge.pid}` : '', edge.inferred && h('span', { class: 'tag' }, 'inferred'), edge.ahead && h('span', { class: 'tag' }, 'waits to write, ahead of readers')),
    h('div', { class: 'halves' }, !edge.ahead && half(side, 'held', edge.held), half(side, 'wanted', edge.wanted))))
}

function kept(side, finding) {
  if (!finding.kept.length) return null
  return h('section', { class: 'part' }, h('h3', {}, 'Lost with it'), finding.kept.map((item) =>
    h('details', { class: 'kept' }, h('summary', {}, `${bytes(item.bytes)} in ${plural(item.blocks, 'block')} `, place(side.where(item.frames))), stack(side, item.frames))))
}

function objects(side, finding) {
  const created = finding.objects.filter((object) => object.created)
  if (finding.edges.length || !finding.objects.length) return null
  return h('section', { class: 'part' }, h('p', { class: 'dim' }, finding.objects.slice(0, 8).map((object) => `${object.what} ${object.address} `)),
    created.slice(0, 2).map((object) => h('details', { class: 'kept' }, h('summary', {}, `where the ${object.what} was made `, place(side.where(object.created))), stack(side, object.created))))
}

function body(side, process, finding) {
  return [stacks(side, process, finding), edges(side, process, finding), kept(side, finding), objects(side, finding),
    h('p', { class: 'dim' }, 'id ', h('code', {}, finding.id), finding.suppressed && ` · suppressed by ${finding.suppressed_by || 'a rule'}`)]
}

/** One of them, to be opened.  tag: a word in front; manyProcesses: say which. */
export function findingElement(side, { finding, process }, { tag, manyProcesses, open } = {}) {
  const first = finding.stacks[0]?.frames || finding.edges[0]?.wanted.stack
  const content = h('div', { class: 'finding-body' })
  const element = h('details', { class: `finding ${finding.suppressed ? 'note' : finding.weight}` },
    h('summary', {},
      h('span', { class: 'badge' }, tag || (finding.suppressed ? 'Suppressed' : WEIGHTS[finding.weight])),
      h('span', { class: 'kind' }, kindOf(finding)),
      h('span', { class: 'message' }, finding.message),
      h('span', { class: 'aside' }, first && place(side.where(first)), h('span', { class: 'amount' }, amounts(finding)), manyProcesses && h('span', { class: 'dim' }, process.label))),
    content)
  const unfold = () => element.open && !content.childNodes.length && content.append(...body(side, process, finding).flat().filter(Boolean))
  element.addEventListener('toggle', unfold)
  element.unfold = () => { element.open = true; unfold() }
  if (open) element.unfold()
  return element
}

// ---- the list ---------------------------------------------------------------------------

const isNote = ({ finding }) => finding.weight === 'note' || finding.suppressed

export function findingsView({ side }) {
  const all = side.findings()
  const manyProcesses = side.processes.length > 1
  const notes = all.filter(isNote).length
  const kinds = [...new Set(all.map(({ finding }) => finding.kind))]
  const list = h('div', { class: 'findings' })
  const status = h('p', { class: 'found', role: 'status' })
  const more = h('button', { type: 'button', class: 'more', onclick: () => { shown += 200; draw() } })
  const state = { query: '', kind: '', notes: notes === all.length }
  let shown = FIRST

  const names = new Map()
  const textOf = (item) => {
    if (!names.has(item)) {
      const frames = [...item.finding.stacks.map((one) => one.frames), ...item.finding.edges.flatMap((edge) => [edge.held.stack, edge.wanted.stack])]
      names.set(item, [kindOf(item.finding), item.finding.message, item.process.label,
        ...frames.flatMap((reference) => (side.stack(reference)?.frames || []).map((frame) => `${frame.name} ${frame.file}`))].join(' ').toLowerCase())
    }
    return names.get(item)
  }
  function draw() {
    const fitting = all.filter((item) => (state.notes || !isNote(item)) && (!state.kind || item.finding.kind === state.kind) && (!state.query || textOf(item).includes(state.query)))
    list.replaceChildren(...fitting.slice(0, shown).map((item, i) => findingElement(side, item, { manyProcesses, open: i === 0 && fitting.length <= FIRST })))
    more.hidden = fitting.length <= shown
    more.textContent = `Show more of ${count(fitting.length - shown)}`
    status.textContent = fitting.length === all.length ? '' : `${count(fitting.length)} of ${count(all.length)} findings`
  }
  const change = (key) => (value) => { state[key] = value; shown = FIRST; draw() }
  const search = h('input', { type: 'search', placeholder: 'Filter: function, file, word …', 'aria-label': 'Filter findings by function, file or word', oninput: () => change('query')(search.value.trim().toLowerCase()) })
  draw()
  return h('div', {},
    all.length === 0 && h('p', { class: 'calm' }, 'Nothing was found.'),
    all.length > 0 && h('div', { class: 'toolbar' }, search,
      kinds.length > 1 && choice('Kind', [['', 'All'], ...kinds.map((kind) => [kind, kind])], '', change('kind')),
      notes > 0 && notes < all.length && h('label', {}, h('input', { type: 'checkbox', onchange: (event) => change('notes')(event.target.checked) }), ` ${plural(notes, 'note')} too`)),
    status, list, more)
}
