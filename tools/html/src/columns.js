// Tables of numbers, as columns.c writes them: byte by byte, all of a column's lowest bytes first.

/** at(row) reads a number in place; values is all of them as a typed array, made when it is first asked for. */
class Column {
  #bytes
  #first
  #width
  #values

  /** where: [first byte, rows, bytes a row]; no bytes: all are 0. */
  constructor(bytes, [first, rows, width]) {
    this.#bytes = bytes
    this.#first = first
    this.#width = width
    this.length = rows
  }

  get isZero() {
    return this.#width === 0
  }

  at(row) {
    if (this.#values) return this.#values[row]
    let value = 0
    for (let plane = 0, scale = 1; plane < this.#width; plane++, scale *= 256) value += scale * this.#bytes[this.#first + plane * this.length + row]
    return value
  }

  get values() {
    return (this.#values ??= this.#read())
  }

  #read() {
    const bytes = this.#bytes
    const rows = this.length
    if (this.#width === 1) return bytes.subarray(this.#first, this.#first + rows)
    const values = this.#width > 4 ? new Float64Array(rows) : this.#width > 2 ? new Uint32Array(rows) : new Uint16Array(rows)
    for (let plane = 0, from = this.#first, scale = 1; plane < this.#width; plane++, from += rows, scale *= 256) {
      if (this.#width > 4) for (let i = 0; i < rows; i++) values[i] += scale * bytes[from + i]
      else for (let i = 0, shift = 8 * plane; i < rows; i++) values[i] |= bytes[from + i] << shift
    }
    return values
  }
}

/** An object with the table's columns. */
export function readTable(bytes, directory) {
  return Object.fromEntries(Object.entries(directory).map(([name, where]) => [name, new Column(bytes, where)]))
}
