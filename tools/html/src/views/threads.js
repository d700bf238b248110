// Every thread's life, with its waits.
import { h, section } from '../dom.js'
import { Table } from '../table.js'
import { place, stack } from '../stack.js'
import { nameElement, objectName } from '../names.js'
import { isLock } from './overview.js'
import { count, plural, seconds } from '../format.js'

const FIRST = 60
const LONGEST_OF_INTERVALS = 4096

const nameOf = (process, thread) => process.threadLabel(thread) ?? `thread ${thread.id}`

/** In a list: threads that share a name are told apart by their numbers. */
const numbered = (process, thread) => (thread.name || thread.main || !thread.runs?.function ? nameOf(process, thread) : `${nameOf(process, thread)} (${thread.id})`)

function waitsByThread(process) {
  const { what, thread, began, took, other, class: lockClass } = process.intervals
  const locks = new Set((process.info.lock_classes || []).filter(isLock).map((one) => one.id))
  const byThread = new Map()
  for (let i = 0; i < what.length; i++) {
    const id = thread.at(i)
    if (!byThread.has(id)) byThread.set(id, [])
    const word = process.texts[what.at(i)]
    byThread.get(id).push({ what: word === 'wait' && !locks.has(lockClass.at(i)) ? 'idle' : word, began: began.at(i) / 1e9, seconds: took.at(i) / 1e9, other: other.at(i) })
  }
  return byThread
}

class Timeline {
  constructor(process) {
    this.process = process
    this.threads = [...process.info.threads].sort((a, b) => (a.created_at ?? 0) - (b.created_at ?? 0))
    this.waits = waitsByThread(process)
    this.end = Math.max(process.info.end.at || 0, ...this.threads.map((thread) => thread.ended_at || 0)) || 1
    this.range = [0, this.end]
    this.shown = FIRST
    this.rows = h('div', { class: 'lanes', role: 'group', 'aria-label': 'Threads over time: arrow keys move', onkeydown: (event) => this.#key(event) })
    this.axis = h('div', { class: 'axis', 'aria-hidden': 'true' })
    this.detail = h('p', { class: 'flame-detail hint', role: 'status' }, 'Point at a wait or a thread, or move with the arrow keys.')
    this.more = h('button', { type: 'button', class: 'more', onclick: () => { this.shown = this.threads.length; this.draw() } })
    const zoom = (factor, shift = 0) => () => this.zoom(factor, shift)
    this.element = h('div', {},
      h('div', { class: 'toolbar' }, h('div', { class: 'choice', role: 'group', 'aria-label': 'Time that is shown' },
        h('button', { type: 'button', onclick: zoom(0.5) }, 'Zoom in'), h('button', { type: 'button', onclick: zoom(2) }, 'Zoom out'),
        h('button', { type: 'button', onclick: zoom(1, -0.5) }, 'Earlier'), h('button', { type: 'button', onclick: zoom(1, 0.5) }, 'Later'),
        h('button', { type: 'button', onclick: zoom(Infinity) }, 'All'))),
      h('p', { class: 'legend' }, [['life', 'lives'], ['wait', 'waits for a lock'], ['idle', 'waits for other threads'], ['hold', 'holds a lock'], ['stuck', 'blocked until the end']].map(
        ([kind, words]) => h('span', { class: 'whole-line' }, h('span', { class: `swatch ${kind}` }), ` ${words}`))),
      this.detail, this.axis, this.rows, this.more)
    this.draw()
  }

  zoom(factor, shift) {
    const [from, to] = this.range
    const wide = Math.min(this.end, (to - from) * factor)
    const middle = (from + to) / 2 + shift * (to - from)
    const start = Math.min(Math.max(0, middle - wide / 2), this.end - wide)
    this.range = [start, start + wide]
    this.draw()
  }

  bar(kind, from, to, words) {
    const [first, last] = this.range
    const left = Math.max(from, first)
    const right = Math.min(to, last)
    if (right < left || from > last || to < first) return null
    const scale = 100 / (last - first)
    return h('span', { class: `lane-bar ${kind}`, style: { left: `${(left - first) * scale}%`, width: `max(1px, ${(right - left) * scale}%)` },
      title: words, onmouseenter: () => (this.detail.textContent = words) })
  }

  lane(thread) {
    const from = thread.created_at ?? 0
    const to = thread.ended_at ?? this.end
    const spans = this.waits.get(thread.id) || []
    const told = (span) => span.what === 'hold' ? `held a lock for ${seconds(span.seconds)}, from ${seconds(span.began)}`
      : `waited ${seconds(span.seconds)}, from ${seconds(span.began)}${span.other ? `, for ${this.process.threadName(span.other)}` : ''}`
    const name = numbered(this.process, thread)
    const parts = [this.bar('life', from, to, `${name}: from ${seconds(from)} to ${thread.ended_at === null ? 'the end' : seconds(to)}, ${thread.state_at_end}`),
      ...['hold', 'idle', 'wait'].flatMap((what) => spans.filter((span) => span.what === what).map((span) => this.bar(what, span.began, span.began + span.seconds, `${name} ${told(span)}`)))]
    if (thread.blocked) parts.push(this.bar('stuck', thread.blocked.since ?? to, to, `${name} was blocked on ${blockedOn(this.process, thread)} at the end, since ${seconds(thread.blocked.since)}`))
    const waits = spans.filter((span) => span.what !== 'hold')
    const sum = waits.reduce((total, span) => total + span.seconds, 0)
    const words = `${name}: ${seconds(from)} to ${seconds(to)}, ${thread.state_at_end}${waits.length ? `; ${plural(waits.length, 'wait')}, ${seconds(sum)} in all` : ''}${thread.blocked ? `; blocked on ${blockedOn(this.process, thread)}` : ''}`
    return h('div', { class: 'lane', role: 'img', tabindex: '-1', 'aria-label': words, onfocus: () => (this.detail.textContent = words) },
      h('span', { class: 'lane-name', title: name }, name), h('span', { class: 'lane-track' }, parts))
  }

  /** The arrow keys go from lane to lane, of which the tab key reaches the last one that had the focus. */
  #key(event) {
    const lane = event.target.closest('.lane')
    const next = { ArrowDown: lane?.nextElementSibling, ArrowUp: lane?.previousElementSibling }[event.key]
    if (!next) return
    event.preventDefault()
    lane.setAttribute('tabindex', '-1')
    next.setAttribute('tabindex', '0')
    next.focus()
  }

  draw() {
    const [from, to] = this.range
    this.axis.replaceChildren(...[0, 0.25, 0.5, 0.75, 1].map((part) => h('span', {}, seconds(from + part * (to - from)))))
    this.rows.replaceChildren(...this.threads.slice(0, this.shown).map((thread) => this.lane(thread)))
    this.rows.firstChild?.setAttribute('tabindex', '0')
    this.more.hidden = this.threads.length <= this.shown
    this.more.textContent = `Show all ${count(this.threads.length)} threads`
  }
}

/** "mutex queue_lock", "thread 2 (reloader)": a thread that joins waits for another. */
function blockedOn(process, { blocked }) {
  if (blocked.on === 'thread' && blocked.owner) return process.threadName(blocked.owner)
  return blocked.name ? `${blocked.on} ${objectName(blocked.name)}` : blocked.on
}

/** What opens below a thread: where it was made, and where it was blocked. */
function threadDetail(side, process, thread) {
  if (thread.main && !thread.blocked) return h('p', { class: 'dim' }, 'The process began with this thread.')
  return h('div', { class: 'columns' },
    !thread.main && h('section', {}, h('h4', {}, `${numbered(process, thread)} was made here`, thread.created_by ? h('span', { class: 'dim' }, ` by ${process.threadName(thread.created_by)}`) : ''), stack(side, thread.stack)),
    thread.blocked && h('section', {}, h('h4', {}, `${numbered(process, thread)} was blocked on ${blockedOn(process, thread)} here`), stack(side, thread.blocked.stack)))
}

/** rows: [{process, thread}, ...] */
function threadTable(page, rows) {
  const { side, shown } = page
  const fate = ({ thread }) => thread.main ? 'main' : thread.joined ? 'joined' : thread.detached ? 'detached' : 'not joined'
  const time = (name, key) => ({ name, number: true, value: ({ thread }) => thread[key], show: (_, value) => seconds(value) })
  return new Table([
    { name: 'Name', value: ({ process, thread }) => nameOf(process, thread) },
    shown.length > 1 && { name: 'Process', whole: true, value: ({ process }) => process.label },
    { name: 'Thread', number: true, value: ({ thread }) => thread.id },
    { name: 'Made in', value: ({ thread }) => side.where(thread.stack)?.name || '', show: ({ thread }) => (thread.stack ? place(side.where(thread.stack)) : '–') },
    rows.some(({ thread }) => thread.name && thread.runs?.function) && { name: 'Runs', value: ({ thread }) => thread.runs?.function || '', show: ({ thread }) => (thread.runs?.function ? nameElement(thread.runs.function) : '–') },
    time('From', 'created_at'), time('To', 'ended_at'),
    { name: 'At the end', value: ({ process, thread }) => (thread.blocked ? `blocked on ${blockedOn(process, thread)}` : thread.state_at_end) },
    { name: 'Fate', whole: true, value: fate },
    { name: 'Events', number: true, value: ({ thread }) => thread.events, show: (_, value) => count(value) },
  ].filter(Boolean), rows, { caption: 'Threads', detail: ({ process, thread }) => threadDetail(side, process, thread) }).element
}

export function threadsView(page) {
  const { process, shown } = page
  const rows = shown.flatMap((one) => (one.info.threads || []).map((thread) => ({ process: one, thread })))
  const waits = process && process.intervals.what.length >= LONGEST_OF_INTERVALS && h('p', { class: 'note' }, `The longest ${count(LONGEST_OF_INTERVALS)} waits and holds are drawn.`)
  return h('div', {}, process && section('Timeline', new Timeline(process).element, waits), section(plural(rows.length, 'thread'), threadTable(page, rows)),
    !process && h('p', { class: 'note' }, 'Choose one process to see the waits of its threads over time.'))
}
