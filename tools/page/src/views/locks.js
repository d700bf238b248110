// Locks: in which order they were taken, who waited, who held.
import dagre from '@dagrejs/dagre'
import { h, s, section } from '../dom.js'
import { Table } from '../table.js'
import { findingElement } from './findings.js'
import { place } from '../stack.js'
import { count, plural, seconds } from '../format.js'
import { fileLine } from '../data.js'

const NODE_WIDTH = 250
const NODE_HEIGHT = 46
const MOST_EDGES = 200

const keyOf = (lock) => `${lock.address}/${lock.generation}`

// ---- the graph of orders ----------------------------------------------------------------

/** Where locks were made, or else first used, by their keys. */
function origins(process) {
  return new Map((process.info.locks || []).map((lock) => [keyOf(lock), lock.created ? ['made in', lock.created] : ['first taken in', lock.first_used]]))
}

/** Locks and edges of all deadlocks: {nodes: Map key -> lock, edges: Map "a>b" -> {from, to, threads, findings}}. */
function orders(process) {
  const nodes = new Map()
  const edges = new Map()
  for (const finding of process.info.findings || []) {
    if (finding.kind !== 'deadlock') continue
    for (const edge of finding.edges) {
      for (const lock of [edge.held, edge.wanted]) if (!nodes.has(keyOf(lock)) || !nodes.get(keyOf(lock)).created) nodes.set(keyOf(lock), lock)
      const name = `${keyOf(edge.held)}>${keyOf(edge.wanted)}`
      if (!edges.has(name)) edges.set(name, { from: keyOf(edge.held), to: keyOf(edge.wanted), threads: new Set(), findings: new Set(), where: edge.wanted.stack })
      edges.get(name).threads.add(edge.thread)
      edges.get(name).findings.add(finding)
    }
  }
  return { nodes, edges: [...edges.values()] }
}

function layOut({ nodes, edges }) {
  const graph = new dagre.graphlib.Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 36, ranksep: 130, marginx: 16, marginy: 24 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const key of nodes.keys()) graph.setNode(key, { width: NODE_WIDTH, height: NODE_HEIGHT })
  edges.forEach((edge, i) => graph.setEdge(edge.from, edge.to, { edge, width: 90, height: 16, labelpos: 'c' }, String(i)))
  dagre.layout(graph)
  return graph
}

const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

function lockNode(side, origin, lock, { x, y }) {
  const [word, stack] = origin.get(keyOf(lock)) || (lock.created ? ['made in', lock.created] : ['taken in', lock.stack])
  const frame = side.where(stack)
  const where = frame ? `${word} ${frame.name} ${fileLine(frame)}` : 'place not known'
  return s('g', { class: 'lock', transform: `translate(${x - NODE_WIDTH / 2},${y - NODE_HEIGHT / 2})` },
    s('title', {}, `${lock.what} ${lock.address}, ${where}`),
    s('rect', { width: NODE_WIDTH, height: NODE_HEIGHT, rx: 6 }),
    s('text', { x: 12, y: 19, class: 'lock-name' }, `${lock.what} ${lock.address}${lock.generation ? ` #${lock.generation + 1}` : ''}`),
    s('text', { x: 12, y: 36, class: 'lock-where' }, short(where, 36)))
}

function lockEdge(side, process, { points, x, y, edge }, lit) {
  const path = points.map((point, i) => `${i ? 'L' : 'M'}${point.x.toFixed(1)},${point.y.toFixed(1)}`).join('')
  const threads = [...edge.threads].map((id) => process.threadName(id)).join(', ')
  const frame = side.where(edge.where)
  return s('g', { class: `order ${lit ? 'lit' : ''}` }, s('title', {}, `${threads} held the first and wanted the second${frame ? `, in ${frame.name}` : ''}`),
    s('path', { d: path, 'marker-end': `url(#${lit ? 'arrow-lit' : 'arrow'})` }),
    s('text', { x, y: y - 5, 'text-anchor': 'middle' }, short(threads, 30)))
}

function picture(side, process, data, chosen) {
  const graph = layOut(data)
  const origin = origins(process)
  const { width, height } = graph.graph()
  const arrow = (id) => s('marker', { id, viewBox: '0 0 8 8', refX: 8, refY: 4, markerWidth: 8, markerHeight: 8, orient: 'auto' }, s('path', { d: 'M0,0 L8,4 L0,8 z' }))
  return s('svg', { class: 'orders', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': words(process, data, chosen) },
    s('defs', {}, arrow('arrow'), arrow('arrow-lit')),
    graph.edges().map((key) => graph.edge(key)).sort((a) => (a.edge.findings.has(chosen) ? 1 : -1)).map((edge) => lockEdge(side, process, edge, edge.edge.findings.has(chosen))),
    graph.nodes().map((key) => lockNode(side, origin, data.nodes.get(key), graph.node(key))))
}

function words(process, data, chosen) {
  const steps = chosen.edges.map((edge) => `${process.threadName(edge.thread)} held ${edge.held.what} ${edge.held.address} and wanted ${edge.wanted.what} ${edge.wanted.address}`)
  return `Lock order of ${plural(data.nodes.size, 'lock')}. The cycle: ${steps.join('; ')}.`
}

function orderGraph(side, process) {
  const found = (process.info.findings || []).filter((finding) => finding.kind === 'deadlock' && finding.edges.length)
  if (!found.length) return h('p', { class: 'calm' }, 'No cycle in the order in which locks were taken.')
  const data = orders(process)
  const holder = h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': 'Lock order graph' })
  const below = h('div')
  const show = (finding) => {
    const few = data.edges.length <= MOST_EDGES ? data : orders({ info: { findings: [finding] } })
    holder.replaceChildren(picture(side, process, few.edges === data.edges ? data : { ...few, edges: few.edges.map((edge) => ({ ...edge, findings: new Set([finding]) })) }, finding))
    below.replaceChildren(findingElement(side, { finding, process }, {}))
  }
  const select = h('select', { 'aria-label': 'Cycle that is highlighted', onchange: () => show(found[select.value]) },
    found.map((finding, i) => h('option', { value: i }, `${finding.class}: ${short(finding.message, 100)}`)))
  show(found[0])
  return h('div', {}, h('div', { class: 'toolbar' }, found.length > 1 ? select : null), holder,
    data.edges.length > MOST_EDGES && h('p', { class: 'note' }, `There are ${count(data.edges.length)} orders in all cycles: those of the chosen one are drawn.`), below)
}

// ---- tables -----------------------------------------------------------------------------

const time = (name, key) => ({ name, number: true, value: (row) => row[key], show: (_, value) => seconds(value) })
const number = (name, key) => ({ name, number: true, value: (row) => row[key], show: (_, value) => count(value) })
const where = (side, name, key) => ({ name, value: (row) => { const frame = side.where(row[key]); return frame ? `${frame.name} ${frame.file}` : '' }, show: (row) => place(side.where(row[key])) })

function classTable(side, process) {
  return new Table([
    { name: 'Kind', value: (row) => row.kind }, where(side, 'Made, or first used, in', 'stack'), number('Locks', 'locks'), number('Acquisitions', 'acquisitions'), number('Contended', 'contended'),
    time('Waited', 'wait_seconds'), time('Longest wait', 'wait_longest'), time('Held', 'hold_seconds'), time('Longest hold', 'hold_longest'),
  ], process.info.lock_classes, { caption: 'Locks by the place that made them', sort: 5 }).element
}

function waitTable(side, process) {
  return new Table([
    where(side, 'Waited in', 'stack'), where(side, 'for who had taken it in', 'holder_stack'), number('Waits', 'waits'), time('Waited', 'wait_seconds'), time('Longest', 'wait_longest'),
    { name: 'Thread then', value: (row) => process.threadName(row.thread) }, { name: 'waited for', value: (row) => (row.holder ? process.threadName(row.holder) : 'not known') },
  ], process.info.lock_waits, { caption: 'Who waited for whom', sort: 3 }).element
}

function holdTable(side, process) {
  return new Table([where(side, 'Taken in', 'stack'), number('Holds', 'holds'), time('Held', 'hold_seconds'), time('Longest', 'hold_longest'), { name: 'By', value: (row) => process.threadName(row.thread) }],
    process.info.lock_holds, { caption: 'How long locks were held', sort: 2 }).element
}

export function locksView({ side, process }) {
  const { info } = process
  if (!info.watched.locks) return h('p', { class: 'calm' }, 'Locks were not watched.')
  return h('div', {}, section('Lock order', orderGraph(side, process)),
    info.lock_waits.length > 0 && section('Who waited for whom', waitTable(side, process)),
    section('Locks', info.lock_classes.length ? classTable(side, process) : h('p', { class: 'calm' }, 'No lock was used.')),
    info.lock_holds.length > 0 && section('Who held locks', holdTable(side, process)))
}
