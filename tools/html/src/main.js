// The page: its head, its parts, and which of them is shown.  A part is made when it is first looked at, or printed.
import { h } from './dom.js'
import { Side, unpack } from './data.js'
import { baseName, plural, seconds } from './format.js'
import { overviewView } from './views/overview.js'
import { findingsView } from './views/findings.js'
import { memoryView } from './views/memory.js'
import { locksView } from './views/locks.js'
import { threadsView } from './views/threads.js'
import { changedFindingsView, changedFlameView, changedSitesView, changesView } from './views/compare.js'

const REPORT = [['overview', 'Overview', overviewView], ['findings', 'Findings', findingsView], ['memory', 'Memory', memoryView], ['locks', 'Locks', locksView], ['threads', 'Threads', threadsView]]
const COMPARISON = [['overview', 'Overview', changesView], ['findings', 'Findings', changedFindingsView], ['sites', 'Sites', changedSitesView], ['flame', 'Flame graph', changedFlameView]]
const BY_PROCESS = new Set(['overview', 'memory', 'locks', 'threads'])

class Page {
  constructor(run) {
    this.sides = run.sides.map((side, i) => new Side(side, run.bytes, i))
    this.side = this.sides[this.sides.length - 1]
    this.diff = run.diff
    this.parts = run.diff ? COMPARISON : REPORT
    this.process = busiest(this.side.processes)
    this.sections = new Map(this.parts.map(([id, title]) => [id, h('section', { class: 'view', id: `view-${id}`, 'aria-labelledby': `title-${id}`, hidden: true }, h('h2', { id: `title-${id}`, tabindex: '-1' }, title))]))
    this.made = new Set()
    this.choose = (process) => this.#chooseProcess(process)
  }

  begin() {
    document.title = `${this.#name()} – ringtail`
    document.getElementById('top').replaceChildren(this.#head())
    this.links = this.parts.map(([id, title]) => h('a', { href: `#${id}` }, title))
    document.getElementById('nav').replaceChildren(h('div', {}, this.links), this.#processChoice() || '')
    document.getElementById('content').replaceChildren(...this.sections.values())
    addEventListener('hashchange', () => this.#show(true))
    addEventListener('beforeprint', () => this.parts.forEach(([id]) => this.#make(id)))
    this.#show(false)
  }

  #name() {
    const command = this.side.report.run.command
    return this.diff ? `${baseName(this.side.processes[0]?.info.exe)}: two runs` : command.length ? baseName(command[0]) : this.process?.exe || 'run'
  }

  #head() {
    const { run, ringtail } = this.side.report
    const facts = this.diff ? [`${this.diff.old.path} → ${this.diff.new.path}`]
      : [run.started && run.started.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC'), seconds(run.seconds), plural(this.side.processes.length, 'process', 'processes')]
    return h('div', {}, h('div', { class: 'title' }, h('h1', {}, this.#name()), !this.diff && h('code', { class: 'command', title: run.command.join(' ') }, run.command.join(' '))),
      h('p', { class: 'facts' }, facts.filter(Boolean).map((fact) => h('span', {}, fact)), h('span', {}, `ringtail ${ringtail.version}`)), themeButton())
  }

  #processChoice() {
    if (this.diff || this.side.processes.length < 2) return null
    this.select = h('select', { id: 'process', onchange: () => this.#chooseProcess(this.side.processes[this.select.value]) },
      this.side.processes.map((process, i) => h('option', { value: i, selected: process === this.process }, process.label)))
    return h('label', { class: 'process' }, 'Process ', this.select)
  }

  #chooseProcess(process) {
    this.process = process
    this.select.value = this.side.processes.indexOf(process)
    for (const id of BY_PROCESS) this.made.delete(id)
    this.#show(false)
  }

  #make(id) {
    if (this.made.has(id)) return
    this.made.add(id)
    const section = this.sections.get(id)
    const [, , view] = this.parts.find(([name]) => name === id)
    section.replaceChildren(section.firstChild, this.process ? view(this) : h('p', { class: 'calm' }, 'This run holds no process.'))
  }

  #show(moved) {
    const wanted = location.hash.slice(1)
    if (moved && wanted === 'content') return
    const id = this.sections.has(wanted) ? wanted : this.parts[0][0]
    this.sections.forEach((section, name) => (section.hidden = name !== id))
    this.links.forEach((link) => (link.hash === `#${id}` ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current')))
    this.#make(id)
    if (moved) scrollTo(0, 0)
    document.documentElement.dataset.ready = id
  }
}

/** The process to begin with: of those with findings, or else of all, that which allocated most. */
function busiest(processes) {
  const weight = (process) => (process.info.findings || []).filter((finding) => finding.weight === 'error').length * 1e15 + (process.info.heap?.allocations || 0)
  return processes.reduce((best, process) => (!best || weight(process) > weight(best) ? process : best), null)
}

function themeButton() {
  const dark = () => (document.documentElement.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
  const button = h('button', { type: 'button', class: 'theme quiet', onclick: () => { document.documentElement.dataset.theme = dark() ? 'light' : 'dark'; name() } })
  const name = () => {
    button.textContent = dark() ? 'Light' : 'Dark'
    dispatchEvent(new Event('themechange'))
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', name)
  name()
  return button
}

unpack().then((run) => new Page(run).begin()).catch((error) => {
  document.getElementById('content').replaceChildren(h('p', { class: 'verdict bad', role: 'alert' }, `This page cannot show the run: ${error.message}. It needs a browser of 2023 or later.`))
  throw error
})
