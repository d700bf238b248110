// The page: its head, its parts, and which of them is shown.  A part is made when it is first looked at, or printed.
import { h, redraw } from './dom.js'
import { Side, numberOf, unpack } from './data.js'
import { fragment, readFragment, replaceFragment } from './fragment.js'
import { baseName, plural, seconds } from './format.js'
import { overviewView } from './views/overview.js'
import { findingsView } from './views/findings.js'
import { memoryView } from './views/memory.js'
import { locksView } from './views/locks.js'
import { threadsView } from './views/threads.js'
import { stackView } from './views/alone.js'
import { changedFindingsView, changedFlameView, changedSitesView, changesView } from './views/compare.js'

const REPORT = [['overview', 'Overview', overviewView], ['findings', 'Findings', findingsView], ['memory', 'Memory', memoryView], ['locks', 'Locks', locksView], ['threads', 'Threads', threadsView]]
const COMPARISON = [['overview', 'Overview', changesView], ['findings', 'Findings', changedFindingsView], ['sites', 'Sites', changedSitesView], ['flame', 'Flame graph', changedFlameView]]
const ALONE = ['stack', 'Stack', stackView] // reached by a link alone
const ALL = 'all'
const BY_PROCESS = new Set(['overview', 'findings', 'memory', 'locks', 'threads'])

class Page {
  constructor(run) {
    this.sides = run.sides.map((side, i) => new Side(side, run.bytes, i))
    this.side = this.sides[this.sides.length - 1]
    this.diff = run.diff
    this.parts = run.diff ? COMPARISON : REPORT
    this.busiest = busiest(this.side.processes)
    this.process = this.busiest
    this.sections = new Map([...this.parts, ALONE].map(([id, title]) => [id, h('section', { class: 'view', id: `view-${id}`, 'aria-labelledby': `title-${id}`, hidden: true }, h('h2', { id: `title-${id}`, tabindex: '-1' }, title))]))
    this.made = new Map()
    this.choose = (process) => this.#choose(process)
  }

  /** The processes that parts are about: one, or all. */
  get shown() {
    return this.process ? [this.process] : this.side.processes
  }

  /** How the page's address says which process is shown; null where it need not. */
  get address() {
    return this.process === this.busiest ? null : this.process ? this.process.id : ALL
  }

  begin() {
    document.title = `${this.#name()} – ringtail`
    document.getElementById('top').replaceChildren(this.#head())
    this.links = this.parts.map(([id, title]) => h('a', { href: `#${id}` }, title))
    document.getElementById('nav').replaceChildren(h('div', { class: 'links' }, this.links), this.#processChoice() || '')
    document.getElementById('content').replaceChildren(...this.sections.values())
    addEventListener('hashchange', () => this.#show(true))
    addEventListener('beforeprint', () => this.#beginPrint())
    addEventListener('afterprint', () => this.#endPrint())
    this.#show(false)
  }

  #name() {
    const command = this.side.report.run.command
    return this.diff ? `${baseName(this.side.processes[0]?.info.exe)}: two runs` : command.length ? baseName(command[0]) : this.busiest?.exe || 'run'
  }

  #head() {
    const { run, ringtail } = this.side.report
    const facts = this.diff ? [`${this.diff.old.path} → ${this.diff.new.path}`]
      : [run.started && run.started.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC'), seconds(run.seconds), numberOf(this.side.processes)]
    return h('div', {}, h('div', { class: 'title' }, h('h1', {}, this.#name()), !this.diff && h('code', { class: 'command', title: run.command.join(' ') }, run.command.join(' '))),
      h('p', { class: 'facts' }, facts.filter(Boolean).map((fact) => h('span', {}, fact)), h('span', {}, `ringtail ${ringtail.version}`)), themeButton())
  }

  #processChoice() {
    const { processes } = this.side
    if (this.diff || processes.length < 2) return null
    this.select = h('select', { id: 'process', onchange: () => this.#choose(this.side.byId.get(Number(this.select.value)) ?? null) },
      h('option', { value: ALL }, `All ${numberOf(processes)}`),
      processes.map((process) => h('option', { value: process.id, selected: process === this.process }, process.label + (process.wrong ? `: ${plural(process.wrong, 'finding')}` : ''))))
    return h('label', { class: 'process' }, 'Process ', this.select)
  }

  /** null: all of them. */
  #choose(process) {
    this.#take(process)
    replaceFragment(fragment(readFragment().part || this.parts[0][0], { process: this.address }))
    this.#show(false)
  }

  #take(process) {
    if (process === this.process) return
    this.process = process
    if (this.select) this.select.value = process ? process.id : ALL
    for (const id of BY_PROCESS) this.made.delete(id)
    for (const link of this.links) if (BY_PROCESS.has(readFragment(link.hash).part)) link.setAttribute('href', fragment(readFragment(link.hash).part, { process: this.address }))
  }

  #make(id) {
    if (this.made.has(id)) return
    const section = this.sections.get(id)
    const [, , view] = [...this.parts, ALONE].find(([name]) => name === id)
    const content = this.shown.length ? view(this) : h('p', { class: 'calm' }, 'This run holds no process.')
    this.made.set(id, content)
    section.replaceChildren(section.firstChild, content)
  }

  /** All parts are printed, in light colours, with the findings that are worth acting on open. */
  #beginPrint() {
    this.parts.forEach(([id]) => this.#make(id))
    this.unfolded = []
    for (let closed; (closed = [...document.querySelectorAll('#view-findings .finding:not(.note, [open])')]).length;) {
      closed.forEach((finding) => finding.unfold()) // and so those inside of a row come to light
      this.unfolded.push(...closed)
    }
    document.documentElement.dataset.printing = ''
    redraw('.plot, .flame')
  }

  #endPrint() {
    this.unfolded.forEach((finding) => (finding.open = false))
    delete document.documentElement.dataset.printing
    redraw('.plot, .flame')
  }

  /** The process that an address names: by its id, or all; as before where it names none. */
  #named(values) {
    const name = values.get('process')
    return name === ALL ? null : this.side.byId.get(Number(name)) ?? this.process
  }

  #show(moved) {
    const { part, values } = readFragment()
    if (moved && part === 'content') return
    const id = this.sections.has(part) ? part : this.parts[0][0]
    if (!this.diff && this.side.processes.length > 1) this.#take(this.#named(values))
    this.sections.forEach((section, name) => (section.hidden = name !== id))
    this.links.forEach((link) => (readFragment(link.hash).part === id ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current')))
    if (id === ALONE[0]) this.made.delete(id)
    this.#make(id)
    if (moved) scrollTo(0, 0)
    this.made.get(id).reveal?.(values)
    document.documentElement.dataset.ready = id
  }
}

/** The process to begin with: that with the most to show. */
function busiest(processes) {
  const number = (process, weight) => (process.info.findings || []).filter((one) => one.weight === weight && !one.suppressed).length
  const weight = (process) => [number(process, 'error'), number(process, 'warning'), process.info.heap?.allocations || 0, process.info.events.recorded]
  const more = (a, b) => { const at = a.findIndex((value, i) => value !== b[i]); return at >= 0 && a[at] > b[at] }
  let best = null
  for (const process of processes) {
    const own = weight(process)
    if (!best || more(own, best.own)) best = { process, own }
  }
  return best?.process ?? null
}

function themeButton() {
  const dark = () => (document.documentElement.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
  const button = h('button', { type: 'button', class: 'theme quiet', onclick: () => { document.documentElement.dataset.theme = dark() ? 'light' : 'dark'; name() } })
  const name = () => {
    button.textContent = dark() ? 'Light' : 'Dark'
    redraw('.plot')
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', name)
  name()
  return button
}

unpack().then((run) => new Page(run).begin()).catch((error) => {
  document.getElementById('content').replaceChildren(h('p', { class: 'verdict bad', role: 'alert' }, `This page cannot show the run: ${error.message}. It needs a browser of 2023 or later.`))
  throw error
})
