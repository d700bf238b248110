// How long a page takes until its first part is shown and its links answer, and each other part when it is first looked at.
// Prints JSON: {"ready": [milliseconds of each round], "parts": {"memory": milliseconds, ...}}
// usage: node ready.mjs PAGE.html [ROUNDS]
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Browser } from './browser.mjs'

const [page, rounds = '3'] = process.argv.slice(2)
const browser = await Browser.start()

async function shown(id) {
  const began = performance.now()
  await browser.evaluate(`location.hash = '#${id}'`)
  await browser.until(`document.documentElement.dataset.ready === '${id}'`)
  return Math.round(performance.now() - began)
}

async function opened() {
  const began = performance.now()
  await browser.open(pathToFileURL(resolve(page)).href)
  await browser.until('document.documentElement.dataset.ready')
  return Math.round(performance.now() - began)
}

try {
  const ready = []
  for (let round = 0; round < Number(rounds); round++) ready.push(await opened())
  const parts = {}
  for (const id of await browser.evaluate("[...document.querySelectorAll('#nav a')].slice(1).map((a) => a.hash.slice(1))")) parts[id] = await shown(id)
  console.log(JSON.stringify({ ready, parts }))
} finally {
  await browser.end()
}
