// Two runs: what is new, gone, grown.
import { h, section } from '../dom.js'
import { FlameGraph } from '../flame.js'
import { Table } from '../table.js'
import { findingElement } from './findings.js'
import { place, stack } from '../stack.js'
import { isLock } from './overview.js'
import { bytes, count, plural, seconds, signed } from '../format.js'

const MEASURES = { live: ['live at the end', 'live_bytes'], peak: ['at the peak', 'peak_bytes'], allocated: ['allocated', 'allocated_bytes'] }
const CHANGES = { new: 'New', fixed: 'Fixed', still: 'Still there' }
const FIRST = 5
const MOST_STACKS = 20 // that a row opens into

const sideOf = ({ sides }, change) => sides[change === 'gone' || change === 'fixed' ? 0 : 1]

/** "900 B in 9 blocks → 1.8 KiB in 18 blocks", where both runs have it. */
function amounts({ change, old, new: now }) {
  const words = (amount) => `${bytes(amount.bytes)} in ${plural(amount.blocks, 'block')}`
  if (!old.blocks && !now.blocks) return null
  if (change === 'still') return old.bytes === now.bytes && old.blocks === now.blocks ? `${words(now)}, as before` : `${words(old)} → ${words(now)}`
  return words(change === 'new' ? now : old)
}

function changedFinding(page, item) {
  const side = sideOf(page, item.change)
  const element = findingElement(side, { finding: item.finding, process: processOf(side, item.finding) }, { tag: CHANGES[item.change], words: amounts(item) })
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
  const element = h('div', {}, Object.keys(CHANGES).map((change) => {
    const items = findings.filter((item) => item.change === change)
    return items.length > 0 && section(`${CHANGES[change]}: ${count(items.length)}`, h('div', { class: 'findings' }, items.map((item) => changedFinding(page, item))))
  }))
  element.reveal = (values) => {
    const one = values.has('id') && element.querySelector(`[data-id='${CSS.escape(values.get('id'))}']`)
    if (!one) return
    one.unfold()
    one.scrollIntoView({ block: 'start' })
  }
  return element
}

/** Sites of one place that changed alike are one: {...of the one that changed most, with the sums of all; parts: [site, ...]}. */
function placesThatChanged(page) {
  if (page.changedPlaces) return page.changedPlaces
  const byKey = new Map()
  const most = [...page.diff.sites].sort((a, b) => Math.abs(b.bytes) - Math.abs(a.bytes))
  for (const site of most) {
    const key = `${site.change} ${site.exe} ${sideOf(page, site.change).placeKey(site.stack)}`
    const one = byKey.get(key)
    if (!one) {
      byKey.set(key, { ...site, old: { ...site.old }, new: { ...site.new }, parts: [site] })
      continue
    }
    one.parts.push(site)
    one.bytes += site.bytes
    one.blocks += site.blocks
    for (const run of ['old', 'new']) for (const what of ['bytes', 'blocks']) one[run][what] += site[run][what]
  }
  return (page.changedPlaces = [...byKey.values()])
}

/** What changed at each place, as a whole: stacks that are new and stacks that are gone make up for each other. */
function netChanges(page) {
  const byPlace = new Map()
  for (const site of placesThatChanged(page)) {
    const key = `${site.exe} ${sideOf(page, site.change).placeKey(site.stack)}`
    const one = byPlace.get(key)
    if (!one) byPlace.set(key, { ...site, side: sideOf(page, site.change).index })
    else Object.assign(one, { bytes: one.bytes + site.bytes, change: one.bytes + site.bytes > 0 ? 'grown' : 'shrunk' })
  }
  return [...byPlace.values()].filter((site) => site.bytes)
}

const grow = (value, show) => h('span', { class: value > 0 ? 'more-than' : value < 0 ? 'less-than' : 'dim' }, value ? signed(show)(value) : 'as before')

export function changedSitesView(page) {
  const { totals } = page.diff
  const sites = placesThatChanged(page)
  const one = (site) => h('div', { class: 'change-detail' }, h('p', { class: 'site-head' }, `${site.exe}: ${bytes(site.old.bytes)} before, ${bytes(site.new.bytes)} now`), stack(sideOf(page, site.change), site.stack))
  const detail = (site) => h('div', {}, site.parts.slice(0, MOST_STACKS).map(one), site.parts.length > MOST_STACKS && h('p', { class: 'dim' }, `The other ${count(site.parts.length - MOST_STACKS)} stacks changed less.`))
  const where = (site) => sideOf(page, site.change).where(site.stack)
  const several = new Set(sites.map((site) => site.exe)).size > 1
  const table = new Table([
    { name: 'Where', value: (site) => { const frame = where(site); return frame ? `${frame.name} ${frame.file}` : '' }, show: (site) => place(where(site)) },
    { name: 'Change', value: (site) => site.change, show: (_, word) => h('span', { class: `change ${word}` }, word) },
    several && { name: 'Program', value: (site) => site.exe },
    { name: 'Bytes', number: true, value: (site) => site.bytes, show: (_, value) => grow(value, bytes) },
    { name: 'Before', number: true, value: (site) => site.old.bytes, show: (_, value) => bytes(value) },
    { name: 'Now', number: true, value: (site) => site.new.bytes, show: (_, value) => bytes(value) },
    { name: totals.by === 'allocated' ? 'Calls' : 'Blocks', number: true, value: (site) => site.blocks, show: (_, value) => grow(value, count) },
  ].filter(Boolean), sites, { caption: 'Allocation sites that changed', sort: several ? 3 : 2, detail })
  return h('div', {}, h('p', { class: 'lead' }, `What is ${MEASURES[totals.by][0]}, by allocation site.`), sites.length ? table.element : h('p', { class: 'calm' }, 'No site changed.'))
}

export function changedFlameView(page) {
  const graph = new FlameGraph(page.sides.flatMap((side) => side.processes), 2, MEASURES[page.diff.totals.by][1])
  return h('div', {}, h('p', { class: 'lead' }, 'A frame is as wide as the larger of the two runs, so that what is gone can be seen too.'), graph.element)
}

// ---- what changed, at a glance ----------------------------------------------------------------

/** One sentence: the findings, then the bytes, then the site that changed them most. */
function verdict(page) {
  const { totals, findings } = page.diff
  const sites = netChanges(page)
  const number = (change) => findings.filter((item) => item.change === change).length
  const [fresh, fixed] = [number('new'), number('fixed')]
  const parts = [fresh ? plural(fresh, 'new finding') : 'No new findings', fixed ? `${count(fixed)} fixed` : '']
  const most = sites.reduce((best, site) => (Math.abs(site.bytes) > Math.abs(best?.bytes ?? 0) ? site : best), null)
  const frame = most && page.sides[most.side].where(most.stack)
  const growth = totals.bytes ? `${bytes(Math.abs(totals.bytes))} ${totals.bytes > 0 ? 'more' : 'less'} ${MEASURES[totals.by][0]}` : `As much ${MEASURES[totals.by][0]} as before`
  return [h('p', { class: `verdict ${fresh ? 'bad' : 'good'}` }, parts.filter(Boolean).join(', ')),
    h('p', { class: 'summary' }, growth, most ? `; the largest change is ${signed(bytes)(most.bytes)} in ` : '.', most && place(frame))]
}

function sitesThatChanged(page, words, sites, whole) {
  if (!sites.length) return null
  return section(words, h('ol', { class: 'bars' }, sites.slice(0, FIRST).map((site) => h('li', {},
    h('span', { class: `bar ${site.bytes > 0 ? 'worse' : 'better'}`, style: { '--part': `${(100 * Math.abs(site.bytes)) / whole}%` } }), h('span', { class: 'figure' }, grow(site.bytes, bytes)), h('span', { class: `figure change ${site.change}` }, site.change), place(page.sides[site.side].where(site.stack))))),
  sites.length > FIRST && h('p', {}, h('a', { href: '#sites' }, `All ${count(placesThatChanged(page).length)} places that changed`)))
}

const FIGURES = [
  ['Processes', (side) => side.processes.length, count],
  ['Threads', (side) => side.processes.reduce((sum, process) => sum + (process.info.threads?.length || 0), 0), count],
  ['Ran', (side) => side.report.run.seconds, seconds],
  ['Allocations', (side) => heapSum(side, 'allocations'), count],
  ['Allocated', (side) => heapSum(side, 'allocated_bytes'), bytes],
  ['Peak, summed over processes', (side) => heapSum(side, 'peak_bytes'), bytes],
  ['Live at the end', (side) => heapSum(side, 'live_at_end_bytes'), bytes],
  ['Temporary', (side) => heapSum(side, 'temporary'), count],
  ['Waits for locks', (side) => side.processes.reduce((sum, process) => sum + (process.info.lock_classes || []).reduce((all, one) => all + (isLock(one) ? one.contended : 0), 0), 0), count],
  ['Events lost', (side) => side.processes.reduce((sum, process) => sum + process.info.events.lost, 0), count],
]

function heapSum(side, name) {
  return side.processes.reduce((sum, process) => sum + (process.info.heap?.[name] || 0), 0)
}

function figures(page) {
  const rows = FIGURES.map(([name, value, show]) => ({ name, values: page.sides.map((side) => value(side) || 0), show }))
  return h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': 'Figures of both runs' }, h('table', {},
    h('caption', { class: 'hidden' }, 'Figures of both runs'),
    h('thead', {}, h('tr', {}, h('td'), ['Old', 'New', 'Change'].map((name) => h('th', { scope: 'col', class: 'number' }, name)))),
    h('tbody', {}, h('tr', {}, h('th', { scope: 'row' }, 'Run'), ['old', 'new'].map((side) => h('td', { class: 'number path' }, h('code', {}, page.diff[side].path))), h('td')),
      rows.map(({ name, values: [old, now], show }) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', { class: 'number' }, show(old)), h('td', { class: 'number' }, show(now)),
        h('td', { class: 'number' }, now === old ? h('span', { class: 'dim' }, '–') : signed(show)(now - old)))))))
}

export function changesView(page) {
  const { totals, findings } = page.diff
  const sites = netChanges(page)
  const of = (change) => findings.filter((item) => item.change === change)
  const card = (name, value, more, href, worse) => h(href ? 'a' : 'div', { class: `card ${worse ? 'worse' : ''}`, href }, h('span', { class: 'name' }, name), h('span', { class: 'value' }, value), h('span', { class: 'more' }, more))
  const list = (items) => h('div', { class: 'findings' }, items.slice(0, FIRST).map((item) => changedFinding(page, item)), items.length > FIRST && h('p', {}, h('a', { href: '#findings' }, `All ${count(items.length)} of them`)))
  const still = of('still')
  const grown = still.filter((item) => item.new.bytes > item.old.bytes)
  const more = sites.filter((site) => site.bytes > 0).sort((a, b) => b.bytes - a.bytes)
  const less = sites.filter((site) => site.bytes < 0).sort((a, b) => a.bytes - b.bytes)
  const whole = Math.max(1, ...sites.map((site) => Math.abs(site.bytes)))
  return h('div', {}, verdict(page),
    h('div', { class: 'cards' },
      card('New findings', count(of('new').length), 'not there before', '#findings', of('new').length), card('Fixed', count(of('fixed').length), 'gone now', '#findings'), card('Still there', count(still.length), grown.length ? `${count(grown.length)} of them larger` : '', '#findings'),
      card(`Bytes ${MEASURES[totals.by][0]}`, signed(bytes)(totals.bytes), `${bytes(totals.old.bytes)} → ${bytes(totals.new.bytes)}`, '#flame', totals.bytes > 0),
      card('Sites', `${count(totals.sites.new)} new`, `${count(totals.sites.grown)} grown, ${count(totals.sites.shrunk)} shrunk, ${count(totals.sites.gone)} gone`, '#sites')),
    of('new').length > 0 && section('New findings', list(of('new'))),
    of('fixed').length > 0 && section('Fixed', list(of('fixed'))),
    grown.length > 0 && section('Still there, and larger', list(grown)),
    sitesThatChanged(page, `Where it grew: ${plural(more.length, 'place')}`, more, whole),
    sitesThatChanged(page, `Where it shrank: ${plural(less.length, 'place')}`, less, whole),
    section('Figures', figures(page)))
}
