// The run: unpacked, and its tables of numbers (tables.c) as arrays that are quick to walk.
import { readTable } from './columns.js'
import { baseName } from './format.js'

/** The pieces that packed.c made: letters, in comments. */
function* pieces(element) {
  for (const node of element.childNodes) {
    if (node.nodeType !== Node.COMMENT_NODE) continue
    yield Uint8Array.fromBase64 ? Uint8Array.fromBase64(node.data) : Uint8Array.from(atob(node.data), (letter) => letter.charCodeAt(0))
  }
}

/** The bytes that an element of the page carries, compressed.  The element is emptied. */
async function unpacked(id) {
  const element = document.getElementById(id)
  const gzip = new DecompressionStream('gzip')
  const writer = gzip.writable.getWriter()
  const written = (async () => {
    for (const piece of pieces(element)) await writer.write(piece)
    await writer.close()
    element.remove()
  })()
  const [bytes] = await Promise.all([collected(gzip.readable.getReader()), written])
  return bytes
}

async function collected(reader) {
  const chunks = []
  let size = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value)
    size += next.value.length
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** The run that the page carries, with the bytes of its tables. */
export async function unpack() {
  const [run, bytes] = await Promise.all([unpacked('run'), unpacked('tables')])
  return { ...JSON.parse(new TextDecoder().decode(run)), bytes }
}

export const ROOT_WHY = { 2: 'it could not be unwound further', 3: 'deeper than frames were recorded' }
const NO_STACK = -1
const DEEPEST = 1024
const WEIGHTS = ['error', 'warning', 'note']
const AROUND = 2 // lines of source code

export const ROLE_RUNTIME = 1
const ROLE_MAIN = 2

export class Process {
  #made = {}

  constructor(info, directory, texts, bytes, side) {
    Object.assign(this, { info, texts, side, id: directory.process })
    this.exe = baseName(info.exe)
    this.label = `${this.exe} (${info.pid}${info.image ? `, image ${info.image + 1}` : ''})`
    for (const name of ['frames', 'places', 'stacks', 'sites', 'intervals']) this[name] = readTable(bytes, directory[name])
  }

  /** Where each place's rows of the table of frames begin: innermost first, and one more at the end. */
  get placeStart() {
    return (this.#made.placeStart ??= this.#readPlaces())
  }

  /** Of each node of the tree of stacks, its caller, which comes before it. */
  get parent() {
    return (this.#made.parent ??= this.#readParents())
  }

  /** Of each allocation site: its node. */
  get siteNode() {
    return (this.#made.siteNode ??= new Int32Array(this.sites.stack.values).map((number) => number - 1))
  }

  /** Place 0 is that of addresses without a name: no rows. */
  #readPlaces() {
    const { values } = this.places.rows
    const start = new Int32Array(values.length + 2)
    for (let i = 0; i < values.length; i++) start[i + 2] = start[i + 1] + values[i]
    return start
  }

  #readParents() {
    const { values } = this.stacks.up
    const parent = new Int32Array(values.length)
    for (let node = 0; node < parent.length; node++) parent[node] = values[node] === 0 ? NO_STACK : node - values[node]
    return parent
  }

  #caller(node) {
    const up = this.stacks.up.at(node)
    return up === 0 ? NO_STACK : node - up
  }

  /** What a row of the table of frames is called. */
  functionName(row) {
    const name = this.texts[this.frames.function.at(row)]
    if (name) return name
    const module = this.texts[this.frames.module.at(row)]
    return `${module ? baseName(module) : '?'}+0x${this.frames.offset.at(row).toString(16)}`
  }

  #frame(row) {
    const { file, line, inlined, module, role } = this.frames
    return {
      name: this.functionName(row),
      file: this.texts[file.at(row)],
      line: line.at(row),
      inlined: inlined.at(row) === 1,
      module: this.texts[module.at(row)],
      role: role.at(row),
    }
  }

  /** Rows of the table of frames, innermost first, of the node and its callers: [row, node]. */
  *#rows(node) {
    for (let steps = 0; node !== NO_STACK && steps < DEEPEST; node = this.#caller(node), steps++) {
      const place = this.stacks.place.at(node)
      for (let row = this.placeStart[place]; row < this.placeStart[place + 1]; row++) yield [row, node]
    }
  }

  /** Frames, innermost first, of the node; and why it ends where that is not the thread's start. */
  stack(node) {
    const rows = [...this.#rows(node)]
    const outermost = rows.length ? rows[rows.length - 1][1] : node
    return { frames: rows.map(([row]) => this.#frame(row)), why: ROOT_WHY[this.stacks.why.at(outermost)] }
  }

  /** The frame to name a stack by: the innermost that is not the C or C++ library's. */
  where(node) {
    let first
    for (const [row] of this.#rows(node)) {
      if (this.frames.role.at(row) !== ROLE_RUNTIME) return this.#frame(row)
      first ??= row
    }
    return first === undefined ? undefined : this.#frame(first)
  }

  thread(id) {
    return (this.threadById ??= new Map((this.info.threads || []).map((thread) => [thread.id, thread]))).get(id)
  }

  threadName(id) {
    if (!id) return 'a thread'
    const thread = this.thread(id)
    const name = thread && (thread.name || (thread.main ? 'main' : ''))
    return name ? `thread ${id} (${name})` : `thread ${id}`
  }
}

/** How many frames are the program's own: main's callers are not. */
export function ownFrames(frames) {
  const main = frames.findIndex((frame) => frame.role === ROLE_MAIN)
  if (main >= 0) return main + 1
  let own = frames.length
  while (own > 1 && /^libc\.so/.test(baseName(frames[own - 1].module))) own--
  return own
}

export class Side {
  constructor({ report, tables, sources }, bytes, index) {
    Object.assign(this, { report, sources })
    this.processes = report.processes.map((info, i) => new Process(info, tables.processes[i], tables.texts, bytes, index))
    this.byId = new Map(this.processes.map((process) => [process.id, process]))
  }

  /** The stack [process, node]; null where none was recorded. */
  stack(reference) {
    return (reference && this.byId.get(reference[0])?.stack(reference[1])) ?? null
  }

  where(reference) {
    return (reference && this.byId.get(reference[0])?.where(reference[1])) ?? null
  }

  /** Source code at a frame: {changed, lines: [[number, text], ...]}; null where there is none. */
  source(frame) {
    const file = frame.line && Object.hasOwn(this.sources, frame.file) ? this.sources[frame.file] : null
    if (!file) return null
    const near = Array.from({ length: 2 * AROUND + 1 }, (_, i) => frame.line - AROUND + i)
    const lines = near.filter((number) => Object.hasOwn(file.lines, number)).map((number) => [number, file.lines[number]])
    return file.changed || lines.some(([number]) => number === frame.line) ? { changed: file.changed, lines } : null
  }

  /** Of all processes: errors first, and those that are suppressed last; else as each process has them, worst first. */
  findings() {
    const all = this.processes.flatMap((process) => (process.info.findings || []).map((finding) => ({ finding, process })))
    const rank = ({ finding }) => (finding.suppressed ? WEIGHTS.length : WEIGHTS.indexOf(finding.weight))
    return all.sort((a, b) => rank(a) - rank(b))
  }
}

export const fileLine = (frame) => (frame && frame.file ? `${baseName(frame.file)}${frame.line ? `:${frame.line}` : ''}` : '')
