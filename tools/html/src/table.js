// A table that sorts by its columns, is filtered by a word, and whose rows open.
import { h } from './dom.js'
import { count } from './format.js'

const FIRST = 50
const MORE = 500
const ORDER = new Intl.Collator('en')

/**
 * columns: [{name, value(row), show(row, value), number, title}], of which value sorts and is searched, show makes
 * what is in the cell.  options: {caption, sort, filter: false, detail(row)}, of which detail makes what opens below a
 * row.
 */
export class Table {
  constructor(columns, rows, options = {}) {
    Object.assign(this, { columns, rows, options, shown: FIRST, query: '' })
    this.sort = options.sort ?? null
    this.down = true
    this.open = new Map() // row -> its element below
    this.body = h('tbody')
    this.heads = columns.map((column, i) => h('th', { scope: 'col', class: column.number ? 'number' : '', title: column.title },
      h('button', { type: 'button', onclick: () => this.#sortBy(i) }, column.name)))
    this.more = h('button', { type: 'button', class: 'more', onclick: () => { this.shown += MORE; this.#fill() } })
    this.status = h('span', { class: 'found', role: 'status' })
    this.element = h('div', { class: 'table' }, this.#tools(),
      h('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': `${options.caption}: table` },
        h('table', {}, h('caption', { class: 'hidden' }, options.caption), h('thead', {}, h('tr', {}, this.heads)), this.body)),
      this.more)
    this.#arrange()
  }

  /** Opens the row and shows it, wherever it is; its element below. */
  reveal(row) {
    const at = this.arranged.indexOf(this.rows.indexOf(row))
    if (at < 0) return null
    if (at >= this.shown) {
      this.shown = at + 1
      this.#fill()
    }
    if (!this.open.has(row)) this.#toggle(row)
    const element = this.body.querySelector(`tr[data-row='${at}']`)
    element.scrollIntoView({ block: 'start' })
    element.querySelector('.opener')?.focus({ preventScroll: true })
    return this.open.get(row)
  }

  #tools() {
    if (this.options.filter === false || this.rows.length < 8) return null
    const input = h('input', { type: 'search', placeholder: 'Filter …', 'aria-label': `Filter: ${this.options.caption}`, oninput: () => { this.query = input.value.trim().toLowerCase(); this.#arrange() } })
    return h('div', { class: 'toolbar' }, input, this.status)
  }

  #sortBy(index) {
    if (this.sort === index) this.down = !this.down
    else this.down = Boolean(this.columns[index].number)
    this.sort = index
    this.#arrange()
  }

  #text(row) {
    return this.columns.map((column) => String(column.value(row) ?? '')).join(' ').toLowerCase()
  }

  /** Rows are arranged as numbers: there may be hundreds of thousands, of which few are looked at. */
  #arrange() {
    if (this.query) this.texts ??= this.rows.map((row) => this.#text(row))
    let order = Uint32Array.from(this.rows, (_, i) => i)
    if (this.query) order = order.filter((i) => this.texts[i].includes(this.query))
    if (this.sort !== null) this.#sortNumbers(order)
    this.arranged = order
    this.heads.forEach((head, i) => head.setAttribute('aria-sort', i === this.sort ? (this.down ? 'descending' : 'ascending') : 'none'))
    this.status.textContent = this.query ? `${count(order.length)} of ${count(this.rows.length)}` : ''
    this.shown = FIRST
    this.#fill()
  }

  /** In place; equal ones stay in the order of the rows. */
  #sortNumbers(order) {
    const { value, number } = this.columns[this.sort]
    const keys = number ? Float64Array.from(this.rows, (row) => value(row) ?? -1) : this.rows.map((row) => String(value(row) ?? ''))
    const sign = this.down ? -1 : 1
    if (number) order.sort((a, b) => sign * (keys[a] - keys[b]) || a - b)
    else order.sort((a, b) => sign * ORDER.compare(keys[a], keys[b]) || a - b)
  }

  #fill() {
    this.body.replaceChildren(...Array.from(this.arranged.subarray(0, this.shown), (i, at) => this.#lines(this.rows[i], at)).flat())
    const left = this.arranged.length - this.shown
    this.more.hidden = left <= 0
    this.more.textContent = `Show ${count(Math.min(left, MORE))} more of ${count(left)}`
  }

  /** The row, and what is open below it. */
  #lines(row, at) {
    const { detail } = this.options
    const cells = this.columns.map((column, i) => {
      const value = column.value(row)
      const content = column.show ? column.show(row, value) : value ?? '–'
      return h('td', { class: column.number ? `number${value === 0 ? ' dim' : ''}` : column.whole ? 'whole-line' : '' }, detail && i === 0 ? this.#opener(row, content) : content)
    })
    const line = h('tr', { 'data-row': at, class: detail ? 'link' : '', onclick: detail && ((event) => event.target.closest('a, button, input') || getSelection().type === 'Range' || this.#toggle(row)) }, cells)
    return this.open.has(row) ? [line, this.#below(row)] : [line]
  }

  #opener(row, content) {
    return h('button', { type: 'button', class: 'plain opener', 'aria-expanded': String(this.open.has(row)), onclick: () => this.#toggle(row) }, h('span', { class: 'mark', 'aria-hidden': 'true' }), h('span', { class: 'what' }, content))
  }

  #below(row) {
    return h('tr', { class: 'below' }, h('td', { colspan: this.columns.length }, this.open.get(row)))
  }

  #toggle(row) {
    const at = this.arranged.subarray(0, this.shown).indexOf(this.rows.indexOf(row))
    const line = this.body.querySelector(`tr[data-row='${at}']`)
    if (this.open.delete(row)) line.nextSibling.remove()
    else {
      this.open.set(row, h('div', { class: 'opened' }, this.options.detail(row)))
      line.after(this.#below(row))
    }
    line.querySelector('.opener').setAttribute('aria-expanded', String(this.open.has(row)))
  }
}
