// A person at a page: what the tests of the page do with it and see of it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Browser } from './browser.mjs'

/** A function of the page that finds an element, as an expression. */
export const $ = (selector) => `document.querySelector(${JSON.stringify(selector)})`
export const button = (within, word) => `[...document.querySelectorAll(${JSON.stringify(within + ' button')})].find((one) => one.textContent.trim() === ${JSON.stringify(word)})`

export class Person {
  /** axe: the file of the rules of accessibility. */
  static async at(page, axe) {
    const person = new Person()
    person.url = pathToFileURL(resolve(page)).href
    person.rules = readFileSync(axe, 'utf8')
    person.browser = await Browser.start()
    return person
  }

  /** Opens the page, or that place in it, as a new visit. */
  async opens(fragment = '', look = {}) {
    await this.browser.open('about:blank')
    await this.browser.open(this.url + fragment, look)
    await this.browser.until('document.documentElement.dataset.ready')
    await this.browser.evaluate(this.rules)
  }

  text(selector) {
    return this.browser.evaluate(`${$(selector)}?.textContent ?? null`)
  }

  number(selector) {
    return this.browser.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).length`)
  }

  /** Checks the page as it is now against the rules of accessibility. */
  async follows(name) {
    const { violations } = JSON.parse(await this.browser.evaluate("axe.run(document, { resultTypes: ['violations'] }).then((result) => JSON.stringify(result))"))
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html} ${nodes[0].failureSummary}`), [], name)
  }

  /** To a part of the page, by its link. */
  async goes(id) {
    await this.browser.click(`[...document.querySelectorAll('#nav a')].find((link) => link.hash.split('?')[0] === '#${id}')`)
    await this.browser.until(`document.documentElement.dataset.ready === '${id}'`)
    await this.follows(id)
  }

  /** Checks that nothing complained, and that the page asked for nothing. */
  isContent() {
    assert.deepEqual(this.browser.errors, [], 'the console complains')
    assert.deepEqual(this.browser.requests.filter((url) => url !== 'about:blank' && url.split('#')[0] !== this.url), [], 'the page asked for something')
  }

  leaves() {
    return this.browser.end()
  }
}
