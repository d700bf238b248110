/*
 * Uses a page as a person would, by mouse and by keys, in light and in dark, and ends with a line of JSON: what it saw.
 * Fails where the page asks the network for something, complains on the console, or breaks a rule of accessibility.
 * usage: node check.mjs PAGE.html PICTURE.png AXE.js
 */
import assert from 'node:assert/strict'
import { $, Person, button } from './person.mjs'

const [page, picture, axe] = process.argv.slice(2)
const seen = {}
const person = await Person.at(page, axe)
const { browser } = person
const text = (selector) => person.text(selector)
const number = (selector) => person.number(selector)
const go = (id) => person.goes(id)
const follows = (name) => person.follows(name)

async function findings() {
  await go('findings')
  seen.findings = await number('#view-findings .finding')
  if (!seen.findings) return
  seen.stack = await text('#view-findings .stack .function')
  seen.source = await text('#view-findings .source .here')
  seen.no_source = await text('#view-findings p.source')
  await browser.click(`${$('#view-findings input[type=search]')}`)
  await browser.type('no such word anywhere')
  assert.equal(await number('#view-findings .finding'), 0, 'the filter left findings')
}

async function flame() {
  const frames = '#view-memory .flame .frame'
  await browser.click(button('#view-memory', 'Calls'))
  seen.deepest = await browser.evaluate(`Math.max(...[...document.querySelectorAll('${frames}')].map((one) => one.getAttribute('aria-level') ?? 0))`)
  await browser.click(button('#view-memory', 'Allocated'))
  const all = await number(frames)
  await browser.click($(`${frames}:nth-of-type(5)`))
  assert.ok(await number(`${frames}.above`) > 0, 'a click did not zoom in')
  for (let i = 0; i < 100 && (await number(`${frames}.above`)); i++) await browser.press('Escape')
  assert.equal(await number(frames), all, 'Escape did not zoom out again')
  await browser.evaluate(`${$(frames)}.focus()`)
  await browser.press('ArrowDown')
  assert.notEqual(await browser.evaluate(`document.activeElement.getAttribute('aria-level')`), '1', 'the arrow key did not move')
  await browser.click($('#view-memory .flame-graph input[type=search]'))
  await browser.type(process.env.FIND || 'main')
  seen.matching = await text('#view-memory .flame-graph .found')
  assert.ok(await number(`${frames}.hit`) > 0, 'the search found nothing')
  await browser.click(button('#view-memory', 'Calls'))
  seen.calls = await browser.evaluate(`${$(frames)}.getAttribute('aria-label')`)
  await browser.click(button('#view-memory', 'Allocating functions on top'))
  assert.ok(await number(frames) > 1, 'the inverted graph is empty')
}

async function memory() {
  await go('memory')
  assert.ok(await browser.until($('#view-memory .plot canvas')), 'no curve')
  seen.peak = await text('#view-memory .block:nth-of-type(2) h3')
  await flame()
  const first = () => text('#view-memory .table td')
  const before = await first()
  await browser.click(button('#view-memory .table thead', 'Where'))
  await browser.click(button('#view-memory .table thead', 'Where'))
  seen.sorted = [before, await first()]
  seen.sizes = await number('#view-memory .histogram tbody tr')
}

async function report() {
  await findings()
  await memory()
  await go('locks')
  seen.locks = await number('#view-locks .orders .lock')
  seen.cycle = await number('#view-locks .orders .order.lit')
  if (await browser.evaluate(`Boolean(${button('#view-locks', 'All orders')})`)) await browser.click(button('#view-locks', 'All orders'))
  seen.orders = await number('#view-locks .orders .order')
  seen.cycle_of_all = await number('#view-locks .orders .order.lit')
  await follows('locks, all orders')
  await go('threads')
  seen.lanes = await number('#view-threads .lane')
}

async function comparison() {
  await go('findings')
  for (const change of ['new', 'fixed', 'still']) seen[change] = await number(`#view-findings .change-${change}`)
  await go('sites')
  seen.sites = await number('#view-sites tbody tr')
  await go('flame')
  seen.grown = await number('#view-flame .frame.grown')
}

async function light() {
  await person.opens()
  await follows('overview')
  seen.title = await browser.evaluate('document.title')
  seen.command = await text('header .command')
  seen.verdict = await text('.verdict')
  await browser.screenshot(picture)
  await ((await text("#nav a[href='#flame']")) ? comparison() : report())
}

async function dark() {
  await browser.click(button('header', 'Dark'))
  assert.ok(await browser.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((part) => part < 64)"), 'it is not dark')
  await go('overview')
  await go('findings')
}

try {
  await light()
  await dark()
  seen.images = await number('img')
  person.isContent()
  console.log(JSON.stringify(seen))
} finally {
  await person.leaves()
}
