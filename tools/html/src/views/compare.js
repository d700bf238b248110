// Two runs: what is new, gone, grown.
import { h, section } from '../dom.js'
import { FlameGraph } from '../flame.js'
import { Table } from '../table.js'
import { findingElement } from './findings.js'
import { place, stack } from '../stack.js'
import { bytes, count, plural, signed } from '../format.js'

const MEASURES = { live: ['live at the end', 'live_bytes'], peak: ['at the peak', 'peak_bytes'], allocated: ['allocated', 'allocated_bytes'] }
const CHANGES = { new: 'New', fixed: 'Fixed', still: 'Still there' }

const sideOf = ({ sides }, change) => sides[change === 'gone' || change === 'fixed' ? 0 : 1]

function changedFinding(page, item, process) {
  const element = findingElement(sideOf(page, item.change), { finding: item.finding, process }, { tag: CHANGES[item.change] })
  element.classList.add(`change-${item.change}`)
  return element
}

/** The process that a finding's first stack is of. */
function processOf(side, finding) {
  const reference = finding.stacks[0]?.frames || finding.edges[0]?.held.stack
  return (reference && side.byId.get(reference[0])) || side.processes[0]
}

export function changedFindingsView(page) {
  const { findings } = page.diff
  if (!findings.length) return h('p', { class: 'calm' }, 'Neither run has findings.')
  return h('div', {}, Object.keys(CHANGES).map((change) => {
    const items = findings.filter((item) => item.change === change)
    return items.length > 0 && section(`${CHANGES[change]}: ${count(items.length)}`, h('div', { class: 'findings' },
      items.map((item) => changedFinding(page, item, processOf(sideOf(page, change), item.finding)))))
  }))
}

export function changedSitesView(page) {
  const { sites, totals } = page.diff
  const detail = h('div', { class: 'site-detail', role: 'status' })
  const open = (site) => detail.replaceChildren(h('h4', {}, `${site.exe}: ${bytes(site.old.bytes)} before, ${bytes(site.new.bytes)} now`), stack(sideOf(page, site.change), site.stack))
  const where = (site) => sideOf(page, site.change).where(site.stack)
  const several = new Set(sites.map((site) => site.exe)).size > 1
  const grow = (value, show) => h('span', { class: value > 0 ? 'more-than' : value < 0 ? 'less-than' : '' }, signed(show)(value))
  const table = new Table([
    { name: 'Change', value: (site) => site.change, show: (_, word) => h('span', { class: `change ${word}` }, word) },
    { name: 'Where', value: (site) => { const frame = where(site); return frame ? `${frame.name} ${frame.file}` : '' }, show: (site) => h('button', { type: 'button', class: 'plain', onclick: () => open(site) }, place(where(site))) },
    several && { name: 'Program', value: (site) => site.exe },
    { name: 'Bytes', number: true, value: (site) => site.bytes, show: (_, value) => grow(value, bytes) },
    { name: 'before', number: true, value: (site) => site.old.bytes, show: (_, value) => bytes(value) },
    { name: 'now', number: true, value: (site) => site.new.bytes, show: (_, value) => bytes(value) },
    { name: totals.by === 'allocated' ? 'Calls' : 'Blocks', number: true, value: (site) => site.blocks, show: (_, value) => grow(value, count) },
  ].filter(Boolean), sites, { caption: 'Allocation sites that changed', sort: 3 - (several ? 0 : 1) })
  return h('div', {}, h('p', {}, `What is ${MEASURES[totals.by][0]}, by allocation site.`), sites.length ? table.element : h('p', { class: 'calm' }, 'No site changed.'), detail)
}

export function changedFlameView(page) {
  const graph = new FlameGraph(page.sides.flatMap((side) => side.processes), 2, MEASURES[page.diff.totals.by][1])
  return h('div', {}, h('p', { class: 'dim' }, 'A block is as wide as the larger of the two runs, so that what is gone can be seen too.'), graph.element)
}

export function changesView(page) {
  const { totals, findings } = page.diff
  const number = (change) => findings.filter((item) => item.change === change).length
  const growth = totals.bytes
  const card = (name, value, more, kind) => h('div', { class: `card ${kind || ''}` }, h('span', { class: 'name' }, name), h('span', { class: 'value' }, value), h('span', { class: 'more' }, more))
  const run = (word, side, index) => h('tr', {}, h('th', { scope: 'row' }, word), h('td', {}, h('code', {}, page.diff[word.toLowerCase()].path)), h('td', {}, plural(side.processes.length, 'process', 'processes')),
    h('td', { class: 'number' }, bytes(index ? totals.new.bytes : totals.old.bytes)))
  const fresh = findings.filter((item) => item.change === 'new')
  return h('div', {},
    h('p', { class: `verdict ${number('new') ? 'bad' : 'good'}` }, number('new') ? plural(number('new'), 'new finding') : 'No new findings'),
    h('div', { class: 'cards' },
      card('New findings', count(number('new')), 'not there before', number('new') ? 'worse' : ''), card('Fixed', count(number('fixed')), 'gone now'), card('Still there', count(number('still')), ''),
      card(`Bytes ${MEASURES[totals.by][0]}`, signed(bytes)(growth), `${bytes(totals.old.bytes)} → ${bytes(totals.new.bytes)}`, growth > 0 ? 'worse' : ''),
      card('Sites', `${count(totals.sites.new)} new`, `${count(totals.sites.grown)} grown, ${count(totals.sites.shrunk)} shrunk, ${count(totals.sites.gone)} gone`)),
    fresh.length > 0 && h('div', { class: 'findings' }, fresh.slice(0, 5).map((item) => changedFinding(page, item, processOf(page.sides[1], item.finding)))),
    section('Runs', h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': 'Runs' }, h('table', {}, h('tbody', {}, page.sides.map((side, i) => run(i ? 'New' : 'Old', side, i)))))))
}
