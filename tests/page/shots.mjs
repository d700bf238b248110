// Pictures of every part of a page, to look at.
// usage: node shots.mjs PAGE.html DIRECTORY [light|dark] [WIDTH]
import { resolve, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Browser } from './browser.mjs'

const [page, directory, scheme = 'light', width = '1280'] = process.argv.slice(2)
const browser = await Browser.start()
try {
  const began = Date.now()
  await browser.open(pathToFileURL(resolve(page)).href, { scheme, width: Number(width) })
  await browser.until('document.documentElement.dataset.ready')
  console.log(`ready after ${Date.now() - began} ms`)
  for (const id of await browser.evaluate("[...document.querySelectorAll('#nav a')].map((a) => a.hash.slice(1))")) {
    const before = Date.now()
    await browser.evaluate(`location.hash = '#${id}'`)
    await browser.until(`document.documentElement.dataset.ready === '${id}'`)
    console.log(`${id}: ${Date.now() - before} ms`)
    const height = await browser.evaluate('document.documentElement.scrollHeight')
    await browser.send('Emulation.setDeviceMetricsOverride', { width: Number(width), height: Math.min(height, 2600), deviceScaleFactor: 1, mobile: false })
    await new Promise((done) => setTimeout(done, 300))
    await browser.screenshot(join(directory, `${id}-${scheme}.png`))
    await browser.send('Emulation.setDeviceMetricsOverride', { width: Number(width), height: 900, deviceScaleFactor: 1, mobile: false })
  }
  await browser.pdf(join(directory, 'page.pdf'))
  for (const error of browser.errors) console.log(`error: ${error}`)
  for (const request of browser.requests) console.log(`request: ${request}`)
} finally {
  await browser.end()
}
