// What is wrong, where, and how much: before anything else.
import { h, section } from '../dom.js'
import { numberOf } from '../data.js'
import { findingElement, folded, missingNames } from './findings.js'
import { bars, timeline, topPlaces } from './memory.js'
import { processTree } from './processes.js'
import { bytes, count, percent, plural, seconds } from '../format.js'

const FIRST_FINDINGS = 5
const FIRST_SITES = 5

function card(name, value, more, href) {
  return h(href ? 'a' : 'div', { class: 'card', href }, h('span', { class: 'name' }, name), h('span', { class: 'value' }, value), h('span', { class: 'more' }, more))
}

const LOCKS = new Set(['mutex', 'rwlock', 'spin', 'once'])
/** A thread waits for a lock until its owner is done; for a condition or a semaphore, until another thread wakes it. */
export const isLock = ({ kind }) => LOCKS.has(kind)

/** Sums over the processes that are shown; of one, when the peak was. */
function cards({ shown, address }) {
  const heaps = shown.map((process) => process.info.heap).filter(Boolean)
  const sum = (name) => heaps.reduce((total, heap) => total + heap[name], 0)
  const threads = shown.flatMap((process) => process.info.threads || [])
  const classes = shown.flatMap((process) => process.info.lock_classes || [])
  const ofLocks = (key) => classes.reduce((total, one) => total + (isLock(one) ? one[key] : 0), 0)
  const waited = classes.reduce((total, one) => total + (isLock(one) ? 0 : one.wait_seconds), 0)
  const blocked = threads.filter((thread) => thread.state_at_end === 'blocked').length
  const query = address === null ? '' : `?process=${address}`
  return h('div', { class: 'cards' },
    heaps.length > 0 && !sum('allocations') && card('Allocated', 'nothing', 'malloc was never called'),
    sum('allocations') > 0 && [
      shown.length === 1 ? card('Peak', bytes(sum('peak_bytes')), `after ${seconds(heaps[0].peak_at)}`, `#memory${query}`) : card('Largest peak', bytes(Math.max(...heaps.map((heap) => heap.peak_bytes))), 'of one process', `#memory${query}`),
      card('Live at the end', bytes(sum('live_at_end_bytes')), plural(sum('live_at_end_blocks'), 'block'), `#memory${query}`),
      card('Allocated', bytes(sum('allocated_bytes')), plural(sum('allocations'), 'call'), `#memory${query}`),
      card('Temporary', percent(sum('temporary'), sum('allocations')), 'of calls, freed at once', `#memory${query}`)],
    card('Threads', count(threads.length), blocked ? `${count(blocked)} blocked at the end` : 'none blocked at the end', `#threads${query}`),
    shown.some((process) => process.info.watched.locks) && card('Waited for locks', seconds(ofLocks('wait_seconds')), `${ofLocks('acquisitions') ? `${count(ofLocks('contended'))} of ${plural(ofLocks('acquisitions'), 'acquisition')}` : 'no lock was taken'}${waited ? `; ${seconds(waited)} for other threads` : ''}`, `#locks${query}`))
}

const isUsual = ({ finding }) => finding.kind === 'thread-leak' && ['blocked', 'running'].includes(finding.class)

/** What healthy programs have, too, is no fault for certain: as the text report says. */
function harmless(look) {
  return [h('p', { class: 'verdict warn' }, 'Nothing that needs repair for certain'), h('p', { class: 'summary' }, plural(look.length, 'finding'), look.every(isUsual) ? ', usual in healthy programs.' : ' to look at.')]
}

/** Whether leaks grow: most readers ask that first. */
function growth(items) {
  const leaks = items.filter(({ finding }) => finding.course)
  const growing = leaks.filter(({ finding }) => finding.course === 'growing').length
  if (growing) return growing === items.length ? ', growing' : `, ${count(growing)} growing`
  return leaks.length === items.length && leaks.every(({ finding }) => finding.course === 'once') ? `, ${leaks.length > 1 ? 'each ' : ''}lost once: nothing that grows` : ''
}

function verdict(items) {
  const open = items.filter(({ finding }) => !finding.suppressed)
  const wrong = open.filter(({ finding }) => finding.weight === 'error')
  const look = open.filter(({ finding }) => finding.weight === 'warning')
  if (!wrong.length && !look.length) return h('p', { class: 'verdict good' }, 'Nothing wrong was found.')
  if (!wrong.length) return harmless(look)
  const kinds = new Map()
  for (const { finding } of wrong) kinds.set(finding.kind, (kinds.get(finding.kind) || 0) + 1)
  const words = [...kinds].map(([kind, number]) => plural(number, kind.replace('-', ' ').replace('misuse', 'wrong call'))).join(', ')
  return h('p', { class: 'verdict bad' }, words, h('span', { class: 'dim' }, look.length ? `${growth(wrong)} and ${count(look.length)} more to look at` : growth(wrong)))
}

// Nothing may have seen the end: then it came later than the last sign of life.
export function lived(process) {
  const { at, at_least: atLeast } = process.info.end
  return atLeast ? `${seconds(at)} or later` : seconds(at)
}

export function ending(process) {
  const { end } = process.info
  if (end.how === 'exit') return `exited with ${end.status}`
  if (end.how === 'signal') return `died of ${end.signal || 'a signal'}`
  return end.how === 'exec' ? 'became another program' : 'was running'
}

function unseenOf(process) {
  const { events, leak_scan: scan, watched } = process.info
  const lines = events.losses.map((loss) => `${count(loss.count)} ${loss.what} lost: ${loss.why}`)
  if (watched.heap && !scan.done && scan.why_not) lines.push(`No leak scan: ${scan.why_not}`)
  for (const one of watched.unseen || []) lines.push(`${one.what === 'start' ? 'Seen late' : `Not seen: ${one.what}`}: ${one.why}${one.module ? ` (${one.module})` : ''}`)
  const races = process.info.race_search
  if (races && !races.done) lines.push(`No data races were looked for: ${races.why}`)
  if (races?.done) lines.push(`Data races were looked for at ${plural(races.sites, 'site')} of ${plural(races.threads, 'thread')}: ${plural(races.stops, 'stop')}, ${plural(races.holds, 'hold')}${races.why ? `, until ${races.why}` : ''}`)
  if (watched.stacks !== 'full') lines.push(`Stacks: ${watched.stacks}`)
  return lines
}

/** Equal lines of several processes are one, with their number. */
export function unseen(processes) {
  const lines = new Map()
  for (const process of processes) for (const line of unseenOf(process)) lines.set(line, (lines.get(line) || 0) + 1)
  if (!lines.size) return null
  return h('ul', { class: 'unseen' }, [...lines].map(([line, number]) => h('li', {}, line, processes.length > 1 && ` (${plural(number, 'process', 'processes')})`)))
}

function heading({ shown, process }) {
  return process ? `${process.label}: ${ending(process)} after ${lived(process)}` : `All ${numberOf(shown)}`
}

export function overviewView(page) {
  const { side, shown } = page
  const items = side.findings()
  const first = items.filter(({ finding }) => finding.weight !== 'note' && !finding.suppressed)
  const allocated = shown.reduce((sum, process) => sum + (process.info.heap?.allocated_bytes || 0), 0)
  const rows = folded(side, first)
  const sites = topPlaces(page, 'allocated_bytes', FIRST_SITES)
  const curve = timeline(page)
  return h('div', {}, verdict(items),
    rows.length > 0 && h('div', { class: 'findings' }, rows.slice(0, FIRST_FINDINGS).map((row) => findingElement(side, row)),
      rows.length > FIRST_FINDINGS && h('p', {}, h('a', { href: '#findings' }, `All ${count(first.length)} findings`))),
    missingNames(side, rows.slice(0, FIRST_FINDINGS)),
    side.processes.length > 1 && section(numberOf(side.processes), processTree(page)),
    section(heading(page), cards(page), unseen(shown)),
    curve && section('Live memory', curve.element),
    sites.length > 0 && section('Most allocated', bars(sites, 'allocated_bytes', allocated, (row) => bytes(row.allocated_bytes))))
}
