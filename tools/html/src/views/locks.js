// Locks: in which order they were taken, who waited, who held.
import dagre from '@dagrejs/dagre'
import { choice, h, s, section } from '../dom.js'
import { Table } from '../table.js'
import { findingElement } from './findings.js'
import { objectName, shortName } from '../names.js'
import { place, stack } from '../stack.js'
import { count, plural, seconds } from '../format.js'
import { fileLine } from '../data.js'

const LETTER = 6.6 // pixels of a letter in a box, at most
const [NARROWEST_BOX, WIDEST_BOX] = [180, 320]
const NODE_HEIGHT = 60
const LOOP_HEIGHT = 36
const SMALLEST = 0.7 // scale of a picture that is made to fit
const MOST_EDGES = 60

const keyOf = (lock) => `${lock.address}/${lock.generation}`
const isLoop = (edge) => edge.from === edge.to
const same = (stack, other) => stack && other && stack[0] === other[0] && stack[1] === other[1]
const cyclesOf = (process) => (process.info.findings || []).filter((finding) => finding.kind === 'deadlock' && finding.edges.length)

// ---- graphs: {nodes: Map key -> {name, where: {words, file}}, edges: [{from, to, text, title, findings: Set of those it is part of}]}

/** Where locks were made, or else first used, by their keys. */
function origins(process) {
  return new Map((process.info.locks || []).map((lock) => [keyOf(lock), lock.created ? ['made in', lock.created] : ['first taken in', lock.first_used]]))
}

function placed(side, word, stack) {
  const frame = side.where(stack)
  return frame ? { words: `${word} ${shortName(frame.name)}`, file: fileLine(frame) } : { words: 'place not known', file: '' }
}

const sentence = ({ words, file }) => `${words} ${file}`.trim()

function lockNode(side, origin, lock) {
  const [word, stack] = origin.get(keyOf(lock)) || (lock.created ? ['made in', lock.created] : ['taken in', lock.stack])
  return { name: `${lock.what} ${(lock.name && objectName(lock.name)) || `${lock.address}${lock.generation ? ` #${lock.generation + 1}` : ''}`}`, where: placed(side, word, stack) }
}

/** The locks of these deadlocks. */
function cycleGraph(side, process, findings) {
  const origin = origins(process)
  const nodes = new Map()
  const edges = new Map()
  for (const finding of findings)
    for (const edge of finding.edges) {
      for (const lock of [edge.held, edge.wanted]) if (!nodes.has(keyOf(lock))) nodes.set(keyOf(lock), lockNode(side, origin, lock))
      const name = `${keyOf(edge.held)}>${keyOf(edge.wanted)}`
      if (!edges.has(name)) edges.set(name, { from: keyOf(edge.held), to: keyOf(edge.wanted), threads: new Set(), findings: new Set(), frame: side.where(edge.wanted.stack) })
      edges.get(name).threads.add(process.threadName(edge.thread))
      edges.get(name).findings.add(finding)
    }
  return { nodes, edges: [...edges.values()].map((edge) => ({ ...edge, text: [...edge.threads].join(', '),
    title: `${[...edge.threads].join(', ')} held the first and wanted the second${edge.frame ? `, in ${edge.frame.name}` : ''}` })) }
}

/** What locks are called in a picture of all: the same kind, made in the same place. */
function groups(side, process) {
  const byClass = new Map()
  const byName = new Map()
  for (const one of process.info.lock_classes) {
    const where = placed(side, one.initialised ? 'made in' : 'first taken in', one.stack)
    const name = `${one.kind} ${sentence(where)}`
    if (!byName.has(name)) byName.set(name, { key: name, kind: one.kind, where, locks: 0 })
    byName.get(name).locks += one.locks
    byClass.set(one.id, byName.get(name))
  }
  return byClass
}

/** All orders, by where locks were made; those of the given findings are always among them. */
function placeGraph(side, process, findings) {
  const byClass = groups(side, process)
  const unknown = { key: '?', kind: 'lock', where: placed(side), locks: 1 }
  const steps = findings.flatMap((finding) => finding.edges.map((edge) => ({ finding, edge })))
  const edges = new Map()
  for (const order of process.info.lock_orders) {
    const [from, to] = [order.held, order.wanted].map((id) => byClass.get(id) || unknown)
    const name = `${from.key}>${to.key}`
    if (!edges.has(name)) edges.set(name, { from: from.key, to: to.key, ends: [from, to], places: 0, findings: new Set(), order })
    const edge = edges.get(name)
    edge.places++
    for (const { finding, edge: step } of steps) if (same(step.held.stack, order.held_stack) && same(step.wanted.stack, order.wanted_stack)) edge.findings.add(finding)
  }
  const all = [...edges.values()]
  const shown = [...all.filter((edge) => edge.findings.size), ...all.filter((edge) => !edge.findings.size)].slice(0, MOST_EDGES)
  const nodes = new Map()
  for (const { key, kind, where, locks } of shown.flatMap((edge) => edge.ends)) nodes.set(key, { name: locks > 1 ? `${count(locks)} locks: ${kind}` : kind, where })
  return { nodes, left: all.length - shown.length, edges: shown.map((edge) => ({ ...edge, text: plural(edge.places, 'place'),
    title: `${process.threadName(edge.order.thread)} was the first to hold one of the first and want one of the second, ${sentence(placed(side, 'in', edge.order.wanted_stack))}` })) }
}

// ---- drawing ----------------------------------------------------------------------------

/** From left to right, or from the top down where the page is too narrow for two boxes beside each other. */
function layOut({ nodes, edges }) {
  const graph = new dagre.graphlib.Graph({ multigraph: true })
  const narrow = matchMedia('(max-width: 48rem)').matches
  graph.setGraph({ rankdir: narrow ? 'TB' : 'LR', nodesep: edges.some(isLoop) ? 2 * LOOP_HEIGHT : 36, ranksep: narrow ? 60 : 100, marginx: 16, marginy: 24 + LOOP_HEIGHT })
  graph.setDefaultEdgeLabel(() => ({}))
  const width = boxWidth(nodes)
  for (const key of nodes.keys()) graph.setNode(String(key), { key, width, height: NODE_HEIGHT })
  edges.filter((edge) => !isLoop(edge)).forEach((edge, i) => graph.setEdge(String(edge.from), String(edge.to), { edge, width: 90, height: 16, labelpos: 'c' }, String(i)))
  dagre.layout(graph)
  return graph
}

const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)
/** Its end tells more: the line of a file. */
const shortStart = (text, most) => (text.length > most ? `…${text.slice(text.length - most + 1)}` : text)

/** As wide as the texts of the boxes need. */
function boxWidth(nodes) {
  const longest = Math.max(0, ...[...nodes.values()].flatMap(({ name, where }) => [1.1 * name.length, where.words.length, where.file.length]))
  return Math.min(WIDEST_BOX, Math.max(NARROWEST_BOX, Math.ceil(24 + longest * LETTER)))
}

function drawNode({ name, where }, { x, y, width }) {
  const letters = Math.floor((width - 24) / LETTER)
  return s('g', { class: 'lock', transform: `translate(${x - width / 2},${y - NODE_HEIGHT / 2})` },
    s('title', {}, `${name}, ${sentence(where)}`),
    s('rect', { width, height: NODE_HEIGHT, rx: 6 }),
    s('text', { x: 12, y: 18, class: 'lock-name' }, short(name, letters)),
    s('text', { x: 12, y: 35, class: 'lock-where' }, short(where.words, letters)),
    s('text', { x: 12, y: 51, class: 'lock-where' }, shortStart(where.file, letters)))
}

function drawEdge({ points, x, y, edge }, lit) {
  return drawPath(edge, points.map((point, i) => `${i ? 'L' : 'M'}${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(''), { x, y: y - 8 }, lit)
}

function drawPath(edge, path, { x, y }, lit) {
  return s('g', { class: `order ${lit ? 'lit' : ''}` }, s('title', {}, edge.title),
    s('path', { d: path, 'marker-end': `url(#${lit ? 'arrow-lit' : 'arrow'})` }),
    s('text', { x, y, 'text-anchor': 'middle' }, short(edge.text, 30)))
}

/** From a box to itself: below it. */
function drawLoop(edge, { x, y }, lit) {
  const [left, right, top] = [x - 60, x + 60, y + NODE_HEIGHT / 2]
  return drawPath(edge, `M${left},${top}C${left},${top + LOOP_HEIGHT} ${right},${top + LOOP_HEIGHT} ${right},${top}`, { x, y: top + LOOP_HEIGHT / 2 + 4 }, lit)
}

/** chosen: a deadlock, the edges of which are highlighted, or null. */
function picture(process, data, chosen) {
  const graph = layOut(data)
  const { width, height } = graph.graph()
  const arrow = (id) => s('marker', { id, viewBox: '0 0 8 8', refX: 8, refY: 4, markerWidth: 8, markerHeight: 8, orient: 'auto' }, s('path', { d: 'M0,0 L8,4 L0,8 z' }))
  const edges = graph.edges().map((key) => graph.edge(key))
  const loops = data.edges.filter(isLoop)
  const lit = ({ edge }) => edge.findings.has(chosen)
  return s('svg', { class: 'orders', viewBox: `0 0 ${width} ${height}`, width, height, style: { 'max-width': `max(100%, ${(width * SMALLEST).toFixed(0)}px)` }, role: 'img', 'aria-label': words(process, data, chosen) },
    s('defs', {}, arrow('arrow'), arrow('arrow-lit')),
    edges.filter((edge) => !lit(edge)).map((edge) => drawEdge(edge, false)), edges.filter(lit).map((edge) => drawEdge(edge, true)),
    loops.map((edge) => drawLoop(edge, graph.node(String(edge.from)), lit({ edge }))),
    graph.nodes().map((key) => drawNode(data.nodes.get(graph.node(key).key), graph.node(key))))
}

function words(process, data, chosen) {
  const what = `Lock order: ${plural(data.nodes.size, 'lock or class of locks', 'locks or classes of locks')}, ${plural(data.edges.length, 'order')}.`
  if (!chosen) return what
  const called = ({ what, name, address }) => `${what} ${name || address}`
  const steps = chosen.edges.map((edge) => `${process.threadName(edge.thread)} held ${called(edge.held)} and wanted ${called(edge.wanted)}`)
  return `${what} The cycle: ${steps.join('; ')}.`
}

/** Of the cycles' locks, or of all classes of locks. */
function orderGraph(side, process) {
  const found = cyclesOf(process)
  const { lock_orders: orders } = process.info
  if (!found.length && !orders.length) return h('p', { class: 'calm' }, 'No thread waited for a lock, or took one, while it held another.')
  const holder = h('div', { class: 'table-scroll order-graph', tabindex: '0', role: 'region', 'aria-label': 'Lock order graph' })
  const note = h('p', { class: 'note' })
  const below = h('div')
  const state = { all: !found.length, chosen: found[0] ?? null }
  /** The first box of the chosen cycle is in sight, or else the box that is farthest to the left. */
  const scrollToIt = () => {
    const place = (one) => one.getBoundingClientRect()
    const leftmost = (selector) => [...holder.querySelectorAll(selector)].map(place).sort((a, b) => a.left - b.left || a.top - b.top)[0]
    const box = leftmost('.lock rect')
    if (!box) return
    const arrow = leftmost('.order.lit > path')
    const [left, top] = arrow ? [arrow.left - box.width, arrow.top] : [box.left, box.top]
    holder.scrollBy(left - place(holder).left - 30, top - place(holder).top - 60)
  }
  const draw = () => {
    const data = state.all ? placeGraph(side, process, found) : cycleGraph(side, process, found.length > MOST_EDGES / 4 ? [state.chosen] : found)
    holder.replaceChildren(picture(process, data, state.chosen))
    requestAnimationFrame(scrollToIt) // once it is laid out
    note.textContent = !state.all ? 'Locks of the cycles that were found. An arrow leads from the lock that was held to the one that was wanted.'
      : `Locks that were made in one place, or else first taken there, are one box.${found.length ? '' : ' So arrows in a circle need not be a cycle of locks; none was found.'}${data.left ? ` ${count(data.left)} more pairs of such places are in the table below only.` : ''}`
    below.replaceChildren(...(state.chosen ? [findingElement(side, { finding: state.chosen, process })] : []))
  }
  const select = found.length > 1 && h('select', { 'aria-label': 'Cycle that is highlighted', onchange: () => { state.chosen = found[select.value]; draw() } },
    found.map((finding, i) => h('option', { value: i }, `${finding.class}: ${short(finding.message, 100)}`)))
  const which = found.length > 0 && orders.length > 0 && choice('What is drawn', [['cycles', 'Cycles'], ['all', 'All orders']], 'cycles', (value) => { state.all = value === 'all'; draw() })
  draw()
  return h('div', {}, (select || which) && h('div', { class: 'toolbar' }, which, select), holder, note, below)
}

// ---- tables -----------------------------------------------------------------------------

const time = (name, key) => ({ name, number: true, value: (row) => row[key], show: (_, value) => seconds(value) })
const number = (name, key) => ({ name, number: true, value: (row) => row[key], show: (_, value) => count(value) })
const where = (side, name, key) => ({ name, value: (row) => { const frame = side.where(row[key]); return frame ? `${frame.name} ${frame.file}` : '' }, show: (row) => place(side.where(row[key])) })

/** Rows that read alike are one: {...first, parts: [row, ...]}.  places: keys of stacks; others: of what else tells rows
 * apart; sums: of numbers to add up; longest: of a number of which the largest is kept, with the keys in `then`. */
function merged(side, rows, { places, others = [], sums, longest = [], then = [] }) {
  const byKey = new Map()
  for (const row of rows) {
    const key = [...places.map((name) => side.placeKey(row[name])), ...others.map((name) => row[name])].join('\n\n')
    const one = byKey.get(key)
    if (!one) {
      byKey.set(key, { ...row, parts: [row] })
      continue
    }
    one.parts.push(row)
    for (const name of sums) one[name] += row[name]
    for (const [i, name] of longest.entries()) {
      if (row[name] <= one[name]) continue
      one[name] = row[name]
      if (i === 0) for (const other of then) one[other] = row[other]
    }
  }
  return [...byKey.values()]
}

const PARTS_AT_ONCE = 5

/** What opens below a row: its stacks beside each other, of each row that was merged into it.  parts: [[words, key of the stack], ...] */
const stacks = (side, parts) => (row) => {
  const one = (of) => h('div', { class: 'columns' }, parts.filter(([, key]) => of[key]).map(([words, key]) => h('section', {}, h('h4', {}, words), stack(side, of[key]))))
  const holder = h('div', {}, one(row.parts[0]))
  let shown = 1
  const more = row.parts.length > 1 && h('button', { type: 'button', class: 'more', onclick: () => { shown += PARTS_AT_ONCE; draw() } })
  const draw = () => {
    const next = row.parts.slice(holder.children.length, shown)
    holder.append(...next.map(one))
    more.hidden = shown >= row.parts.length
    more.textContent = `Show more stacks of the other ${count(row.parts.length - shown)}`
  }
  if (more) draw()
  return h('div', {}, holder, more)
}

function classTable(side, process) {
  const rows = merged(side, process.info.lock_classes, { places: ['stack'], others: ['kind', 'initialised'],
    sums: ['locks', 'acquisitions', 'contended', 'wait_seconds', 'hold_seconds'], longest: ['wait_longest', 'hold_longest'] })
  return new Table([
    where(side, 'Made, or first used, in', 'stack'), { name: 'Kind', value: (row) => row.kind }, number('Locks', 'locks'), number('Acquisitions', 'acquisitions'), number('Contended', 'contended'),
    time('Waited', 'wait_seconds'), time('Longest wait', 'wait_longest'), time('Held', 'hold_seconds'), time('Longest hold', 'hold_longest'),
  ], rows, { caption: 'Locks by the place that made them', sort: 5, detail: stacks(side, [['Made, or first used, here', 'stack']]) }).element
}

function waitTable(side, process) {
  const rows = merged(side, process.info.lock_waits, { places: ['stack', 'holder_stack'], sums: ['waits', 'wait_seconds'], longest: ['wait_longest'], then: ['thread', 'holder'] })
  return new Table([
    where(side, 'Waited in', 'stack'), where(side, 'Holder took it in', 'holder_stack'), number('Waits', 'waits'), time('Waited', 'wait_seconds'), time('Longest', 'wait_longest'),
    { name: 'Longest by', value: (row) => process.threadName(row.thread) }, { name: 'For', value: (row) => (row.holder ? process.threadName(row.holder) : 'not known') },
  ], rows, { caption: 'Who waited for whom', sort: 3, detail: stacks(side, [['Waited here', 'stack'], ['The lock was taken, or the wait was ended, here', 'holder_stack']]) }).element
}

function holdTable(side, process) {
  const rows = merged(side, process.info.lock_holds, { places: ['stack'], sums: ['holds', 'hold_seconds'], longest: ['hold_longest'], then: ['thread'] })
  return new Table([where(side, 'Taken in', 'stack'), number('Holds', 'holds'), time('Held', 'hold_seconds'), time('Longest', 'hold_longest'), { name: 'Longest by', value: (row) => process.threadName(row.thread) }],
    rows, { caption: 'How long locks were held', sort: 2, detail: stacks(side, [['Taken here', 'stack']]) }).element
}

/** Orders that read alike are one row, with how many there were: classes of locks and stacks may differ. */
function orderSection(side, process) {
  const kinds = new Map(process.info.lock_classes.map((one) => [one.id, one.kind]))
  const orders = process.info.lock_orders.map((one) => ({ ...one, heldKind: kinds.get(one.held) || 'lock', wantedKind: kinds.get(one.wanted) || 'lock' }))
    .sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity)) // of those that are merged, the first says by which thread
  const rows = merged(side, orders, { places: ['held_stack', 'wanted_stack'], others: ['heldKind', 'wantedKind'], sums: ['pairs'] })
  const lock = (name, key, kind) => {
    const column = where(side, name, key)
    return { ...column, value: (row) => `${row[kind]} ${column.value(row)}`, show: (row) => [h('span', { class: 'dim' }, `${row[kind]} `), column.show(row)] }
  }
  const table = new Table([lock('Held, and taken in', 'held_stack', 'heldKind'), lock('Then wanted in', 'wanted_stack', 'wantedKind'),
    { name: 'Orders', number: true, title: 'stacks and classes of locks for which that is so', value: (row) => row.parts.length, show: (_, value) => count(value) },
    { ...number('Pairs', 'pairs'), title: 'of locks, added up over the orders' }, { name: 'First by', whole: true, value: (row) => process.threadName(row.thread) }, time('First at', 'at')],
    rows, { caption: 'In which order locks were taken', detail: stacks(side, [['The held lock was taken here', 'held_stack'], ['The other one was wanted here', 'wanted_stack']]) }).element
  const places = rows.length < orders.length ? `${plural(orders.length, 'order')} between ${plural(rows.length, 'pair')} of places` : plural(orders.length, 'order')
  return section(places, table)
}

/** Which processes have locks to look at. */
function processTable(page) {
  const sum = (process, key) => (process.info.lock_classes || []).reduce((total, one) => total + one[key], 0)
  const rows = page.shown.map((process) => ({ process, contended: sum(process, 'contended'), acquisitions: sum(process, 'acquisitions'), wait_seconds: sum(process, 'wait_seconds'), deadlocks: cyclesOf(process).length }))
    .filter((row) => row.acquisitions || row.deadlocks)
  if (!rows.length) return h('p', { class: 'calm' }, 'No process used a lock.')
  return new Table([
    { name: 'Process', value: (row) => row.process.label, show: (row, text) => h('button', { type: 'button', class: 'plain', onclick: () => page.choose(row.process) }, text) },
    number('Deadlocks', 'deadlocks'), number('Acquisitions', 'acquisitions'), number('Contended', 'contended'), time('Waited', 'wait_seconds'),
  ], rows, { caption: 'Processes with locks', sort: 4 }).element
}

export function locksView(page) {
  const { side, process } = page
  if (!process) return h('div', {}, section('Locks of all processes', processTable(page)), h('p', { class: 'note' }, 'Choose one process to see its locks.'))
  const { info } = process
  if (!info.watched.locks) return h('p', { class: 'calm' }, 'Locks were not watched.')
  const order = [section('Lock order', orderGraph(side, process)), info.lock_orders.length > 0 && orderSection(side, process)]
  const use = [info.lock_waits.length > 0 && section('Who waited for whom', waitTable(side, process)),
    section('Locks', info.lock_classes.length ? classTable(side, process) : h('p', { class: 'calm' }, 'No lock was used.')),
    info.lock_holds.length > 0 && section('Who held locks', holdTable(side, process))]
  // In which order locks were taken matters first where it is wrong.
  return h('div', {}, cyclesOf(process).length ? [order, use] : [use, order])
}
