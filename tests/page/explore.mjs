/*
 * Uses what a page offers to find one's way in a run, as a person would, and fails where something is not as it should be.
 * Of which run the page has to be, tests/e2e/page.c says for each topic.
 * usage: node explore.mjs PAGE.html AXE.js TOPIC [REPORT]      REPORT: a file with another report on the same run
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { $, Person, button } from './person.mjs'

const [page, axe, topic, report] = process.argv.slice(2)
const person = await Person.at(page, axe)
const { browser } = person
const evaluate = (expression) => browser.evaluate(expression)
const PARTS = ['overview', 'findings', 'memory', 'locks', 'threads']
const FRAMES = '#view-memory .flame .frame'

/** What is wider than the page, at each width that a reader may have: nothing. */
async function fits(fragment = '') {
  for (const width of [390, 1024, 1600]) {
    await person.opens(fragment, { width, scheme: width === 1024 ? 'dark' : 'light' })
    for (const part of PARTS) {
      await evaluate(`${$(`#nav a[href^='#${part}']`)}.click()`)
      await browser.until(`document.documentElement.dataset.ready === '${part}'`)
      assert.ok(await evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'), `${part} is wider than ${width} pixels`)
      await neverLettersInAColumn(`${part}, ${width} pixels`)
      if (width === 1024) await person.follows(`${part}, dark`)
    }
  }
}

/** Each line of a name has room for more than a few letters, unless the name is short. */
async function neverLettersInAColumn(name) {
  const squeezed = await evaluate(`[...document.querySelectorAll('main code, main .file, main .source code')].filter((one) => {
    const { height, width } = one.getBoundingClientRect()
    const lines = Math.round(height / parseFloat(getComputedStyle(one).lineHeight))
    return one.innerText && lines > 1 && one.innerText.length / lines < 8
  }).map((one) => one.innerText)`)
  assert.deepEqual(squeezed, [], `names are squeezed: ${name}`)
}

/** Full names need many lines, and leave the files beside them room. */
async function fullNamesFit() {
  for (const width of [390, 1600]) {
    await person.opens('#memory', { width })
    await opensFirstStack()
    await browser.click(button('#view-memory .below', 'Full names'))
    await neverLettersInAColumn(`full names, ${width} pixels`)
    assert.ok(await evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'), `full names are wider than ${width} pixels`)
  }
}

async function opensFirstStack() {
  await browser.click($('#view-memory .opener'))
  if (await evaluate(`!${button('#view-memory .below', 'Full names')}`)) await browser.click($('#view-memory .below .opener'))
}

async function namesAreShort() {
  await person.opens('#memory')
  const name = await evaluate(`[...document.querySelectorAll('#view-memory .table .place code')].find((one) => one.querySelector('.whole'))?.title`)
  assert.ok(name?.includes('<'), 'no long name is shown whole on hover')
  const shown = () => evaluate(`[...document.querySelectorAll('#view-memory .table .place code[title]')].map((one) => one.innerText)`)
  assert.ok((await shown()).every((one) => one.length < 100 && !/<[^…]/.test(one)), 'a name is shown with its template arguments')
  await opensFirstStack()
  await browser.click(button('#view-memory .below', 'Full names'))
  assert.ok((await shown()).includes(name), 'full names are not shown')
}

/** The stack of a clicked site is right below its row, and goes with a second click, and by keys. */
async function siteOpensInPlace() {
  await person.opens('#memory')
  await browser.click(button('#view-memory', 'Call stack'))
  assert.ok(await person.number('#view-memory .opener') >= 50, 'too few rows to be lost between them')
  await browser.click($('#view-memory .opener'))
  const below = () => evaluate(`(() => { const row = ${$('#view-memory .opener')}.closest('tr'); const next = row.nextElementSibling
    return { stack: next.querySelectorAll('.stack li').length, gap: next.getBoundingClientRect().top - row.getBoundingClientRect().bottom } })()`)
  assert.ok((await below()).stack > 0, 'no stack below the row')
  assert.ok(Math.abs((await below()).gap) < 2, 'the stack is not beside its row')
  await person.follows('an open site')
  await evaluate(`${$('#view-memory .opener')}.focus()`)
  await browser.press('Enter')
  assert.equal((await below()).stack, 0, 'Enter did not close it')
}

async function sitesAreGrouped() {
  await person.opens('#memory')
  for (const by of ['Library', 'Thread', 'Place']) {
    await browser.click(button('#view-memory', by))
    const sums = await evaluate(`[...document.querySelectorAll('#view-memory tbody .opener')].length`)
    assert.ok(sums > 0, `no groups by ${by}`)
    if (by === 'Library') assert.ok(await evaluate(`[...document.querySelectorAll('#view-memory .opener .what')].some((one) => one.textContent === 'long_names')`), 'the program is no library')
    if (by === 'Thread') assert.ok(await evaluate(`[...document.querySelectorAll('#view-memory .opener .what')].some((one) => one.textContent === 'main' || one.textContent === 'long_names')`), 'no main thread')
  }
}

/** Frames of a flame graph never overlap, and no frame's text is cut. */
async function framesAreApart(name) {
  const wrong = await evaluate(`(() => {
    const rows = new Map()
    for (const one of document.querySelectorAll('${FRAMES}')) {
      const box = one.getBoundingClientRect()
      if (one.scrollWidth > one.clientWidth) return 'cut: ' + (one.dataset.cut || one.textContent)
      rows.set(one.style.top, [...(rows.get(one.style.top) || []), box])
    }
    for (const row of rows.values()) {
      row.sort((a, b) => a.left - b.left)
      for (let i = 1; i < row.length; i++) if (row[i].left < row[i - 1].right - 0.6) return 'frames overlap at ' + row[i].left
    }
    return '' })()`)
  assert.equal(wrong, '', name)
}

async function flame() {
  for (const width of [390, 1600]) {
    await person.opens('#memory', { width })
    await framesAreApart(`${width} pixels`)
  }
  await browser.click($(`${FRAMES}:nth-of-type(4)`))
  for (const scheme of ['light', 'dark']) {
    await browser.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
    await person.follows(`zoomed in, ${scheme}`)
  }
  await browser.click(button('#view-memory', 'Whole graph'))
  await browser.click(button('#view-memory', 'Allocating functions on top'))
  await framesAreApart('inverted')
  await browser.click(button('#view-memory', 'Callers on top'))
  assert.ok(await evaluate(`[...document.querySelectorAll('.flame-graph .libraries li')].some((one) => one.textContent.startsWith('long_names'))`), 'the legend lacks the program')
  const hue = (selector) => evaluate(`getComputedStyle(${selector}).backgroundColor`)
  assert.equal(await hue($('.flame-graph .libraries .swatch')), await hue(`[...document.querySelectorAll('${FRAMES}')].find((one) => one.getAttribute('aria-label').startsWith('serve,'))`), 'the legend has another colour')
  const names = () => evaluate(`[...document.querySelectorAll('${FRAMES}')].map((one) => one.getAttribute('aria-label') ?? '')`)
  assert.ok((await names()).some((one) => one.startsWith('start_thread')), 'no frame of libc')
  await browser.click($('.flame-graph input[type=checkbox]'))
  assert.ok(!(await names()).some((one) => /^(start_thread|clone)/.test(one)), 'frames of the system are still there')
  assert.ok((await names()).some((one) => one.startsWith('serve,')), 'frames of the program are gone too')
  await framesAreApart('without the system')
  await browser.click(button('#view-memory', 'Allocating functions on top'))
  assert.ok((await names()).length > 1, 'the inverted graph is empty without the system')
}

async function slide(index, value) {
  await evaluate(`(() => { const one = document.querySelectorAll('#view-memory .range input')[${index}]; one.value = ${value}; one.dispatchEvent(new Event('input')) })()`)
}

async function curve() {
  await person.opens('#memory')
  await browser.click(button('#view-memory .curve', 'By site'))
  assert.ok(await person.number('#view-memory .curve .legend li') > 2, 'the stacked curve has no legend')
  await slide(1, 999) // where blocks are live however long the program took to begin
  assert.match(await person.text('#view-memory .difference'), /^\+.* from 0 s to /, 'no difference between the ends')
  assert.match(await evaluate('location.hash'), /^#memory\?from=0\.?0*&to=/, 'the range is not in the address')
  const words = await person.text('#view-memory .difference p')
  await person.opens(await evaluate('location.hash'))
  assert.equal(await person.text('#view-memory .difference p'), words, 'the range is lost after a reload')
  await person.follows('a range')
  await browser.drag($('#view-memory .plot .u-over'), 0.2, 0.6)
  assert.notEqual(await person.text('#view-memory .difference p'), words, 'dragging chose no range')
  await browser.click(button('#view-memory', 'Whole time'))
  assert.equal(await person.text('#view-memory .difference'), '', 'the difference is still there')
}

/** Follows the link, which a click copies; pastes it as the address of a new visit.  Gives its part behind '#'. */
async function linked(find) {
  const before = await evaluate('navigator.clipboard.readText()')
  await browser.click(find)
  const copied = await browser.until(`navigator.clipboard.readText().then((text) => text !== ${JSON.stringify(before)} && text)`)
  assert.ok(copied.startsWith(`${person.url}#`), `the link leads elsewhere: ${copied}`)
  assert.equal(copied, await evaluate('location.href'), 'the address is not that of the link')
  await person.opens(copied.slice(person.url.length))
  return copied.slice(person.url.length)
}

async function links() {
  await browser.allow('clipboardReadWrite')
  await person.opens('#findings')
  await browser.click($('.finding:nth-of-type(2) summary'))
  await browser.until($('.finding:nth-of-type(2) .finding-body > p code'))
  const id = await person.text('.finding:nth-of-type(2) .finding-body > p code')
  assert.equal(await linked($('.finding:nth-of-type(2) .finding-body > p .link-to')), `#findings?id=${id}`)
  assert.equal(await evaluate(`document.activeElement.closest('.finding')?.open && document.activeElement.closest('.finding').dataset.id`), id, 'the linked finding is not open')

  await person.opens('#memory')
  await browser.click(button('#view-memory', 'Call stack'))
  await browser.click($('#view-memory tr:nth-of-type(5) .opener'))
  const frames = await person.text('#view-memory .below .stack')
  assert.match(await linked($('#view-memory .below .site-head .link-to')), /^#memory\?process=1&site=\d+$/)
  assert.equal(await person.text('#view-memory .below .stack'), frames, 'another site is open')
  assert.ok(await evaluate(`(() => { const { top } = ${$('#view-memory .below')}.getBoundingClientRect(); return top >= 0 && top < innerHeight })()`), 'the linked site is not in sight')

  assert.match(await linked($('#view-memory .below .stack-tools .link-to')), /^#stack\?process=1&at=\d+$/)
  assert.equal(await person.text('#view-stack .stack'), frames, 'another stack is shown')
  await person.follows('a stack')
  await browser.click(button('#view-stack', 'Copy stack'))
  await browser.until(`[...document.querySelectorAll('#view-stack button')].some((one) => one.textContent === 'Copied')`)
  assert.match(await evaluate('navigator.clipboard.readText()'), /^#0 +\S.*\n#1 /, 'the clipboard has no stack')
  await person.opens('#findings?id=0123456789abcdef')
  assert.match(await person.text('#view-findings .found'), /no finding 0123456789abcdef/)
  await person.opens('#stack?process=1&at=99999999')
  assert.match(await person.text('#view-stack'), /no such stack/)
}

async function filtersHaveCounts() {
  await person.opens('#findings')
  await browser.click($('#view-findings input[type=search]'))
  await browser.type('hold<')
  assert.match(await person.text('#view-findings .found'), /^0 of \d+ findings; \d\d notes fit, too$/, 'notes that fit are not told')
  await person.opens('#findings')
  const labels = await evaluate(`[...document.querySelectorAll('#view-findings .choice button')].map((one) => one.textContent)`)
  for (const kind of ['deadlock', 'leak']) {
    const label = labels.find((one) => one.startsWith(kind))
    await browser.click(button('#view-findings', label))
    const rows = await evaluate(`[...document.querySelectorAll('#view-findings div > .findings:not(.finding *) > .finding')].map((one) => Number(/ of ([\\d,]+) at this place/.exec(one.querySelector('summary').textContent)?.[1] ?? 1))`)
    assert.ok(rows.length > 0, 'no row is left')
    assert.equal(label, `${kind} ${rows.reduce((sum, one) => sum + one)}`, 'the number is wrong')
  }
}

/** Two threads in two columns, each step in its thread's. */
async function interleaving() {
  await person.opens('#findings')
  const cells = await evaluate(`[...document.querySelectorAll('.interleaving tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText.split(' ')[0]))`)
  assert.deepEqual(cells, [['takes', ''], ['', 'takes'], ['waits', ''], ['', 'waits'], ['Each']])
  const locks = await evaluate(`[...document.querySelectorAll('.interleaving .lock-letter')].map((one) => one.textContent).join('')`)
  assert.equal(locks, 'ABBA')
}

/** The page begins with the process that leaks; the others are folded, and all can be seen together. */
async function manyProcesses() {
  const chosen = () => evaluate(`${$('#process')}.selectedOptions[0].textContent`)
  await person.opens()
  assert.match(await chosen(), /^leak_simple .*: \d+ findings?$/, 'it begins with another process')
  assert.match(await person.text('#view-overview .finding .aside'), /in 3 of 3 processes of leak_simple/, 'equal findings are not one')
  assert.match(await person.text('#view-overview .process-tree'), /processes without findings: /, 'nothing is folded')
  const rows = await person.number('#view-overview .process-tree tr')
  await browser.click($('#view-overview .folded button'))
  assert.ok(await person.number('#view-overview .process-tree tr') > rows, 'nothing was unfolded')
  await browser.click(button('#view-overview', 'Show all processes together'))
  assert.match(await chosen(), /^All \d+ processes/)
  assert.ok(await evaluate(`[...document.querySelectorAll('#view-overview h3')].some((one) => /^All \\d+ processes/.test(one.textContent))`), 'no figures of all of them')
  await person.follows('all processes')
  for (const part of PARTS.slice(1)) {
    await person.goes(part)
    assert.match(await chosen(), /^All/, 'the choice is lost')
  }
  await person.goes('memory')
  assert.ok(await evaluate(`[...document.querySelectorAll('${FRAMES}')].some((one) => one.getAttribute('aria-label').startsWith('3 × leak_simple,'))`), 'processes of one program are no frame')
  await browser.click(button('#view-memory', 'Program'))
  assert.equal(await evaluate(`[...document.querySelectorAll('#view-memory .opener .what')].filter((one) => one.textContent === 'leak_simple').length`), 1, 'processes of one program are no group')
  await browser.click(button('#view-memory', 'Process'))
  assert.ok(await person.number('#view-memory .opener') > 2, 'no groups by process')
  await person.opens(await evaluate('location.hash'))
  assert.match(await chosen(), /^All/, 'the choice is lost after a reload')
  await fits('#overview?process=all')
}

/** Orders at the same two places are one row, which opens into the stacks of each. */
async function ordersAreMerged() {
  await person.opens('#locks')
  const table = `[...document.querySelectorAll('#view-locks section')].find((one) => /between 1 pair of places$/.test(one.querySelector('h3').textContent))`
  assert.equal(await evaluate(`${table}?.querySelector('h3').textContent`), '2 orders between 1 pair of places')
  assert.equal(await evaluate(`${table}.querySelectorAll('tbody tr').length`), 1)
  await browser.click(`${table}.querySelector('.opener')`)
  const stacks = () => evaluate(`${table}.querySelectorAll('.stack').length`)
  assert.equal(await stacks(), 2, 'the stacks of the first order')
  await browser.click(`${table}.querySelector('.opened .more')`)
  assert.equal(await stacks(), 4, 'the stacks of both orders')
  await person.follows('merged orders')
}

/** In a deadlock that happened, the first lock that was taken is A, and its thread has the first column. */
async function stepsThatHappened() {
  await person.opens('#findings')
  const cells = await evaluate(`[...document.querySelectorAll('.interleaving tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText.split(' ')[0]))`)
  assert.deepEqual(cells[0], ['takes', ''])
  assert.deepEqual(cells[1], ['', 'takes'])
  const locks = await evaluate(`[...document.querySelectorAll('.interleaving .lock-letter')].map((one) => one.textContent).join('')`)
  assert.match(locks, /^AB(AB|BA)$/)
  await person.opens('#findings')
  assert.match(await person.text('.interleaving .step'), /^takes A mutex (first|second) after/, 'the lock has no name')
  assert.match(await person.text('.interleaving thead'), /^thread \d \((forward|backward)\)thread \d \((forward|backward)\)$/, 'threads are not called by their functions')
  assert.match(await person.text('.finding .places'), /^(forward|backward) .*and (forward|backward) /, 'not each place where a thread waits is named')
  for (const width of [390, 1024])
    for (const part of ['locks', 'threads']) {
      await person.opens(`#${part}`, { width })
      await neverLettersInAColumn(`${part}, ${width} pixels`)
      assert.ok(await evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'), `${part} is wider than ${width} pixels`)
    }
  assert.match(await person.text('#view-threads tbody'), /blocked on mutex (first|second)/, 'a thread is blocked on no lock')
}

const verdict = () => evaluate(`${$('.verdict')}.innerText`)

/** A leak that grows comes first, and is said to grow. */
async function leaksGrow() {
  await person.opens()
  assert.equal(await verdict(), '2 leaks, 1 growing')
  assert.deepEqual(await evaluate(`[...document.querySelectorAll('#view-overview .course')].map((one) => one.className + ' ' + one.textContent)`), ['course growing growing', 'course steady steady'])
  await person.follows('a leak that grows')
}

async function leaksOnce() {
  await person.opens()
  assert.equal(await verdict(), '2 leaks, each lost once: nothing that grows')
}

/** What healthy programs have, too, is no fault for certain. */
async function isHarmless() {
  await person.opens()
  assert.equal(await verdict(), 'Nothing that needs repair for certain')
  assert.equal(await person.text('.summary'), '2 findings, usual in healthy programs.')
  await person.follows('harmless findings')
}

async function saysWhatBringsNames() {
  await person.opens()
  assert.match(await person.text('#view-overview .places'), /^wasteful\+0x/, 'the place has a name')
  assert.equal(await person.text('#view-overview .findings + .note'), 'no names in wasteful: build without -s, and do not strip')
}

/** A step of another process can have come before this process began: its time is not told. */
async function stepsOfTwoProcesses() {
  await person.opens('#findings')
  assert.match(await person.text('.finding .aside'), /in 2 processes$/, 'a row of two processes names one')
  await evaluate(`document.querySelectorAll('.finding').forEach((one) => one.unfold())`)
  assert.equal(await person.number('.interleaving'), 2)
  assert.doesNotMatch(await evaluate(`[...document.querySelectorAll('.interleaving')].map((one) => one.innerText).join()`), /after −/, 'a time before the start')
}

/** Nothing was allocated, no lock was taken, no thread was made: each part says so. */
async function saysNothing() {
  await person.opens()
  assert.equal(await verdict(), 'Nothing wrong was found.')
  for (const part of PARTS) await person.goes(part)
  assert.match(await person.text('#view-overview .cards'), /nothingmalloc was never called/)
  assert.match(await person.text('#view-memory'), /malloc was never called/)
}

/** Findings at one place are one row, which opens into all of them; a link opens the one that it names. */
async function rowsOfFindings() {
  await person.opens()
  assert.equal(await person.number('#view-overview .finding'), 2, 'findings at one place are not one row')
  await person.goes('findings')
  assert.match(await person.text('.finding summary'), /\(the first of 5 at this place\).*5 times/)
  const parts = '#view-findings .finding .finding'
  assert.equal(await person.number(parts), 5, 'the row does not open into its findings')
  assert.equal(await person.number(`${parts}[open]`), 1)
  await person.follows('a row of findings')
  const id = await evaluate(`${$(`${parts}:last-child`)}.dataset.id`)
  await person.opens(`#findings?id=${id}`)
  assert.ok(await evaluate(`${$(`${parts}[data-id='${id}']`)}.open`), 'the linked finding is not open')
  assert.equal(await evaluate(`document.activeElement.parentElement.dataset.id`), id, 'the linked finding has not the focus')
}

/** The two sides of a race are next to each other, or one above the other, and code is never squeezed. */
async function sidesOfARace() {
  for (const width of [390, 1600]) {
    await person.opens('#findings', { width, scheme: width === 390 ? 'dark' : 'light' })
    const [first, second] = await evaluate(`[...document.querySelectorAll('.side')].map((one) => { const { top, left } = one.getBoundingClientRect(); return { top, left, words: one.innerText } })`)
    assert.ok(width === 390 ? first.top < second.top && first.left === second.left : first.top === second.top && first.left < second.left, `the sides at ${width} pixels`)
    assert.match(first.words, /^thread 1 \(main\) frees the block after /, 'what came first is not first')
    assert.match(second.words, /^thread 2 \(\w+\) locks after [^]*held mutex other/)
    assert.match(await person.text('.finding .places'), /^lock_late_with_other .* and free_node/, 'not both sides are named')
    await neverLettersInAColumn(`a race, ${width} pixels`)
    await person.follows(`a race, ${width} pixels`)
  }
}

/** The page names places as the report of the heap does, and shows one row for each. */
async function placesAreThoseOfTheReport() {
  await person.opens('#memory')
  const lineOf = ({ file, line, column, module }) => (file ? `${file.split('/').pop()}:${line}${column ? `:${column}` : ''}` : module.split('/').pop())
  const wanted = JSON.parse(readFileSync(report)).processes[0].heap.sites.map(({ where }) => `${where.wrapper ? `${where.wrapper} < ` : ''}${where.function ?? ''} ${lineOf(where)}`)
  const shown = async () => (await evaluate(`[...document.querySelectorAll('#view-memory .table .place')].map((one) => [...one.children].map((part) => (part.querySelector('.whole') ?? part).textContent).join(' ').replace('<  ', '< '))`)).sort()
  assert.ok(wanted.some((one) => one.includes(' < ')), 'the run has no wrapper')
  assert.deepEqual(await shown(), [...new Set(wanted)].sort())
  await browser.click(button('#view-memory', 'Call stack'))
  assert.deepEqual(await shown(), wanted.sort())
}

async function findingsAreInTheOrderOfTheText() {
  await person.opens('#findings')
  const shown = await evaluate(`[...document.querySelectorAll('#view-findings .finding')].map((one) => one.dataset.id)`)
  const wanted = [...readFileSync(report, 'utf8').matchAll(/\[([0-9a-f]{16})\]/g)].map(([, id]) => id)
  assert.ok(wanted.length > 1)
  assert.deepEqual(shown, wanted)
}

/** The overview of two runs says what changed. */
async function changes() {
  await person.opens()
  assert.equal(await person.text('.verdict'), '1 new finding, 1 fixed')
  assert.match(await person.text('.summary'), /^[\d.]+ KiB more live at the end; the largest change is \+6\.3 KiB in push/)
  const sections = await evaluate(`[...document.querySelectorAll('#view-overview h3')].map((one) => one.textContent)`)
  for (const one of ['New findings', 'Fixed', 'Where it grew: 1 place', 'Figures']) assert.ok(sections.includes(one), `${one} is not among ${sections}`)
  assert.doesNotMatch(await evaluate(`document.querySelector('#view-overview').innerText`), /\s-\d/, 'a minus is a hyphen')
  for (const width of [390, 1440])
    for (const part of ['overview', 'findings', 'sites', 'flame']) {
      await person.opens(`#${part}`, { width, scheme: width === 390 ? 'dark' : 'light' })
      assert.ok(await evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'), `${part} is wider than ${width} pixels`)
      await person.follows(`${part} of two runs, ${width} pixels`)
    }
}

/** The tab key reaches each control of each part, and what has the focus is seen to have it. */
async function keysReachAll() {
  const focusable = `[...document.querySelectorAll('header button, nav a, nav select, .view:not([hidden]) :is(a[href], button, input, select, summary, [tabindex])')]
    .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility())`
  for (const part of PARTS) {
    await person.opens(`#${part}`)
    const all = await evaluate(`(window.left = new Set(${focusable})).size`)
    for (let i = 0; i < all + 3 && (await evaluate('left.size')); i++) {
      await browser.press('Tab')
      assert.ok(await evaluate(`(() => { const one = document.activeElement; left.delete(one); return one === document.body || getComputedStyle(one).outlineStyle !== 'none' })()`), `${part}: the focus is not seen`)
    }
    assert.deepEqual(await evaluate('[...left].map((one) => one.outerHTML.slice(0, 200))'), [], `${part}: out of reach`)
  }
  await evaluate(`${$('#view-threads .lane')}.focus()`)
  const first = await person.text('#view-threads .flame-detail')
  await browser.press('ArrowDown')
  assert.notEqual(await person.text('#view-threads .flame-detail'), first, 'the arrow key did not move to the next lane')
}

/** Printed, all parts are there, light, as wide as the paper, with graphs and the stacks of findings. */
async function prints() {
  await person.opens('#locks', { scheme: 'dark' })
  await browser.send('Emulation.setEmulatedMedia', { media: 'print', features: [{ name: 'prefers-color-scheme', value: 'dark' }] })
  await evaluate(`dispatchEvent(new Event('beforeprint'))`)
  for (const part of PARTS) assert.ok(await evaluate(`${$(`#view-${part}`)}.checkVisibility()`), `${part} is not printed`)
  assert.ok(await evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((one) => one > 240)"), 'the paper is dark')
  assert.ok(await person.number(FRAMES) > 10, 'the flame graph is empty')
  const wide = await evaluate(`[...document.querySelectorAll('.plot canvas, .flame, .table-scroll > table')].map((one) => [one.className || one.parentElement.ariaLabel, one.getBoundingClientRect().right]).filter(([, right]) => right > 690)`)
  assert.deepEqual(wide, [], 'wider than the paper')
  assert.equal(await person.number('#view-findings .finding:not([open])'), 0, 'findings are closed')
  await evaluate(`dispatchEvent(new Event('afterprint'))`)
  await browser.send('Emulation.setEmulatedMedia', { media: '' })
  assert.ok(await evaluate(`!${$('#view-memory')}.checkVisibility()`), 'the parts stay')
}

/** Who asks for less motion is not scrolled slowly. */
async function movesLess() {
  await person.opens('#memory')
  const moved = async (value) => {
    await browser.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-reduced-motion', value }] })
    await evaluate(`Element.prototype.scrollIntoView = (options) => { window.motion = options.behavior }`)
    await evaluate(`${button('#view-memory', 'All of it in the flame graph')}.click()`)
    return evaluate('motion')
  }
  assert.equal(await moved('no-preference'), 'smooth')
  assert.equal(await moved('reduce'), 'auto')
}

const TOPICS = {
  layout: [fits, namesAreShort, fullNamesFit],
  sites: [siteOpensInPlace, sitesAreGrouped],
  graphs: [flame, curve],
  links: [links, filtersHaveCounts, interleaving],
  processes: [manyProcesses],
  orders: [ordersAreMerged],
  happened: [stepsThatHappened],
  growing: [leaksGrow],
  once: [leaksOnce],
  harmless: [isHarmless],
  nothing: [saysNothing],
  shared: [stepsOfTwoProcesses],
  nameless: [saysWhatBringsNames],
  rows: [rowsOfFindings],
  race: [sidesOfARace],
  places: [placesAreThoseOfTheReport],
  ranks: [findingsAreInTheOrderOfTheText],
  changes: [changes],
  keys: [keysReachAll, movesLess],
  paper: [prints],
}

try {
  for (const explore of TOPICS[topic]) await explore()
  person.isContent()
} finally {
  await person.leaves()
}
