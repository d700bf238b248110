/*
 * Opens a profile in speedscope, as its command would, and prints what is in itself of the functions that its table shows
 * first, those with most:
 * "1.25 KB print_receipt", or "1280 print_receipt" where it does not know a unit.
 * usage: node speedscope.mjs SPEEDSCOPE PROFILE      SPEEDSCOPE: the npm package's directory
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Browser } from './browser.mjs'

const [speedscope, profile] = process.argv.slice(2)
const script = resolve(`${profile}.js`)
writeFileSync(script, `speedscope.loadFileFromBase64(${JSON.stringify(basename(profile))}, ${JSON.stringify(readFileSync(profile).toString('base64'))})`)

const browser = await Browser.start()
try {
  await browser.open(`${pathToFileURL(resolve(join(speedscope, 'dist/release/index.html')))}#localProfilePath=${script}`)
  await browser.until("document.title.endsWith(' - speedscope')")
  const table = "[...document.querySelectorAll('tr')].filter((row) => row.querySelector('td')).map((row) => [...row.cells].map((cell) => cell.textContent))"
  await browser.click("[...document.querySelectorAll('div')].find((one) => one.textContent.endsWith('Sandwich') && one.children.length < 2)")
  await browser.until(`${table}.length > 0`)
  const rows = await browser.evaluate(table)
  for (const [, self, name] of rows) if (!self.startsWith('0 ')) console.log(self.replace(/ \(.*\)$/, '').replaceAll(',', ''), name)
  if (browser.errors.length) throw new Error(browser.errors.join('\n'))
} finally {
  await browser.end()
}
