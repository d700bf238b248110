// Chromium without a window, driven through pipes by its DevTools protocol.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const FLAGS = ['--headless', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-extensions',
  '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage', '--hide-scrollbars']
const PATIENCE = 60_000

export class Browser {
  static async start() {
    const browser = new Browser()
    browser.profile = mkdtempSync(join(tmpdir(), 'ringtail-page-'))
    browser.child = spawn(process.env.CHROMIUM || 'chromium', [...FLAGS, `--user-data-dir=${browser.profile}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
    browser.#listen()
    const { targetInfos } = await browser.send('Target.getTargets')
    const { targetId } = targetInfos.find((target) => target.type === 'page')
    browser.session = (await browser.send('Target.attachToTarget', { targetId, flatten: true })).sessionId
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.send(`${domain}.enable`)
    return browser
  }

  #listen() {
    this.calls = new Map()
    this.errors = []   // of the console, and of scripts
    this.requests = [] // for anything but the page
    this.waiting = []
    let text = ''
    this.child.stdio[4].on('data', (bytes) => {
      text += bytes
      const messages = text.split('\0')
      text = messages.pop()
      for (const message of messages) this.#take(JSON.parse(message))
    })
    this.child.on('exit', (status) => this.calls.forEach(({ reject }) => reject(new Error(`chromium ended with status ${status}`))))
  }

  #take({ id, result, error, method, params }) {
    if (id) {
      const { resolve, reject } = this.calls.get(id)
      this.calls.delete(id)
      if (error) reject(new Error(error.message))
      else resolve(result)
      return
    }
    if (method === 'Runtime.exceptionThrown') this.errors.push(params.exceptionDetails.exception?.description || params.exceptionDetails.text)
    if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type)) this.errors.push(params.args.map((value) => value.value ?? value.description).join(' '))
    if (method === 'Log.entryAdded' && params.entry.level === 'error') this.errors.push(params.entry.text)
    if (method === 'Network.requestWillBeSent' && params.request.url.split('#')[0] !== this.url.split('#')[0]) this.requests.push(params.request.url)
    if (method === 'Page.javascriptDialogOpening') this.errors.push(`a dialog: ${params.message}`)
    this.waiting = this.waiting.filter((waiter) => waiter.method !== method || void waiter.resolve(params))
  }

  send(method, params = {}) {
    const id = (this.lastId = (this.lastId || 0) + 1)
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: this.session })}\0`)
    return new Promise((resolve, reject) => this.calls.set(id, { resolve, reject }))
  }

  async open(url, { width = 1280, height = 900, scheme = 'light' } = {}) {
    this.url = url
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
    const loaded = new Promise((resolve) => this.waiting.push({ method: 'Page.loadEventFired', resolve }))
    await this.send('Page.navigate', { url })
    await loaded
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description || exceptionDetails.text}`)
    return result.value
  }

  /** Until the expression is true. */
  async until(expression) {
    for (const end = Date.now() + PATIENCE; Date.now() < end;) {
      const value = await this.evaluate(expression)
      if (value) return value
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`never came true: ${expression}`)
  }

  /** With the mouse, in the middle of the element, as long as nothing is in front of it.  find: an expression. */
  async click(find) {
    const at = await this.evaluate(`(() => { const element = ${find}; if (!element) return null
      element.scrollIntoView({ block: 'center' }); const box = element.getBoundingClientRect()
      return { x: box.left + Math.min(box.width / 2, 40), y: box.top + box.height / 2 } })()`)
    if (!at) throw new Error(`nothing to click: ${find}`)
    for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased'])
      await this.send('Input.dispatchMouseEvent', { type, ...at, button: type === 'mouseMoved' ? 'none' : 'left', clickCount: 1 })
  }

  /** From one part of the element's width to another, with the button pressed. */
  async drag(find, from, to) {
    const box = await this.evaluate(`(() => { const element = ${find}; element.scrollIntoView({ block: 'center' }); const { left, top, width, height } = element.getBoundingClientRect(); return { left, top, width, height } })()`)
    const at = (part) => ({ x: box.left + part * box.width, y: box.top + box.height / 2, button: 'left', buttons: 1 })
    await this.send('Input.dispatchMouseEvent', { type: 'mouseMoved', ...at(from), button: 'none', buttons: 0 })
    await this.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...at(from), clickCount: 1 })
    for (const part of [(from + to) / 2, to]) await this.send('Input.dispatchMouseEvent', { type: 'mouseMoved', ...at(part) })
    await this.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...at(to), clickCount: 1 })
  }

  async allow(permission) {
    const { session } = this
    this.session = undefined // of the browser, not of the page
    const done = this.send('Browser.grantPermissions', { permissions: [permission] })
    this.session = session
    await done
  }

  async type(text) {
    await this.send('Input.insertText', { text })
  }

  async press(key) {
    const code = { Enter: 13, Escape: 27, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Tab: 9 }[key]
    for (const type of ['keyDown', 'keyUp'])
      await this.send('Input.dispatchKeyEvent', { type, key, code: key, windowsVirtualKeyCode: code, ...(key === 'Enter' && type === 'keyDown' ? { text: '\r' } : {}) })
  }

  async screenshot(path) {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' })
    writeFileSync(path, Buffer.from(data, 'base64'))
  }

  async pdf(path) {
    const { data } = await this.send('Page.printToPDF', { printBackground: true })
    writeFileSync(path, Buffer.from(data, 'base64'))
  }

  async end() {
    const gone = new Promise((resolve) => this.child.once('exit', resolve))
    this.session = undefined
    this.send('Browser.close').catch(() => {}) // with all of its processes
    const patience = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE / 6)
    await gone
    clearTimeout(patience)
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}
