// What is wrong, where, and how much: before anything else.
import { h, section } from '../dom.js'
import { Table } from '../table.js'
import { findingElement } from './findings.js'
import { bars, timeline, topSites } from './memory.js'
import { bytes, count, percent, plural, seconds } from '../format.js'

const FIRST_FINDINGS = 5
const FIRST_SITES = 5

function card(name, value, more, href) {
  return h(href ? 'a' : 'div', { class: 'card', href }, h('span', { class: 'name' }, name), h('span', { class: 'value' }, value), h('span', { class: 'more' }, more))
}

function cards(process) {
  const { heap, threads = [], lock_classes: classes = [], watched } = process.info
  const sum = (key) => classes.reduce((total, one) => total + one[key], 0)
  const blocked = threads.filter((thread) => thread.state_at_end === 'blocked').length
  return h('div', { class: 'cards' },
    watched.heap && heap && [
      card('Peak', bytes(heap.peak_bytes), `after ${seconds(heap.peak_at)}`, '#memory'),
      card('Live at the end', bytes(heap.live_at_end_bytes), plural(heap.live_at_end_blocks, 'block'), '#memory'),
      card('Allocated', bytes(heap.allocated_bytes), plural(heap.allocations, 'call'), '#memory'),
      card('Temporary', percent(heap.temporary, heap.allocations), 'of calls, freed at once', '#memory')],
    card('Threads', count(threads.length), blocked ? `${count(blocked)} blocked at the end` : 'none blocked at the end', '#threads'),
    watched.locks && card('Waited for locks', seconds(sum('wait_seconds')), `${count(sum('contended'))} of ${plural(sum('acquisitions'), 'acquisition')}`, '#locks'))
}

function verdict(items) {
  const open = items.filter(({ finding }) => !finding.suppressed)
  const wrong = open.filter(({ finding }) => finding.weight === 'error')
  const look = open.filter(({ finding }) => finding.weight === 'warning')
  if (!wrong.length && !look.length) return h('p', { class: 'verdict good' }, 'Nothing wrong was found.')
  const kinds = new Map()
  for (const { finding } of wrong.length ? wrong : look) kinds.set(finding.kind, (kinds.get(finding.kind) || 0) + 1)
  const words = [...kinds].map(([kind, number]) => plural(number, kind.replace('-', ' ').replace('misuse', 'wrong call'))).join(', ')
  return h('p', { class: `verdict ${wrong.length ? 'bad' : 'warn'}` }, words, wrong.length && look.length ? h('span', { class: 'dim' }, ` and ${count(look.length)} more to look at`) : '')
}

// Nothing may have seen the end: then it came later than the last sign of life.
function lived(process) {
  const { at, at_least: atLeast } = process.info.end
  return atLeast ? `${seconds(at)} or later` : seconds(at)
}

function ending(process) {
  const { end } = process.info
  if (end.how === 'exit') return `exited with ${end.status}`
  if (end.how === 'signal') return `died of ${end.signal || 'a signal'}`
  return end.how === 'exec' ? 'became another program' : 'was running'
}

function unseen(process) {
  const { events, leak_scan: scan, watched } = process.info
  const lines = events.losses.map((loss) => `${count(loss.count)} ${loss.what} lost: ${loss.why}`)
  if (watched.heap && !scan.done && scan.why_not) lines.push(`No leak scan: ${scan.why_not}`)
  for (const one of watched.unseen || []) lines.push(`Not seen: ${one.what}: ${one.why}${one.module ? ` (${one.module})` : ''}`)
  if (watched.stacks !== 'full') lines.push(`Stacks: ${watched.stacks}`)
  return lines
}

function processTable(side, choose) {
  return new Table([
    { name: 'Process', value: (process) => process.label, show: (process, text) => h('button', { type: 'button', class: 'plain', onclick: () => choose(process) }, text) },
    { name: 'End', value: ending },
    { name: 'Lived', number: true, value: (process) => process.info.end.at, show: lived },
    { name: 'Findings', number: true, value: (process) => (process.info.findings || []).filter((one) => one.weight !== 'note').length },
    { name: 'Calls', number: true, value: (process) => process.info.heap?.allocations || 0, show: (_, value) => count(value) },
    { name: 'Allocated', number: true, value: (process) => process.info.heap?.allocated_bytes || 0, show: (_, value) => bytes(value) },
    { name: 'Peak', number: true, value: (process) => process.info.heap?.peak_bytes || 0, show: (_, value) => bytes(value) },
    { name: 'Live at the end', number: true, value: (process) => process.info.heap?.live_at_end_bytes || 0, show: (_, value) => bytes(value) },
  ], side.processes, { caption: 'Processes' }).element
}

export function overviewView({ side, process, choose }) {
  const items = side.findings()
  const shown = items.filter(({ finding }) => finding.weight !== 'note' && !finding.suppressed)
  const { heap } = process.info
  const lines = unseen(process)
  const rows = heap ? topSites(process, 'allocated_bytes', FIRST_SITES) : []
  return h('div', {}, verdict(items),
    shown.length > 0 && h('div', { class: 'findings' }, shown.slice(0, FIRST_FINDINGS).map((item) => findingElement(side, item, { manyProcesses: side.processes.length > 1 })),
      shown.length > FIRST_FINDINGS && h('p', {}, h('a', { href: '#findings' }, `All ${count(shown.length)} findings`))),
    side.processes.length > 1 && section(plural(side.processes.length, 'process', 'processes'), processTable(side, choose)),
    section(`${process.label}: ${ending(process)} after ${lived(process)}`, cards(process),
      lines.length > 0 && h('ul', { class: 'unseen' }, lines.map((line) => h('li', {}, line)))),
    heap && heap.samples?.length > 1 && section('Live memory', timeline(process)),
    rows.length > 0 && section('Most allocated', bars(rows, 'allocated_bytes', heap.allocated_bytes, (row) => bytes(row.allocated_bytes))))
}
