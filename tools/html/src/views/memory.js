// Where memory went: over time, by call stack, by site, by size.
import uPlot from 'uplot'
import { h, section } from '../dom.js'
import { FlameGraph } from '../flame.js'
import { Table } from '../table.js'
import { place, stack } from '../stack.js'
import { bytes, count, percent, plural, seconds } from '../format.js'

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
const HOLDERS = 6
const BINARY = Array.from({ length: 60 }, (_, i) => 2 ** i) // steps of an axis of bytes

// ---- over time --------------------------------------------------------------------------

function peakLine(heap) {
  return { hooks: { draw: [(plot) => {
    const x = plot.valToPos(heap.peak_at, 'x', true)
    const { ctx, bbox } = plot
    ctx.save()
    ctx.strokeStyle = ctx.fillStyle = css('--bad')
    ctx.lineWidth = devicePixelRatio
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio])
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    ctx.font = `600 ${12 * devicePixelRatio}px system-ui, sans-serif`
    ctx.textAlign = x > bbox.left + bbox.width / 2 ? 'right' : 'left'
    ctx.fillText(`  peak ${bytes(heap.peak_bytes)}  `, x, bbox.top + 12 * devicePixelRatio)
    ctx.restore()
  }] } }
}

function plotOptions(heap, width) {
  const axis = { stroke: css('--dim'), grid: { stroke: css('--line'), width: 1 }, ticks: { stroke: css('--line'), width: 1 }, font: '12px system-ui, sans-serif' }
  return {
    width, height: 220, cursor: { y: false }, legend: { live: true },
    scales: { x: { time: false }, y: { range: (_, low, high) => [0, (high || 1) * 1.15] } },
    axes: [{ ...axis, space: 90, values: (_, ticks) => ticks.map(seconds) }, { ...axis, size: 80, incrs: BINARY, values: (_, ticks) => ticks.map(bytes) }],
    series: [{ label: 'at', value: (_, value) => seconds(value) },
      { label: 'live', stroke: css('--accent'), fill: css('--accent-soft'), width: 1.5, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }), value: (_, value) => (value === null ? '–' : bytes(value)) }],
    plugins: heap.peak_at === null ? [] : [peakLine(heap)],
  }
}

/** Live bytes over time, drawn anew when its width or the theme changes. */
export function timeline(process) {
  const { heap } = process.info
  const points = [...heap.samples.map((sample) => [sample.at, sample.live_bytes])]
  if (heap.peak_at !== null) points.push([heap.peak_at, heap.peak_bytes]) // no sample need have hit it
  points.push([process.info.end.at ?? 0, heap.live_at_end_bytes])
  points.sort(([a], [b]) => a - b)
  const data = [points.map(([at]) => at), points.map(([, live]) => live)]
  const last = points[points.length - 1]
  const box = h('div', { class: 'plot', role: 'img', 'aria-label': `Live memory over ${seconds(last?.[0] ?? 0)}: the peak is ${bytes(heap.peak_bytes)} after ${seconds(heap.peak_at)}, at the end ${bytes(heap.live_at_end_bytes)} are live` })
  let plot
  const draw = () => {
    if (!box.clientWidth) return
    plot?.destroy()
    plot = new uPlot(plotOptions(heap, box.clientWidth), data, box)
  }
  new ResizeObserver(() => plot?.width !== box.clientWidth && draw()).observe(box)
  addEventListener('themechange', draw)
  return box
}

// ---- sites ------------------------------------------------------------------------------

/** An allocation site, as a row of the page's tables: what is known of it is looked up when it is asked for. */
class Site {
  constructor(process, index) {
    Object.assign(this, { process, index })
  }
  get node() {
    return this.process.sites.stack.at(this.index) - 1
  }
  get type() {
    return this.process.texts[this.process.sites.type.at(this.index)]
  }
  get where() {
    return (this.frame ??= this.process.where(this.node) || null)
  }
}
for (const name of ['allocations', 'allocated_bytes', 'temporary', 'peak_blocks', 'peak_bytes', 'live_blocks', 'live_bytes', 'largest'])
  Object.defineProperty(Site.prototype, name, { get() { return this.process.sites[name].at(this.index) } })

const allSites = (process) => Array.from({ length: process.sites.stack.length }, (_, i) => new Site(process, i))

/** The sites that have most, without a look at the others' names. */
export function topSites(process, metric, most) {
  const { values } = process.sites[metric]
  const first = []
  for (let i = 0; i < values.length; i++) {
    if (!values[i] || (first.length === most && values[i] <= values[first[most - 1]])) continue
    if (first.length === most) first.pop()
    let at = first.length
    while (at > 0 && values[first[at - 1]] < values[i]) at--
    first.splice(at, 0, i)
  }
  return first.map((i) => new Site(process, i))
}

export function bars(rows, metric, whole, text) {
  return h('ol', { class: 'bars' }, rows.map((row) => h('li', {},
    h('span', { class: 'bar', style: { '--part': `${(100 * row[metric]) / (whole || 1)}%` } }),
    h('span', { class: 'figure' }, text(row)), h('span', { class: 'figure dim' }, percent(row[metric], whole)), place(row.where))))
}

function sitesTable(side, process, rows) {
  const detail = h('div', { class: 'site-detail', role: 'status' })
  const open = (row) => detail.replaceChildren(h('h4', {}, `${row.type}, ${plural(row.allocations, 'call')}, largest ${bytes(row.largest)}`), stack(side, row.node < 0 ? null : [process.id, row.node]))
  const number = (name, key, show, title) => ({ name, number: true, value: (row) => row[key], show: (_, value) => show(value), title })
  const table = new Table([
    { name: 'Where', value: (row) => (row.where ? `${row.where.name} ${row.where.file}` : ''), show: (row) => h('button', { type: 'button', class: 'plain', onclick: () => open(row) }, place(row.where)) },
    { name: 'Call', value: (row) => row.type },
    number('Allocated', 'allocated_bytes', bytes), number('Calls', 'allocations', count),
    number('At the peak', 'peak_bytes', bytes), number('Live at the end', 'live_bytes', bytes),
    number('Temporary', 'temporary', count, 'Freed by the same thread before it allocated anything else'),
  ], rows, { caption: 'Allocation sites', sort: 2 })
  return [table.element, detail]
}

// ---- sizes ------------------------------------------------------------------------------

function histogram(sizes) {
  const most = Math.max(...sizes.map((size) => size.allocations))
  return h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': 'Sizes: table' }, h('table', { class: 'histogram' }, h('caption', { class: 'hidden' }, 'Sizes that were asked for'),
    h('thead', {}, h('tr', {}, ['Size', 'Calls', '', 'Bytes', 'Live blocks', 'Live bytes'].map((name, i) => (i === 2 ? h('td', { 'aria-hidden': 'true' }) : h('th', { scope: 'col', class: 'number' }, name))))),
    h('tbody', {}, sizes.map((size) => h('tr', {},
      h('th', { scope: 'row', class: 'number' }, size.low === size.high ? `${count(size.low)}` : `${count(size.low)}–${count(size.high)}`),
      h('td', { class: 'number' }, count(size.allocations)),
      h('td', { class: 'wide', 'aria-hidden': 'true' }, h('span', { class: 'bar', style: { '--part': `${(100 * size.allocations) / most}%` } })),
      h('td', { class: 'number' }, bytes(size.bytes)), h('td', { class: 'number' }, count(size.live_blocks)), h('td', { class: 'number' }, bytes(size.live_bytes)))))))
}

// ---- all of it --------------------------------------------------------------------------

export function memoryView({ side, process }) {
  const { heap } = process.info
  if (!heap || !heap.allocations) return h('p', { class: 'calm' }, process.info.watched.heap ? 'This process allocated nothing.' : 'The heap was not watched.')
  const rows = allSites(process)
  const atPeak = topSites(process, 'peak_bytes', HOLDERS)
  const flame = new FlameGraph([process], 1, heap.live_at_end_bytes > heap.peak_bytes / 2 ? 'live_bytes' : 'allocated_bytes')
  return h('div', {},
    heap.samples.length > 1 && section('Over time', timeline(process)),
    section(`At the peak: ${bytes(heap.peak_bytes)} in ${plural(heap.peak_blocks, 'block')}, after ${seconds(heap.peak_at)}`,
      bars(atPeak, 'peak_bytes', heap.peak_bytes, (row) => bytes(row.peak_bytes)),
      h('button', { type: 'button', class: 'quiet', onclick: () => { flame.setMetric('peak_bytes'); flame.element.scrollIntoView({ behavior: 'smooth' }) } }, 'All of it in the flame graph')),
    section('Flame graph', flame.element),
    section(plural(rows.length, 'allocation site'), sitesTable(side, process, rows)),
    heap.sizes.length > 0 && section('Sizes', histogram(heap.sizes)))
}
