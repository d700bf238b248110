// What was found, worst first, with the stacks.
import { h, choice } from '../dom.js'
import { linkTo } from '../copy.js'
import { fragment } from '../fragment.js'
import { place, stack } from '../stack.js'
import { summed } from '../data.js'
import { nameElement, objectName } from '../names.js'
import { bytes, count, plural, seconds } from '../format.js'

const WEIGHTS = { error: 'Error', warning: 'Warning', note: 'Note' }
const FIRST = 30
const FIRST_PROCESSES = 12

/** " after 1.2 ms"; nothing of what came before the process began, in another process. */
const after = (at) => at !== null && at >= 0 && h('span', { class: 'dim' }, ` after ${seconds(at)}`)

const kindOf = (finding) => finding.kind + (finding.class ? `:${finding.class}` : '')

/** With all that was lost with it: as much as its repair would bring. */
function amounts(finding) {
  const parts = []
  const blocks = finding.blocks + finding.kept_blocks
  if (blocks) parts.push(`${bytes(finding.bytes + finding.kept_bytes)} in ${plural(blocks, 'block')}`)
  if (finding.seconds) parts.push(seconds(finding.seconds))
  if (finding.times > 1 && !finding.blocks) parts.push(`${count(finding.times)} times`)
  return parts.join(' · ')
}

/** What became of a leak's number of blocks while the program ran. */
const COURSES = { growing: 'the number of lost blocks grew all along', once: 'allocated once in this run', steady: 'the number of lost blocks did not grow in the last half of the run' }

const courseOf = ({ course }) => course && h('span', { class: `course ${course}`, title: COURSES[course] }, course)

// ---- where -------------------------------------------------------------------------------

const MOST_PLACES = 2

/** Below findings: which of their files have no names, and what brings them. */
export function missingNames(side, items) {
  return side.namesMissing(items.flatMap(({ finding }) => named(finding))).map((words) => h('p', { class: 'note' }, words))
}

/** The stacks that name a finding: where the threads of a deadlock wait, both sides of a race, the last call of a misuse. */
function named({ kind, edges, sides, stacks }) {
  if (edges.length) return edges.map((edge) => edge.wanted.stack)
  if (sides) return sides.map((one) => one.stack)
  if (kind === 'misuse') return [stacks.reduce((last, one) => ((one.at ?? 0) > (last?.at ?? 0) ? one : last), stacks[0])?.frames]
  return [stacks[0]?.frames]
}

/** What a thread that leaked runs says more than where it was made. */
function runs(process, { kind, threads }) {
  const frame = kind === 'thread-leak' && process.thread(threads[0])?.runs
  return frame?.function && [nameElement(frame.function), h('span', { class: 'dim' }, ' made in ')]
}

function places(side, { process, finding }) {
  const all = named(finding).filter(Boolean)
  return all.length > 0 && h('span', { class: 'places' }, runs(process, finding),
    all.slice(0, MOST_PLACES).map((stack, i) => [i > 0 && h('span', { class: 'dim' }, ' and '), place(side.where(stack))]),
    all.length > MOST_PLACES && h('span', { class: 'dim' }, ` and ${count(all.length - MOST_PLACES)} more`))
}

// ---- locks -------------------------------------------------------------------------------

/** "mutex queue_lock": by its variable or block where that is known, else by its address. */
const lockName = ({ what, name, address }) => [`${what} `, name ? h('code', { title: `${name}, ${address}` }, objectName(name)) : h('code', {}, address)]

// ---- the interleaving of a deadlock -------------------------------------------------------

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** A letter for each lock of the cycle, in the order of the steps. */
function letters(all) {
  const keys = [...new Set(all.map(({ lock }) => `${lock.address}/${lock.generation}`))]
  return (lock) => { const at = keys.indexOf(`${lock.address}/${lock.generation}`); return { at, letter: LETTERS[at] ?? String(at + 1) } }
}

/**
 * What each thread does, in order: [{edge, does, lock}, ...].  A deadlock that happened has its own order, by time.  One
 * that is predicted needs another order than the run had: first each thread gets its lock, then each wants the next.  A writer
 * that readers must wait behind (`ahead`) has no lock, and wants it before they do.
 */
function steps(finding) {
  const taken = finding.edges.filter((edge) => !edge.ahead).map((edge) => ({ edge, does: 'holds', lock: edge.held }))
  const wanted = finding.edges.map((edge) => ({ edge, does: 'wants', lock: edge.wanted }))
  const all = [...taken, ...wanted.filter(({ edge }) => edge.ahead), ...wanted.filter(({ edge }) => !edge.ahead)]
  const known = finding.class === 'realised' && all.every(({ edge, lock }) => lock.at !== null && !edge.pid)
  return known ? all.sort((a, b) => a.lock.at - b.lock.at) : all
}

function step(side, { edge, does, lock }, letterOf) {
  const { at, letter } = letterOf(lock)
  return h('div', { class: 'step' },
    h('p', {}, h('b', {}, does === 'holds' ? 'takes ' : 'waits for '), h('span', { class: `lock-letter colour-${at % 6}` }, letter), ' ', lockName(lock), lock.shared && ' for reading', edge.ahead && h('span', { class: 'tag' }, 'to write, ahead of readers'),
      after(lock.at), edge.inferred && does === 'holds' && h('span', { class: 'tag' }, 'inferred')),
    h('details', { class: 'kept' }, h('summary', {}, place(side.where(lock.stack))), stack(side, lock.stack)))
}

/** A column for each thread, a row for each step: time goes down. */
function interleaving(side, process, finding) {
  if (!finding.edges.length) return null
  const all = steps(finding)
  const columns = [...new Map(all.map(({ edge }) => [`${edge.pid}/${edge.thread}`, edge])).values()]
  const columnOf = (edge) => columns.findIndex((one) => one.pid === edge.pid && one.thread === edge.thread)
  const letterOf = letters(all)
  const happened = finding.class === 'realised'
  return h('section', { class: 'part' },
    h('h3', {}, happened ? 'How it happened' : 'How it can happen'),
    h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': `${happened ? 'How it happened' : 'How it can happen'}: table` },
      h('table', { class: 'interleaving', style: { '--columns': columns.length } },
        h('caption', { class: 'hidden' }, 'Steps of the threads, one below the other'),
        h('thead', {}, h('tr', {}, columns.map((edge) => h('th', { scope: 'col' }, process.threadName(edge.thread), edge.pid ? ` of process ${edge.pid}` : '')))),
        h('tbody', {}, all.map((one) => h('tr', {}, columns.map((_, i) => h('td', {}, columnOf(one.edge) === i && step(side, one, letterOf))))),
          h('tr', { class: 'end' }, h('td', { colspan: columns.length }, columns.length > 1 ? 'Each waits for the next: none can go on.' : 'It waits for itself.'))))),
    !happened && h('p', { class: 'note' }, 'In this run the threads did so at other times, which are given, and did not hang.'))
}

// ---- the two sides of a race -----------------------------------------------------------------

function locksOf(side, one) {
  if (!one.locks.length) return h('p', { class: 'dim' }, one.size ? 'held no lock' : 'held no other lock')
  return one.locks.map((lock) => h('details', { class: 'kept' },
    h('summary', {}, 'held ', lockName(lock.object), lock.shared && ' for reading', ' ', place(side.where(lock.taken))), stack(side, lock.taken, { brief: true })))
}

/** What both sides use. */
function used(side, process, about) {
  const lies = about.block_bytes !== null ? `${plural(about.into, 'byte')} into a block of ${bytes(about.block_bytes)}` : about.stack_of !== null && `on the stack of ${process.threadName(about.stack_of)}`
  return [
    lies && h('p', { class: 'note' }, `The ${about.what === 'block' || about.what === 'stack' ? 'memory' : about.what} lies ${lies}${about.allocated_by !== null ? `, which ${process.threadName(about.allocated_by)} allocated` : ''}.`),
    about.name && h('p', { class: 'note' }, 'The variable is ', h('code', {}, about.name), about.file && `, declared at ${about.file.split('/').pop()}:${about.line}`, '.'),
    about.block_bytes !== null && h('details', { class: 'kept' }, h('summary', {}, 'where the block was allocated ', place(side.where(about.allocated))), stack(side, about.allocated, { brief: true }))]
}

const CAUGHT = { met: 'when the other thread came to its own', watched: 'when the other thread made its own', value: 'and the value changed meanwhile' }

/** How a race was caught, and why it has its class; nothing for races that the calls alone show. */
function caught(finding) {
  if (!finding.reason) return null
  return h('p', { class: 'note' }, `The first thread had been stopped before its access${finding.held === null ? '' : ` for ${seconds(finding.held)}`} ${CAUGHT[finding.proof]}. It is race:${finding.class}, because ${finding.reason}.`,
    finding.before !== null && [' The value was ', h('code', {}, finding.before), ' before both accesses', finding.after !== null && [', and ', h('code', {}, finding.after), ' after them'], '.'])
}

/** Of a function of libc, the side has the name alone. */
const did = ({ sides, stacks }, i) => (stacks[i]?.label.startsWith('calls ') ? `calls ${sides[i].does}` : sides[i].does)

/** The two threads next to each other, or one above the other where that is too narrow: what each did, where, and with which locks. */
function sides(side, process, finding) {
  if (!finding.sides) return null
  const all = finding.sides.map((one, i) => ({ ...one, does: did(finding, i) }))
  const stopped = finding.reason // of a race that was caught, the first side is the thread that was stopped
  if (!stopped && all.every((one) => one.at !== null)) all.sort((a, b) => a.at - b.at)
  return h('section', { class: 'part' },
    h('h3', {}, 'The two sides'),
    h('div', { class: 'sides' }, all.map((one) => h('section', { class: 'side' },
      h('h4', {}, h('span', { class: 'dim' }, one.thread === null ? 'a thread that was not seen' : process.threadName(one.thread)), ' ', h('b', {}, one.does, one.size && ` ${plural(one.size, 'byte')}`), after(one.at)),
      one.at !== null && [stack(side, one.stack), locksOf(side, one)]))),
    used(side, process, finding.object), caught(finding))
}

// ---- what is inside of one --------------------------------------------------------------

/* A deadlock's are those of its edges, a race's those of its sides. */
function stacks(side, process, finding) {
  if (finding.edges.length || finding.sides) return []
  return finding.stacks.map((item) => h('section', { class: 'part' },
    h('h3', {}, item.label, item.thread ? h('span', { class: 'dim' }, ` ${process.threadName(item.thread)}`) : '', after(item.at)),
    stack(side, item.frames)))
}

function kept(side, finding) {
  if (!finding.kept.length) return null
  return h('section', { class: 'part' }, h('h3', {}, 'Lost with it'), finding.kept.map((item) =>
    h('details', { class: 'kept' }, h('summary', {}, `${bytes(item.bytes)} in ${plural(item.blocks, 'block')} `, place(side.where(item.frames))), stack(side, item.frames, { brief: true }))))
}

function objects(side, finding) {
  const created = finding.objects.filter((object) => object.created)
  if (finding.edges.length || finding.sides || !finding.objects.length) return null
  return h('section', { class: 'part' }, h('p', { class: 'dim' }, finding.objects.slice(0, 8).map((object) => [lockName(object), ' '])),
    created.slice(0, 2).map((object) => h('details', { class: 'kept' }, h('summary', {}, `where the ${object.what} was made `, place(side.where(object.created))), stack(side, object.created, { brief: true }))))
}

/** The processes that have it, each with its part. */
function processes(all) {
  if (all.length < 2) return null
  const line = ({ finding, process }) => h('li', {}, h('a', { href: fragment('overview', { process: process.id }) }, process.label), ' ', h('span', { class: 'dim' }, amounts(finding)))
  const list = h('ul', { class: 'in-processes' }, all.slice(0, FIRST_PROCESSES).map(line))
  const rest = all.slice(FIRST_PROCESSES)
  const more = rest.length > 0 && h('button', { type: 'button', class: 'quiet', onclick: () => { list.append(...rest.map(line)); more.remove() } }, `${count(rest.length)} more`)
  return h('section', { class: 'part' }, h('h3', {}, `In ${plural(all.length, 'process', 'processes')}`), list, more)
}

function body(side, { process, finding, all = [] }) {
  return [stacks(side, process, finding), interleaving(side, process, finding), sides(side, process, finding), kept(side, finding), objects(side, finding), processes(all),
    h('p', { class: 'dim' }, 'id ', h('code', {}, finding.id), finding.suppressed && ` · suppressed by ${finding.suppressed_by || 'a rule'}`, ' ', linkTo(fragment('findings', { id: finding.id }), 'finding'))]
}

// ---- findings at one place ------------------------------------------------------------------

const PARTS_AT_ONCE = 20

/** What is the same of findings that share a row: their kind, their places, and in how many processes they are; null: no place is known. */
function rowKey(side, { process, finding, all }) {
  const at = named(finding).map((stack) => side.placeKey(stack))
  const { kind, class: name, weight, suppressed, suppressed_by: by, threads } = finding
  return at.some(Boolean) ? JSON.stringify([kind, name, weight, suppressed, by, all.length, process.exe, at, kind === 'thread-leak' && process.thread(threads[0])?.runs?.function]) : null
}

/** Items of findings() that share a row are one, with their sums: {...the first of them, parts: [item, ...]}. */
export function folded(side, items) {
  const rows = []
  const byKey = new Map()
  for (const item of items) {
    const key = rowKey(side, item)
    const row = key !== null && byKey.get(key)
    if (row) {
      row.parts.push(item)
      continue
    }
    rows.push({ ...item, parts: [item] })
    if (key !== null) byKey.set(key, rows[rows.length - 1])
  }
  return rows.map((row) => (row.parts.length > 1 ? { ...summed({ ...row, all: row.parts }), all: row.all } : row))
}

/** The findings of a row, the first of them open. */
function parts(side, items) {
  const holder = h('div', { class: 'findings' })
  const more = h('button', { type: 'button', class: 'more', onclick: () => draw() })
  const draw = () => {
    const done = holder.children.length
    holder.append(...items.slice(done, done + PARTS_AT_ONCE).map((item, i) => findingElement(side, item, { open: done + i === 0 })))
    more.hidden = holder.children.length >= items.length
    more.textContent = `Show more of ${count(items.length - holder.children.length)}`
  }
  draw()
  return [holder, more]
}

/** What a row's message is about, where that is a part of what the row is about. */
function part({ finding, all = [], parts: items = [] }) {
  if (items.length > 1) return ` (the ${finding.blocks ? 'largest' : 'first'} of ${count(items.length)} at this place)`
  return all.length > 1 && (finding.blocks > 0 || finding.times > 1) ? ` (in the first of ${plural(all.length, 'process', 'processes')})` : ''
}

// ---- one finding, or row of them ------------------------------------------------------------

/** Which process has it: nothing where there is but one. */
function whose(side, item) {
  if (side.processes.length < 2) return null
  if (!item.all) return item.process.label
  const places = new Set((item.parts || []).map(({ process }) => process)).size
  if (item.all.length === 1 && places > 1) return `in ${count(places)} processes`
  const [number, of] = side.spread(item)
  return of > 1 && number > 1 ? `in ${count(number)} of ${plural(of, 'process', 'processes')} of ${item.process.exe}` : item.process.label
}

/** To be opened.  item: {finding, process, all}, or of a row `parts`, too; tag: a word in front; words: instead of its amounts. */
export function findingElement(side, item, { tag, words, open } = {}) {
  const { finding } = item
  const rowOfMany = item.parts?.length > 1
  const amount = words ?? amounts(finding)
  const owner = whose(side, item)
  const content = h('div', { class: 'finding-body' })
  const element = h('details', { class: `finding ${finding.suppressed ? 'note' : finding.weight}`, 'data-id': finding.id },
    h('summary', {},
      h('span', { class: 'badge' }, tag || (finding.suppressed ? 'Suppressed' : WEIGHTS[finding.weight])),
      h('span', { class: 'kind' }, kindOf(finding)),
      h('span', { class: 'message' }, finding.message, h('span', { class: 'dim' }, part(item))),
      h('span', { class: 'aside' }, places(side, item), courseOf(finding), amount && h('span', { class: 'amount' }, amount), owner && h('span', { class: 'dim' }, owner))),
    content)
  const unfold = () => element.open && !content.childNodes.length && content.append(...(rowOfMany ? parts(side, item.parts) : body(side, item).flat().filter(Boolean)))
  element.addEventListener('toggle', unfold)
  element.unfold = () => { element.open = true; unfold() }
  if (open) element.unfold()
  return element
}

// ---- the list ---------------------------------------------------------------------------

const isNote = ({ finding }) => finding.weight === 'note' || finding.suppressed

class FindingList {
  constructor(page) {
    this.side = page.side
    this.page = page
    this.all = page.side.findings()
    this.notes = this.all.filter(isNote).length
    this.state = { query: '', kind: '', process: '', notes: this.notes === this.all.length }
    this.shown = FIRST
    this.names = new Map()
    this.list = h('div', { class: 'findings' })
    this.status = h('p', { class: 'found', role: 'status' })
    this.more = h('button', { type: 'button', class: 'more', onclick: () => { this.shown += 200; this.#draw() } })
    this.filters = h('div', { class: 'toolbar' })
    this.element = h('div', {},
      this.all.length === 0 && h('p', { class: 'calm' }, 'Nothing was found.'),
      this.all.length > 0 && this.#toolbar(), this.filters, this.status, this.list, this.more)
    this.element.reveal = (values) => values.has('id') && this.#reveal(values.get('id'))
    this.#draw()
  }

  #toolbar() {
    this.search = h('input', { type: 'search', placeholder: 'Filter: function, file, word …', 'aria-label': 'Filter findings by function, file or word', oninput: () => this.#change({ query: this.search.value.trim().toLowerCase() }) })
    this.box = h('input', { type: 'checkbox', checked: this.state.notes, onchange: () => this.#change({ notes: this.box.checked }) })
    return h('div', { class: 'toolbar' }, this.search, this.notes > 0 && this.notes < this.all.length && h('label', {}, this.box, ` ${plural(this.notes, 'note')} too`))
  }

  #change(change) {
    Object.assign(this.state, change)
    this.shown = FIRST
    this.#draw()
  }

  #textOf(item) {
    if (!this.names.has(item)) {
      const frames = [...item.finding.stacks.map((one) => one.frames), ...item.finding.edges.flatMap((edge) => [edge.held.stack, edge.wanted.stack])]
      this.names.set(item, [item.finding.id, kindOf(item.finding), item.finding.message, ...item.all.map(({ process }) => process.label),
        ...frames.flatMap((reference) => (this.side.stack(reference)?.frames || []).map((frame) => `${frame.name} ${frame.file}`))].join(' ').toLowerCase())
    }
    return this.names.get(item)
  }

  /** Those that all filters but the named one let through. */
  #fitting(except, notes = this.state.notes) {
    const { kind, process, query } = this.state
    return this.all.filter((item) => (notes || !isNote(item)) && (except === 'kind' || !kind || item.finding.kind === kind)
      && (except === 'process' || !process || item.all.some((one) => one.process === this.page.process)) && (!query || this.#textOf(item).includes(query)))
  }

  /** Filters say how many they would leave. */
  #drawFilters() {
    const numbers = new Map()
    const items = this.#fitting('kind')
    for (const { finding } of items) numbers.set(finding.kind, (numbers.get(finding.kind) || 0) + 1)
    if (this.state.kind && !numbers.has(this.state.kind)) numbers.set(this.state.kind, 0)
    const label = (word, number) => [word, ' ', h('span', { class: 'count' }, count(number))]
    const kinds = (numbers.size > 1 || this.state.kind) && choice('Kind', [['', label('All', items.length)], ...[...numbers].map(([kind, number]) => [kind, label(kind, number)])], this.state.kind, (kind) => this.#change({ kind }))
    const { process } = this.page
    const here = process && this.side.processes.length > 1 && this.#fitting('process')
    const processes = here && choice('Process', [['', label('All processes', here.length)], ['one', label(process.label, here.filter((item) => item.all.some((one) => one.process === process)).length)]], this.state.process, (value) => this.#change({ process: value }))
    const focused = document.activeElement?.closest('.choice') && this.filters.contains(document.activeElement) ? document.activeElement.dataset.value : null
    this.filters.replaceChildren(kinds || '', processes || '')
    if (focused !== null) this.filters.querySelector(`[data-value='${CSS.escape(focused)}'][aria-pressed='true']`)?.focus()
    this.filters.hidden = !kinds && !processes
  }

  #draw() {
    const fitting = this.#fitting()
    this.rows = folded(this.side, fitting)
    this.list.replaceChildren(...this.rows.slice(0, this.shown).map((row, i) => findingElement(this.side, row, { open: i === 0 && this.rows.length <= FIRST })))
    this.more.hidden = this.rows.length <= this.shown
    this.more.textContent = `Show more of ${count(this.rows.length - this.shown)}`
    this.status.textContent = fitting.length === this.all.length ? '' : `${count(fitting.length)} of ${plural(this.all.length, 'finding')}${this.#hidden(fitting)}`
    if (this.all.length) this.#drawFilters()
  }

  /** A search says of notes that are left out how many it would find. */
  #hidden(fitting) {
    if (this.state.notes || !this.state.query) return ''
    const more = this.#fitting(null, true).length - fitting.length
    return more ? `; ${plural(more, 'note')} ${more === 1 ? 'fits' : 'fit'}, too` : ''
  }

  /** Of a row that is open: the innermost element, since a row has the id of its first finding. */
  #elementOf(row, id) {
    return [...row.querySelectorAll(`[data-id='${CSS.escape(id)}']`)].pop() ?? (row.dataset.id === id ? row : undefined)
  }

  /** Shows the finding that a link names, whatever was filtered. */
  #reveal(id) {
    const item = this.all.find(({ finding }) => finding.id === id)
    if (!item) {
      this.status.textContent = `This run has no finding ${id}.`
      return
    }
    Object.assign(this.state, { query: '', kind: '', process: '', notes: this.state.notes || isNote(item) })
    this.search.value = ''
    this.box.checked = this.state.notes
    const at = folded(this.side, this.#fitting()).findIndex((row) => row.parts.includes(item))
    this.shown = Math.max(FIRST, at + 1)
    this.#draw()
    const row = this.list.children[at]
    row.unfold()
    while (!this.#elementOf(row, id)) row.querySelector('.more').click()
    const element = this.#elementOf(row, id)
    element.unfold()
    element.scrollIntoView({ block: 'start' })
    element.querySelector('summary').focus({ preventScroll: true })
  }
}

export const findingsView = (page) => new FindingList(page).element
