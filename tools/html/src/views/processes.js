// The processes of a run: as a tree in which those with nothing to show are folded, or as a table to sort.
import { choice, h } from '../dom.js'
import { Table } from '../table.js'
import { ending, lived } from './overview.js'
import { numberOf } from '../data.js'
import { bytes, count, plural, seconds } from '../format.js'

const PROMINENT = 8 // processes that allocated most are shown without a finding
const NAMES = 4
const FEWEST_EQUAL = 3

const allocated = (process) => process.info.heap?.allocated_bytes || 0

function choosable({ choose }, process, current) {
  return h('button', { type: 'button', class: 'plain', 'aria-current': current ? 'true' : null, onclick: () => choose(process) }, process.label)
}

/** Siblings that a reader need not tell apart. */
const likeness = ({ process }) => `${process.exe} ${ending(process)} ${process.wrong}`

/** "200 x sed, 100 x tr" */
function names(processes) {
  const number = new Map()
  for (const { exe } of processes) number.set(exe, (number.get(exe) || 0) + 1)
  const sorted = [...number].sort((a, b) => b[1] - a[1])
  const words = sorted.slice(0, NAMES).map(([exe, times]) => (times > 1 ? `${count(times)} × ${exe}` : exe))
  return words.join(', ') + (sorted.length > NAMES ? `, ${plural(sorted.length - NAMES, 'other program')}` : '')
}

class Tree {
  constructor(page) {
    this.page = page
    const { processes } = page.side
    this.prominent = new Set([...processes].sort((a, b) => allocated(b) - allocated(a)).slice(0, PROMINENT))
    this.root = { process: null, level: -1, children: page.side.tree() }
    this.unfolded = new Set() // nodes whose folded children are shown
    this.body = h('tbody')
    this.element = h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': 'Processes: tree' },
      h('table', { class: 'process-tree' }, h('caption', { class: 'hidden' }, 'Processes, each below the one that started it'),
        h('thead', {}, h('tr', {}, [['Process'], ['End'], ['Lived', 1], ['Findings', 1], ['Allocated', 1], ['Peak', 1], ['Live at the end', 1]].map(([name, number]) => h('th', { scope: 'col', class: number ? 'number' : '' }, name)))), this.body))
    this.#draw()
  }

  #isShown({ process, children }) {
    return process.wrong > 0 || process === this.page.process || this.prominent.has(process) || process.info.events.lost > 0 || process.info.end.how === 'running' || children.some((child) => this.#isShown(child))
  }

  #draw() {
    this.body.replaceChildren(...this.#rows(this.root))
  }

  /** A child that has no reason to stand in a row of its own: equal ones share a row. */
  #isPlain({ process, children }) {
    return process !== this.page.process && !children.some((child) => this.#isShown(child))
  }

  /** The rows of the node's children: in the order of their starts, equal ones at the first of them, the rest last. */
  #rows(node) {
    if (this.unfolded.has(node)) return node.children.flatMap((child) => this.#lines(child))
    const folded = node.children.filter((child) => !this.#isShown(child))
    const shown = node.children.filter((child) => this.#isShown(child))
    const equal = new Map()
    for (const child of shown) if (this.#isPlain(child)) equal.set(likeness(child), [...(equal.get(likeness(child)) || []), child])
    const rows = shown.flatMap((child) => {
      const like = this.#isPlain(child) ? equal.get(likeness(child)) : []
      if (like.length < FEWEST_EQUAL) return this.#lines(child)
      return like[0] === child ? [this.#equal(node, like)] : []
    })
    return folded.length < 2 ? rows.concat(folded.flatMap((child) => this.#lines(child))) : [...rows, this.#fold(node, folded)]
  }

  #lines(child) {
    return [this.#row(child), ...this.#rows(child)]
  }

  #cells(values) {
    return values.map(([value, show]) => h('td', { class: 'number' }, value ? show(value) : h('span', { class: 'dim' }, '–')))
  }

  #row({ process, level }) {
    const { info } = process
    const current = process === this.page.process
    return h('tr', { class: current ? 'current' : '' }, h('th', { scope: 'row', style: { '--level': level } }, choosable(this.page, process, current)), h('td', {}, ending(process)),
      this.#cells([[info.end.at, () => lived(process)], [process.wrong, count], [allocated(process), bytes], [info.heap?.peak_bytes, bytes], [info.heap?.live_at_end_bytes, bytes]]))
  }

  #unfold(node, words) {
    return h('button', { type: 'button', class: 'plain', 'aria-expanded': 'false', onclick: () => { this.unfolded.add(node); this.#draw() } }, words)
  }

  /** Equal siblings, in sums; the longest life and the largest peak. */
  #equal(node, nodes) {
    const processes = nodes.map(({ process }) => process)
    const sum = (value) => processes.reduce((total, process) => total + value(process), 0)
    const most = (value) => Math.max(...processes.map(value))
    return h('tr', { class: 'folded' }, h('th', { scope: 'row', style: { '--level': node.level + 1 } }, this.#unfold(node, `${count(processes.length)} × ${processes[0].exe}`)), h('td', {}, ending(processes[0])),
      this.#cells([[most((process) => process.info.end.at), (time) => `up to ${seconds(time)}`], [processes[0].wrong, (number) => `${count(number)} each`], [sum(allocated), bytes], [most((process) => process.info.heap?.peak_bytes || 0), (size) => `up to ${bytes(size)}`], [sum((process) => process.info.heap?.live_at_end_bytes || 0), bytes]]))
  }

  #fold(node, folded) {
    const all = []
    const walk = (one) => { all.push(one.process); one.children.forEach(walk) }
    folded.forEach(walk)
    return h('tr', { class: 'folded' }, h('td', { colspan: 7, style: { '--level': node.level + 1 } }, this.#unfold(node, `${numberOf(all)} without findings: ${names(all)}`)))
  }
}

function table(page) {
  const number = (name, value, show) => ({ name, number: true, value, show: (_, one) => show(one) })
  return new Table([
    { name: 'Process', value: (process) => process.label, show: (process) => choosable(page, process, process === page.process) },
    { name: 'End', whole: true, value: ending },
    { name: 'Lived', number: true, value: (process) => process.info.end.at, show: lived },
    number('Findings', (process) => process.wrong, count),
    number('Calls', (process) => process.info.heap?.allocations || 0, count),
    number('Allocated', allocated, bytes),
    number('Peak', (process) => process.info.heap?.peak_bytes || 0, bytes),
    number('Live at the end', (process) => process.info.heap?.live_at_end_bytes || 0, bytes),
  ], page.side.processes, { caption: 'Processes' }).element
}

export function processTree(page) {
  const holder = h('div')
  const draw = (way) => holder.replaceChildren(way === 'tree' ? new Tree(page).element : table(page))
  draw('tree')
  return [h('div', { class: 'toolbar' }, choice('How processes are shown', [['tree', 'Tree'], ['table', 'Table']], 'tree', draw),
    h('button', { type: 'button', class: 'quiet', disabled: !page.process, onclick: () => page.choose(null) }, 'Show all processes together')), holder]
}
