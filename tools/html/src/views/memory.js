// Where memory went: over time, by call stack, by site, by size.
import { choice, h, section } from '../dom.js'
import { Curve, sumOfCurves } from '../curve.js'
import { FlameGraph } from '../flame.js'
import { Table } from '../table.js'
import { linkTo } from '../copy.js'
import { fragment, readFragment, replaceFragment } from '../fragment.js'
import { place, stack } from '../stack.js'
import { unseen } from './overview.js'
import { shortName } from '../names.js'
import { baseName, bytes, count, percent, plural, seconds } from '../format.js'

const HOLDERS = 6
const CALLERS = 3 // that tell apart the call stacks of one place

// ---- sites ------------------------------------------------------------------------------

const METRICS = ['allocations', 'allocated_bytes', 'temporary', 'peak_blocks', 'peak_bytes', 'live_blocks', 'live_bytes', 'largest']

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
  get callers() {
    return this.process.callers(this.node, CALLERS)
  }
}
for (const name of METRICS) Object.defineProperty(Site.prototype, name, { get() { return this.process.sites[name].at(this.index) } })

export function bars(rows, metric, whole, text) {
  return h('ol', { class: 'bars' }, rows.map((row) => h('li', {},
    h('span', { class: 'bar', style: { '--part': `${(100 * row[metric]) / (whole || 1)}%` } }),
    h('span', { class: 'figure' }, text(row)), h('span', { class: 'figure dim' }, percent(row[metric], whole)), place(row.first.where))))
}

// ---- groups of sites ----------------------------------------------------------------------

/** Sites of which one thing is the same, with their sums. */
class Group {
  constructor(key) {
    Object.assign(this, { key, sites: [], allocations: 0, allocated_bytes: 0, temporary: 0, peak_bytes: 0, live_bytes: 0, largest: 0 })
  }
  add(process, index, amounts = null) {
    this.sites.push({ process, index, amounts })
    for (const name of ['allocations', 'allocated_bytes', 'temporary', 'peak_bytes', 'live_bytes']) this[name] += amounts ? amounts[name] || 0 : process.sites[name].at(index)
    this.largest = Math.max(this.largest, process.sites.largest.at(index))
  }
  get count() {
    return this.sites.length
  }
  get first() {
    return (this.firstSite ??= new Site(this.sites[0].process, this.sites[0].index))
  }
}

/** Groups by what keyOf says of a process's sites: a function of the site's number, called for each. */
function grouped(processes, keyOf) {
  const groups = new Map()
  for (const process of processes) {
    const key = keyOf(process)
    for (let i = 0; i < process.sites.stack.length; i++) {
      const one = key(i)
      if (!groups.has(one)) groups.set(one, new Group(one))
      groups.get(one).add(process, i)
    }
  }
  return [...groups.values()]
}

/** Remembers what was made of each row of the table of frames: there are far fewer than sites. */
function byRow(process, make) {
  const made = new Map()
  return (index) => {
    const row = process.whereRow(process.sites.stack.at(index) - 1)
    if (!made.has(row)) made.set(row, row < 0 ? '' : make(row))
    return made.get(row)
  }
}

const placeOf = (process) => (index) => process.stackKey(process.sites.stack.at(index) - 1)
const libraryOf = (process) => byRow(process, (row) => process.texts[process.frames.module.at(row)] || 'code made at run time')

/** A site where several groups of threads allocate counts for each with its share. */
function byThread(processes) {
  const groups = new Map()
  const of = (process, id) => {
    const name = process.groupName(id)
    if (!groups.has(name)) groups.set(name, new Group(name))
    return groups.get(name)
  }
  for (const process of processes) {
    const { sites, shares } = process
    for (let i = 0; i < sites.stack.length; i++) if (sites.group.at(i)) of(process, sites.group.at(i)).add(process, i)
    const shared = new Set()
    for (let i = 0; i < shares.site.length; i++) {
      const amounts = Object.fromEntries(['allocations', 'allocated_bytes', 'peak_bytes', 'live_bytes'].map((name) => [name, shares[name].at(i)]))
      shared.add(shares.site.at(i) - 1)
      of(process, shares.group.at(i)).add(process, shares.site.at(i) - 1, amounts)
    }
    for (let i = 0; i < sites.stack.length; i++) if (!sites.group.at(i) && !shared.has(i)) of(process, 0).add(process, i)
  }
  return [...groups.values()]
}

const GROUPINGS = {
  place: ['Place', 'Where', null], // places()
  stack: ['Call stack', 'Where', (processes) => grouped(processes, (process) => (index) => `${process.id} ${index}`)],
  library: ['Library', 'Library', (processes) => grouped(processes, libraryOf)],
  thread: ['Thread', 'Thread', byThread],
  program: ['Program', 'Program', (processes) => grouped(processes, (process) => () => process.exe)],
  process: ['Process', 'Process', (processes) => grouped(processes, (process) => () => process.label)],
}

/** Groups by place, which several parts of the page need. */
function places(page) {
  if (page.placesOf !== page.process || !page.places) Object.assign(page, { placesOf: page.process, places: grouped(page.shown, placeOf) })
  return page.places
}

/** The places that have most. */
export const topPlaces = (page, metric, most) => places(page).filter((group) => group[metric] > 0).sort((a, b) => b[metric] - a[metric]).slice(0, most)

function groupings(processes) {
  const names = new Set()
  for (const process of processes) for (const id of process.groups.id.values) if (names.size < 2) names.add(process.groupName(id))
  const programs = new Set(processes.map(({ exe }) => exe)).size
  const wanted = { place: true, stack: true, library: true, thread: names.size > 1, program: programs > 1 && programs < processes.length, process: processes.length > 1 }
  return Object.keys(GROUPINGS).filter((key) => wanted[key])
}

function siteDetail(page, { process, index }) {
  const site = new Site(process, index)
  return h('div', {}, h('p', { class: 'site-head' }, `${site.type}: ${plural(site.allocations, 'call')}, ${bytes(site.allocated_bytes)}, largest ${bytes(site.largest)}`,
    page.shown.length > 1 && h('span', { class: 'dim' }, ` ${process.label}`), linkTo(fragment('memory', { process: process.id, site: index + 1 }), 'site')),
  stack(page.side, site.node < 0 ? null : [process.id, site.node]))
}

/** What opens below a group: the stack of its one site, or all of its sites. */
function groupDetail(page, group) {
  if (group.sites.length === 1) return siteDetail(page, group.sites[0])
  const rows = group.sites.map(({ process, index, amounts }) => {
    const one = new Group(index)
    one.add(process, index, amounts)
    return one
  })
  return sitesTable(page, rows, 'Where', 'Call stacks', { inside: true }).element
}

/** What tells a call stack from the others of its place. */
function calledFrom(site) {
  const { callers } = site
  return callers.length > 0 && h('span', { class: 'callers dim', title: callers.join(' < ') }, '< ', callers.map(shortName).join(' < '))
}

/** inside: it stands in a row of another table.  single: a row is one call stack. */
function sitesTable(page, rows, head, caption, { inside, single = inside } = {}) {
  const number = (name, key, show, title) => ({ name, number: true, value: (row) => row[key], show: (_, value) => show(value), title })
  const named = head === 'Where'
  return new Table([
    { name: head, value: (row) => (named ? (row.first.where ? `${row.first.where.name} ${row.first.where.file}` : '') : row.key),
      show: (row) => (named ? [place(row.first.where), single && calledFrom(row.first)] : h('span', { title: row.key }, head === 'Library' ? baseName(row.key) : row.key)) },
    single ? { name: 'Call', value: (row) => row.first.type } : number('Sites', 'count', count, 'Call stacks that allocated'),
    number('Allocated', 'allocated_bytes', bytes), number('Calls', 'allocations', count),
    number('At the peak', 'peak_bytes', bytes), number('Live at the end', 'live_bytes', bytes),
    head === 'Thread' ? null : number('Temporary', 'temporary', count, 'Freed by the same thread before it allocated anything else'),
  ].filter(Boolean), rows, { caption, sort: 2, detail: (row) => groupDetail(page, row) })
}

/**
 * The table of sites, grouped as the reader chooses.  show(index): opens a site of the one process that is shown;
 * showPlace(key): opens a place.
 */
function sitesSection(page) {
  const { shown } = page
  const keys = groupings(shown)
  const holder = h('div')
  let table
  const draw = (key) => {
    const [, head, make] = GROUPINGS[key]
    table = sitesTable(page, make ? make(shown) : places(page), head, 'Allocation sites', { single: key === 'stack' })
    holder.replaceChildren(table.element)
  }
  const by = choice('Group allocation sites by', keys.map((key) => [key, GROUPINGS[key][0]]), 'place', draw)
  const sites = shown.reduce((sum, process) => sum + process.sites.stack.length, 0)
  draw('place')
  const element = section(plural(sites, 'allocation site'), h('div', { class: 'toolbar' }, h('span', { class: 'dim' }, 'Group by'), by), holder)
  const show = (key, row) => {
    by.choose(key)
    table.reveal(row())
  }
  return { element, show: (index) => show('stack', () => table.rows[index]), showPlace: (key) => show('place', () => table.rows.find((row) => row.key === key)) }
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

/** Of one process or several; link: its range becomes part of the page's address. */
export function timeline(page, { onplace, link } = {}) {
  const { shown } = page
  const points = shown.length === 1 ? shown[0].curve : sumOfCurves(shown.filter((process) => process.info.heap))
  if (points.length < 4) return null
  const onrange = link && ((from, to) => {
    const { part, values } = readFragment()
    const at = (time) => (time === null ? null : time.toPrecision(6))
    if (part === 'memory' || !part) replaceFragment(fragment('memory', { process: values.get('process') ?? page.address, from: at(from), to: at(to) }))
  })
  return new Curve(points, shown.length === 1 ? shown[0] : null, { onplace, onrange })
}

function curveSection(page, curve) {
  return section('Over time', curve.element, page.shown.length > 1 && h('p', { class: 'note' }, 'All processes together, from the start of the first.'))
}

function peakSection(page, flame) {
  const { process } = page
  const { heap } = process.info
  const rows = topPlaces(page, 'peak_bytes', HOLDERS)
  return section(`At the peak: ${bytes(heap.peak_bytes)} in ${plural(heap.peak_blocks, 'block')}, after ${seconds(heap.peak_at)}`,
    bars(rows, 'peak_bytes', heap.peak_bytes, (row) => bytes(row.peak_bytes)),
    h('button', { type: 'button', class: 'quiet', onclick: () => { flame.setMetric('peak_bytes'); flame.element.scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' }) } }, 'All of it in the flame graph'))
}

function nothing(shown) {
  const watched = shown.some((process) => process.info.watched.heap)
  return h('div', {}, h('p', { class: 'calm' }, watched ? 'Nothing was allocated: malloc was never called.' : 'The heap was not watched.'), unseen(shown))
}

const DETAILS_OF_MANY = 'Choose one process to see its peak and the sizes that it asked for.'

export function memoryView(page) {
  const { shown } = page
  const heaps = shown.map((process) => process.info.heap).filter(Boolean)
  const one = shown.length === 1 ? shown[0] : null
  if (!heaps.some((heap) => heap.allocations)) return nothing(shown)
  const sum = (name) => heaps.reduce((total, heap) => total + heap[name], 0)
  const flame = new FlameGraph(shown, 1, sum('live_at_end_bytes') > sum('peak_bytes') / 2 ? 'live_bytes' : 'allocated_bytes')
  const sites = sitesSection(page)
  const curve = timeline(page, { onplace: sites.showPlace, link: true })
  const element = h('div', {},
    curve && curveSection(page, curve),
    one ? peakSection(page, flame) : h('p', { class: 'note' }, DETAILS_OF_MANY),
    section('Flame graph', flame.element),
    sites.element,
    one && one.info.heap.sizes.length > 0 && section('Sizes', histogram(one.info.heap.sizes)))
  element.reveal = (values) => {
    const [site, from, to] = ['site', 'from', 'to'].map((name) => (values.has(name) ? Number(values.get(name)) : NaN))
    if (from >= 0 && to > from) curve?.select([from, to])
    if (one && site >= 1 && site <= one.sites.stack.length) return sites.show(site - 1)
    return null
  }
  return element
}
