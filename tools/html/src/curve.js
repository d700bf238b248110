// Live memory over time: as a whole or stacked by site, with what differs between two moments.
import uPlot from 'uplot'
import { choice, h, uniqueId } from './dom.js'
import { bytes, count, plural, seconds, signed } from './format.js'
import { place } from './stack.js'

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
const BINARY = Array.from({ length: 60 }, (_, i) => 2 ** i) // steps of an axis of bytes
const HEIGHT = 220
const HUES = [212, 28, 150, 285, 95, 330, 180, 250, 60, 5]
const STEPS = 1000 // of the two sliders
const FEWEST_LOOKS = 3
const MOST_PLACES = 10

// ---- what is drawn ------------------------------------------------------------------------

/** The last point that is not later; the first one where all are. */
function pointAt(points, at) {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (points[middle].at <= at) low = middle + 1
    else high = middle
  }
  return points[Math.max(0, low - 1)]
}

/** Looks at the largest sites, by place: {at, whole, places: Map of its key -> bytes}, ascending; and a node of each. */
function readLooks(process) {
  const { levels, sites } = process
  const looks = []
  const nodes = new Map()
  for (let i = 0; i < levels.at.length; i++) {
    const site = levels.site.at(i)
    const size = levels.live_bytes.at(i)
    if (!site) {
      looks.push({ at: levels.at.at(i) / 1e9, whole: size, places: new Map() })
      continue
    }
    const node = sites.stack.at(site - 1) - 1
    const key = process.stackKey(node)
    const { places } = looks[looks.length - 1]
    nodes.set(key, node)
    places.set(key, size + (places.get(key) || 0))
  }
  return { looks, nodes }
}

/** Places of all looks, those first that held most at any of them. */
function rankPlaces(looks) {
  const most = new Map()
  for (const { places } of looks) for (const [key, size] of places) most.set(key, Math.max(size, most.get(key) || 0))
  return [...most].sort((a, b) => b[1] - a[1]).map(([key]) => key).slice(0, MOST_PLACES)
}

/** Of all processes together: each adds its curve from its start on, and takes it back at its end. */
export function sumOfCurves(processes) {
  const starts = processes.map((process) => Date.parse(process.info.started) / 1000 || 0)
  const first = Math.min(...starts)
  const steps = []
  processes.forEach((process, i) => {
    let last = { bytes: 0, blocks: 0 }
    for (const point of process.curve) {
      steps.push([starts[i] - first + point.at, point.bytes - last.bytes, point.blocks - last.blocks])
      last = point
    }
    steps.push([starts[i] - first + (process.info.end.at ?? 0), -last.bytes, -last.blocks])
  })
  steps.sort((a, b) => a[0] - b[0])
  let live = 0
  let blocks = 0
  return thinned(steps.map(([at, more, moreBlocks]) => ({ at, bytes: (live += more), blocks: (blocks += moreBlocks) })))
}

/** As many points as a screen can show: of each stretch the largest. */
function thinned(points, most = 2000) {
  if (points.length <= most) return points
  const wide = points.length / most
  return Array.from({ length: most }, (_, i) => points.slice(Math.floor(i * wide), Math.floor((i + 1) * wide)).reduce((best, point) => (point.bytes > best.bytes ? point : best)))
}

// ---- the picture ----------------------------------------------------------------------------

function peakLine(peak) {
  return { hooks: { draw: [(plot) => {
    const x = plot.valToPos(peak.at, 'x', true)
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
    ctx.fillText(`  peak ${bytes(peak.bytes)}  `, x, bbox.top + 12 * devicePixelRatio)
    ctx.restore()
  }] } }
}

const colour = (i, others) => (others ? css('--others') : `hsl(${HUES[i % HUES.length]} ${css('--stack-colour')})`)

export class Curve {
  /**
   * points: as Process.curve.  process: whose sites are known, or null.  onplace(key): shows a place.
   * onrange(from, to): the range was chosen, in seconds; null, null: all.
   */
  constructor(points, process, { onplace, onrange } = {}) {
    Object.assign(this, { points, process, onplace, onrange })
    this.peak = points.reduce((best, point) => (point.bytes > best.bytes ? point : best), { at: 0, bytes: 0, blocks: 0 })
    this.end = points[points.length - 1]?.at || 0
    Object.assign(this, process ? readLooks(process) : { looks: [], nodes: new Map() })
    this.places = rankPlaces(this.looks)
    this.stacked = false
    this.range = null
    this.element = this.#build()
    new ResizeObserver(() => this.plot?.width !== this.box.clientWidth && this.#draw()).observe(this.box)
    this.box.addEventListener('redraw', () => this.#draw())
  }

  #build() {
    this.box = h('div', { class: 'plot', role: 'img', 'aria-label': `Live memory over ${seconds(this.end)}: the peak is ${bytes(this.peak.bytes)} after ${seconds(this.peak.at)}, at the end ${bytes(this.points[this.points.length - 1]?.bytes ?? 0)} are live` })
    this.legend = h('ul', { class: 'legend libraries', hidden: true, 'aria-label': 'Sites, as stacked, from the bottom' })
    this.difference = h('div', { class: 'difference', role: 'status' })
    const mode = this.looks.length >= FEWEST_LOOKS && this.places.length > 0 && choice('How the curve is drawn', [['whole', 'Total'], ['places', 'By site']], 'whole', (value) => { this.stacked = value === 'places'; this.#draw() })
    return h('div', { class: 'curve' }, h('div', { class: 'toolbar' }, mode, this.#sliders()), this.box, this.legend, this.difference)
  }

  /** For the keyboard, and for a finger; a mouse selects in the curve. */
  #sliders() {
    const slider = (word, value) => {
      const id = uniqueId('range')
      const input = h('input', { type: 'range', id, min: 0, max: STEPS, value, 'aria-valuetext': seconds((value / STEPS) * this.end), oninput: () => this.#slid() })
      return [h('label', { for: id }, word), input]
    }
    const [from, to] = [slider('From', 0), slider('to', STEPS)]
    this.from = from[1]
    this.to = to[1]
    this.all = h('button', { type: 'button', class: 'quiet', disabled: true, onclick: () => this.select(null) }, 'Whole time')
    return h('span', { class: 'range', role: 'group', 'aria-label': 'Range to compare: also by dragging in the curve' }, from, to, this.all)
  }

  #slid() {
    const [a, b] = [this.from, this.to].map((input) => (Number(input.value) / STEPS) * this.end)
    this.select([Math.min(a, b), Math.max(a, b)], true)
  }

  /** [from, to] in seconds; null: no range. */
  select(range, slid) {
    this.range = range && range[1] > range[0] && (range[0] > 0 || range[1] < this.end) ? range : null
    const [from, to] = this.range || [0, this.end]
    for (const [input, at] of [[this.from, from], [this.to, to]]) {
      if (!slid || !this.range) input.value = String(Math.round((at / (this.end || 1)) * STEPS))
      input.setAttribute('aria-valuetext', seconds(at))
    }
    this.all.disabled = !this.range
    this.#showRange()
    this.#tell()
    this.onrange?.(...(this.range || [null, null]))
  }

  // ---- drawing ---------------------------------------------------------------------------

  #draw() {
    if (!this.box.clientWidth) return
    this.plot?.destroy()
    const { data, series } = this.stacked ? this.#stack() : this.#whole()
    this.plot = new uPlot(this.#options(series), data, this.box)
    this.legend.hidden = !this.stacked
    this.#showRange()
  }

  #whole() {
    return {
      data: [this.points.map(({ at }) => at), this.points.map((point) => point.bytes)],
      series: [{ label: 'live', stroke: css('--accent'), fill: css('--accent-soft'), width: 1.5, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }), value: (_, value) => (value === null ? '–' : bytes(value)) }],
    }
  }

  /** Places from the bottom up, then all others: drawn from the top down, so that each covers those above it. */
  #stack() {
    const layers = this.places.map((key) => ({ key, sizes: this.looks.map(({ places }) => places.get(key) || 0) }))
    layers.push({ key: null, sizes: this.looks.map(({ whole, places }) => Math.max(0, whole - this.places.reduce((sum, key) => sum + (places.get(key) || 0), 0))) })
    const tops = []
    layers.forEach(({ sizes }, i) => tops.push(sizes.map((size, k) => size + (i ? tops[i - 1][k] : 0))))
    const order = layers.map((_, i) => layers.length - 1 - i)
    this.#fillLegend(layers)
    return {
      data: [this.looks.map(({ at }) => at), ...order.map((i) => tops[i])],
      series: order.map((i) => ({ stroke: colour(i, layers[i].key === null), fill: colour(i, layers[i].key === null), width: 1, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }) })),
    }
  }

  #frame(key) {
    return this.process.where(this.nodes.get(key))
  }

  #link(key) {
    const frame = place(this.#frame(key))
    return this.onplace ? h('button', { type: 'button', class: 'plain', onclick: () => this.onplace(key) }, frame) : frame
  }

  #fillLegend(layers) {
    const seen = layers.map((layer, i) => ({ ...layer, i })).filter(({ key, sizes }) => key !== null || sizes.some((size) => size > 0))
    this.legend.replaceChildren(...seen.map(({ key, sizes, i }) => h('li', {}, h('span', { class: 'swatch', style: { background: colour(i, key === null) } }),
      key === null ? 'all others' : this.#link(key), h('span', { class: 'dim' }, `up to ${bytes(Math.max(...sizes))}`))))
  }

  #options(series) {
    const axis = { stroke: css('--dim'), grid: { stroke: css('--line'), width: 1 }, ticks: { stroke: css('--line'), width: 1 }, font: '12px system-ui, sans-serif' }
    return {
      width: this.box.clientWidth, height: HEIGHT, cursor: { y: false, drag: { x: true, y: false, setScale: false } }, legend: { live: true, show: !this.stacked },
      scales: { x: { time: false, range: [0, this.end || 1] }, y: { range: (_, low, high) => [0, (high || 1) * 1.15] } },
      axes: [{ ...axis, space: 90, values: (_, ticks) => ticks.map(seconds) }, { ...axis, size: 80, incrs: BINARY, values: (_, ticks) => ticks.map(bytes) }],
      series: [{ label: 'at', value: (_, value) => seconds(value) }, ...series],
      hooks: { setSelect: [(plot) => this.#dragged(plot)] },
      plugins: this.peak.bytes ? [peakLine(this.peak)] : [],
    }
  }

  #dragged(plot) {
    const { left, width } = plot.select
    if (this.quiet) return
    this.select(width > 2 ? [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')].map((at) => Math.min(Math.max(0, at), this.end)) : null)
  }

  #showRange() {
    if (!this.plot) return
    this.quiet = true
    const [left, right] = this.range ? this.range.map((at) => this.plot.valToPos(at, 'x')) : [0, 0]
    this.plot.setSelect({ left, width: right - left, top: 0, height: this.range ? this.plot.over.clientHeight : 0 }, false)
    this.quiet = false
  }

  // ---- words ------------------------------------------------------------------------------

  #tell() {
    if (!this.range) return this.difference.replaceChildren()
    const [first, last] = this.range.map((at) => pointAt(this.points, at))
    const growth = last.bytes - first.bytes
    this.difference.replaceChildren(
      h('p', {}, h('b', { class: growth > 0 ? 'more-than' : growth < 0 ? 'less-than' : '' }, signed(bytes)(growth)), ` and ${signed(count)(last.blocks - first.blocks)} blocks from ${seconds(this.range[0])} to ${seconds(this.range[1])}: `,
        h('span', { class: 'dim' }, `${bytes(first.bytes)} in ${plural(first.blocks, 'block')}, then ${bytes(last.bytes)} in ${plural(last.blocks, 'block')}.`)),
      ...this.#bySite())
  }

  /** What the largest sites gained and lost between the last looks before the ends. */
  #bySite() {
    if (this.looks.length < FEWEST_LOOKS) return []
    const [first, last] = this.range.map((at) => pointAt(this.looks, at))
    if (first === last) return [h('p', { class: 'note' }, 'The range is too short for a difference by site.')]
    const rows = this.places.map((key) => [key, (last.places.get(key) || 0) - (first.places.get(key) || 0)]).filter(([, growth]) => growth).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))
    return [h('ul', { class: 'changes' }, rows.map(([key, growth]) => h('li', {}, h('span', { class: `figure ${growth > 0 ? 'more-than' : 'less-than'}` }, signed(bytes)(growth)), this.#link(key)))),
      h('p', { class: 'note' }, `Of the sites that held most, between ${seconds(first.at)} and ${seconds(last.at)}, where they were looked at. A site that was not among the largest counts as 0 there.`)]
  }
}
