/*
 * A flame graph, roots on top.  Only what is at least a pixel wide is an element of the page; what is narrower is drawn
 * together, and said.  Zooming in draws it anew, so that nothing stays out of reach.
 */
import { Tree, Downward, Upward, METRICS, isBytes } from './tree.js'
import { h, choice, uniqueId } from './dom.js'
import { baseName, bytes, count, percent, plural, signed } from './format.js'
import { shortName } from './names.js'

const ROW = 20
const NARROWEST = 1
const PADDING = 4 // at each end of a frame's text, as in style.css
const FEWEST_LETTERS = 3
const MOST_PROGRAMS = 3 // with a colour of their own, however little they allocated themselves
const PLAIN = /\/(libc|ld-linux|libpthread)[^/]*$/
const HUES = [25, 205, 133, 277, 97, 313, 169, 241, 61, 349] // as far apart as ten can be; those that follow each other farther
const LIGHT = 5 // so many are light, the others darker

export class FlameGraph {
  /** sides: 1, or 2 for a comparison. */
  constructor(processes, sides, metric) {
    this.tree = new Tree(processes, sides)
    this.sides = sides
    this.metric = metric
    this.upward = false
    this.query = ''
    this.hidden = null
    this.element = this.#build()
    this.#measure()
    new ResizeObserver(() => this.#resized()).observe(this.canvas)
    this.canvas.addEventListener('redraw', () => this.#resized())
  }

  /** The program and the libraries that have most in themselves get a colour each; the C library and the others are grey. */
  #colourLibraries() {
    const weights = new Map(this.tree.byLibrary(this.measured, this.hidden).filter(([module, width]) => module && width > 0))
    const weigh = (modules) => modules.map((module) => [module, weights.get(module) ?? 0]).sort((a, b) => b[1] - a[1])
    const programs = weigh([...this.tree.programs].filter((module) => this.tree.modules.includes(module))).slice(0, MOST_PROGRAMS).map(([module]) => module)
    const rest = weigh([...weights.keys()].filter((module) => !PLAIN.test(module) && !programs.includes(module)))
    const shown = rest.slice(0, HUES.length - programs.length)
    const coloured = weigh([...programs, ...shown.map(([module]) => module)])
    this.colours = new Map(coloured.map(([module], i) => [module, { '--hue': HUES[i], '--darker': i < LIGHT ? '0%' : '10%' }]))
    const whole = this.view.root.width
    const others = [...weights].reduce((sum, [module, width]) => sum + (this.colours.has(module) ? 0 : width), 0)
    const entry = (swatch, name, width, title) => h('li', { title }, swatch, name, h('span', { class: 'dim' }, percent(width, whole)))
    this.libraries.replaceChildren(
      ...coloured.map(([module, width]) => entry(h('span', { class: 'swatch module', style: this.colours.get(module) }), baseName(module), width, module)),
      ...(others ? [entry(h('span', { class: 'swatch same' }), rest.length > shown.length ? 'libc and other libraries' : 'libc', others)] : []))
  }

  #build() {
    const search = h('input', { type: 'search', placeholder: 'Find functions …', 'aria-label': 'Find functions in the flame graph', oninput: () => this.#search(search.value) })
    this.metricChoice = choice('What is shown', METRICS, this.metric, (metric) => { this.metric = metric; this.#measure() })
    this.found = h('span', { class: 'found', role: 'status' })
    this.reset = h('button', { type: 'button', class: 'quiet', onclick: () => this.#zoom(this.view.root) }, 'Whole graph')
    this.canvas = h('div', { class: 'flame', role: 'tree', 'aria-label': 'Flame graph: arrow keys move, Enter zooms in, Escape zooms out' })
    this.canvas.addEventListener('click', (event) => this.#at(event, (item) => this.#zoom(item.block)))
    this.canvas.addEventListener('mouseover', (event) => this.#at(event, (item) => this.#describe(item.block)))
    this.canvas.addEventListener('focusin', (event) => this.#at(event, (item) => this.#describe(item.block)))
    this.canvas.addEventListener('keydown', (event) => this.#at(event, (item) => this.#key(event, item)))
    this.detail = h('p', { class: 'flame-detail', id: uniqueId('detail') })
    this.note = h('p', { class: 'note' })
    this.libraries = h('ul', { class: 'legend libraries', 'aria-label': 'Libraries, and how much they allocated themselves' })
    const system = this.tree.system.includes(1) && h('label', {}, h('input', { type: 'checkbox', onchange: (event) => { this.hidden = event.target.checked ? this.tree.system : null; this.#measure() } }), ' Hide system libraries')
    return h('div', { class: 'flame-graph' },
      h('div', { class: 'toolbar' }, this.metricChoice,
        choice('Order', [['down', 'Callers on top'], ['up', 'Allocating functions on top']], 'down', (way) => { this.upward = way === 'up'; this.#measure() }),
        system, search, this.found, this.reset),
      this.sides > 1 ? this.#legend() : this.libraries, this.detail, h('div', { class: 'flame-scroll' }, this.canvas), this.note)
  }

  #legend() {
    return h('p', { class: 'legend' }, [['grown', 'grew'], ['shrunk', 'shrank'], ['same', 'as before']].map(
      ([kind, words]) => h('span', { class: 'whole-line' }, h('span', { class: `swatch ${kind}` }), ` ${words}`)))
  }

  setMetric(metric) {
    this.metricChoice.choose(metric)
  }

  #measure() {
    this.measured = this.tree.measure(this.metric)
    this.view = this.upward ? new Upward(this.tree, this.measured, this.hidden) : new Downward(this.tree, this.measured, this.hidden)
    if (this.sides === 1) this.#colourLibraries()
    this.focus = this.view.root
    this.largestChange = 0
    this.#search(this.query)
  }

  #search(text) {
    this.query = text.trim()
    const query = this.query.toLowerCase()
    this.hits = query ? this.tree.matching(this.measured, (name) => name.toLowerCase().includes(query)) : null
    this.found.textContent = this.hits ? `${percent(this.hits.sum, this.view.root.width)} is in matching stacks` : ''
    this.#draw()
  }

  #resized() {
    if (this.canvas.clientWidth !== this.width) this.#draw()
  }

  #zoom(block, focus = true) {
    this.focus = block
    this.#draw()
    if (focus) this.items.find((item) => item.block === block)?.element.focus({ preventScroll: true })
  }

  // ---- drawing ---------------------------------------------------------------------------

  #draw() {
    this.width = this.canvas.clientWidth
    this.letter ??= letterWidth(this.canvas)
    this.items = []
    this.narrow = 0
    this.depth = 0
    this.bars = []
    if (this.width && this.view.root.width > 0) {
      for (let block = this.focus; block; block = block.parent) this.#place(block, 0, this.width)
      this.#spread(this.focus, 0)
    }
    const holder = document.createDocumentFragment()
    for (const item of this.items) holder.append(this.#element(item))
    for (const bar of this.bars) holder.append(h('div', { class: 'frame narrow', role: 'presentation', style: this.#box(bar) }))
    this.canvas.replaceChildren(holder)
    this.canvas.style.height = `${(this.depth + 1) * ROW}px`
    this.items[this.items.length - 1] && (this.#current() || this.items[0]).element.setAttribute('tabindex', '0')
    this.reset.disabled = this.focus === this.view.root
    this.#describe(this.focus)
    this.note.textContent = this.view.root.width > 0 ? this.#noteText() : `Nothing to show: ${this.#metricName().toLowerCase()} is 0 everywhere.`
  }

  #noteText() {
    const drawn = `${plural(this.tree.stacks, 'call stack')}.`
    return this.narrow ? `${drawn} ${plural(this.narrow, 'is', 'are')} narrower than a pixel here and drawn in grey, together with what they call: zoom in to see them.` : drawn
  }

  #current() {
    return this.items.find((item) => item.block === this.focus)
  }

  #place(block, x, width) {
    this.depth = Math.max(this.depth, block.depth)
    this.items.push({ block, x, width })
  }

  #spread(top, left) {
    const scale = this.width / top.width
    const todo = [[top, left]]
    while (todo.length) {
      const [block, from] = todo.pop()
      let x = from
      const children = this.view.expand(block)
      for (let i = 0; i < children.length; i++) {
        const width = children[i].width * scale
        if (width < NARROWEST) {
          this.#narrow(children.slice(i), x, scale)
          break
        }
        this.#place(children[i], x, width)
        todo.push([children[i], x])
        x += width
      }
    }
  }

  #narrow(blocks, x, scale) {
    const width = blocks.reduce((sum, block) => sum + block.width, 0) * scale
    this.narrow += blocks.length
    this.depth = Math.max(this.depth, blocks[0].depth)
    if (width >= NARROWEST / 2) this.bars.push({ x, width, block: blocks[0] })
  }

  #box({ x, width, block }) {
    return { left: `${x.toFixed(2)}px`, width: `${Math.max(width - 1, 0.5).toFixed(2)}px`, top: `${block.depth * ROW}px` }
  }

  /** As much of a name as fits into a frame: it is never cut at its beginning, and never by its neighbour. */
  #words(name, width) {
    const letters = Math.floor((width - 1 - 2 * PADDING) / this.letter)
    if (letters < FEWEST_LETTERS) return ''
    const brief = shortName(name)
    if (brief.length <= letters) return brief
    const last = brief.slice(brief.lastIndexOf('::') + 1).replace(/^:/, '')
    return last.length <= letters ? last : `${(last.length < brief.length && last.length > 3 ? last : brief).slice(0, letters - 1)}…`
  }

  #element(item) {
    const { block } = item
    const name = this.tree.names[block.label]
    const words = this.#words(name, item.width)
    const classes = ['frame', words && 'named', this.#paint(block), this.hits && (this.hits.hit[block.label] ? 'hit' : 'dimmed'), block.depth < this.focus.depth && 'above']
    item.element = h('div', {
      class: classes.filter(Boolean).join(' '), role: 'treeitem', tabindex: '-1', 'aria-level': block.depth + 1,
      'aria-label': `${shortName(name)}, ${this.#amount(block)}`, style: { ...this.#box(item), ...this.#tint(block) },
      // A name that is cut is no text: the frame's label has the name.
      'data-cut': words.endsWith('…') ? words : null,
    }, words.endsWith('…') ? '' : words)
    item.element.item = item
    return item.element
  }

  #paint(block) {
    if (this.sides === 1) return this.colours.has(this.tree.modules[block.label]) ? 'module' : 'plain'
    const growth = block.totals[1] - block.totals[0]
    return growth > 0 ? 'grown' : growth < 0 ? 'shrunk' : 'same'
  }

  /** The colour of its library; of a change, how much of the block it is. */
  #tint(block) {
    if (this.sides > 1) return { '--part': Math.min(1, Math.abs(block.totals[1] - block.totals[0]) / (block.width || 1)).toFixed(2) }
    return this.colours.get(this.tree.modules[block.label]) ?? {}
  }

  // ---- words -----------------------------------------------------------------------------

  #metricName() {
    return METRICS.find(([metric]) => metric === this.metric)[1]
  }

  #value(number) {
    return isBytes(this.metric) ? bytes(number) : count(number)
  }

  #amount(block) {
    if (this.sides > 1) {
      const growth = block.totals[1] - block.totals[0]
      if (!growth) return `${this.#value(block.totals[1])}, as before`
      return `${this.#value(block.totals[0])} before, ${this.#value(block.totals[1])} now, ${signed((n) => this.#value(n))(growth)}`
    }
    const own = block.own > 0 && block.own !== block.width && !this.upward ? `, ${this.#value(block.own)} in itself` : ''
    return `${this.#value(block.width)}, ${percent(block.width, this.view.root.width)}${own}`
  }

  #describe(block) {
    const module = this.tree.modules[block.label]
    this.detail.replaceChildren(h('b', {}, this.tree.names[block.label]), ` ${this.#amount(block)}`, module ? h('span', { class: 'dim' }, ` ${baseName(module)}`) : '')
  }

  // ---- moving ----------------------------------------------------------------------------

  #at(event, act) {
    const element = event.target.closest('.frame')
    if (element && element.item) act(element.item)
  }

  #key(event, item) {
    const { block } = item
    const siblings = block.parent ? this.view.expand(block.parent) : [block]
    const beside = (step) => siblings[siblings.indexOf(block) + step]
    const moves = {
      ArrowDown: () => this.view.expand(block)[0],
      ArrowUp: () => block.parent,
      ArrowLeft: () => beside(-1),
      ArrowRight: () => beside(1),
      Home: () => this.view.root,
    }
    if (event.key === 'Enter' || event.key === ' ') this.#zoom(block)
    else if (event.key === 'Escape') this.#zoom(this.focus.parent || this.view.root)
    else if (moves[event.key]) this.#go(item, moves[event.key]())
    else return
    event.preventDefault()
  }

  #go(from, block) {
    const item = block && this.items.find((other) => other.block === block)
    if (!item) return
    from.element.setAttribute('tabindex', '-1')
    item.element.setAttribute('tabindex', '0')
    item.element.focus()
  }
}

/** Of the letters in frames, which all have one width. */
function letterWidth(canvas) {
  const probe = h('span', { class: 'frame', style: { visibility: 'hidden', width: 'auto' } }, 'm'.repeat(20))
  canvas.append(probe)
  const width = probe.getBoundingClientRect().width / 20
  probe.remove()
  return width || 7.3
}
