// One stack by itself: what a link to it shows.
import { h, section } from '../dom.js'
import { Table } from '../table.js'
import { linkTo } from '../copy.js'
import { fragment, readFragment } from '../fragment.js'
import { stack } from '../stack.js'
import { bytes, count } from '../format.js'

/** Allocation sites of which this is the stack. */
function sitesOf(process, node) {
  const found = []
  for (let i = 0; i < process.sites.stack.length; i++) if (process.sites.stack.at(i) - 1 === node) found.push(i)
  return found
}

function siteTable(process, sites) {
  const number = (name, key, show) => ({ name, number: true, value: (i) => process.sites[key].at(i), show: (_, value) => show(value) })
  return new Table([
    { name: 'Call', value: (i) => process.texts[process.sites.type.at(i)] },
    number('Allocated', 'allocated_bytes', bytes), number('Calls', 'allocations', count), number('At the peak', 'peak_bytes', bytes), number('Live at the end', 'live_bytes', bytes),
    { name: 'Link', value: (i) => i, show: (i) => linkTo(fragment('memory', { process: process.id, site: i + 1 }), 'site') },
  ], sites, { caption: 'What it allocated' }).element
}

export function stackView({ sides, side: latest, diff }) {
  const { values } = readFragment()
  const side = sides[Number(values.get('side') ?? 0)] ?? latest // a page of two runs has two
  const process = side.byId.get(Number(values.get('process')))
  const node = Number(values.get('at'))
  if (!process || !(node >= 0 && node < process.stacks.up.length)) return h('p', { class: 'calm' }, 'This run has no such stack: the link is of another page.')
  const sites = sitesOf(process, node)
  return h('div', {}, section(`A stack of ${process.label}`, stack(side, [process.id, node])),
    sites.length > 0 && !diff && section('Allocated here', siteTable(process, sites)))
}
