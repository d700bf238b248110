// The run: unpacked, and its tables of numbers (tables.c) as arrays that are quick to walk.
import { readTable } from './columns.js'
import { baseName, count, plural } from './format.js'
import { lastName, shortName } from './names.js'

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
const DEEPEST = 4096 // frames of one stack
const WEIGHTS = ['error', 'warning', 'note']
const AROUND = 2 // lines of source code

export const ROLE_RUNTIME = 1 // the roles are those of tools/symbolize/roles.h
const ROLE_MAIN = 2

export class Process {
  #made = {}

  constructor(info, directory, texts, bytes, side) {
    Object.assign(this, { info, texts, side, id: directory.process })
    this.exe = baseName(info.exe)
    this.label = `${this.exe} (${info.pid}${info.image ? `, image ${info.image + 1}` : ''})`
    for (const [name, where] of Object.entries(directory)) if (name !== 'process') this[name] = readTable(bytes, where)
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

  /** The process's curve of live bytes: {at, bytes, blocks}, ascending, from its start to its end, with the peak. */
  get curve() {
    return (this.#made.curve ??= this.#readCurve())
  }

  /** Number of findings that are an error or a warning, and are not suppressed. */
  get wrong() {
    return (this.#made.wrong ??= (this.info.findings || []).filter((one) => one.weight !== 'note' && !one.suppressed).length)
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

  #readCurve() {
    const { heap, end } = this.info
    const { at, live_bytes: bytes, live_blocks: blocks } = this.samples
    const points = Array.from({ length: at.length }, (_, i) => ({ at: at.at(i) / 1e9, bytes: bytes.at(i), blocks: blocks.at(i) }))
    if (!heap) return points
    points.push({ at: 0, bytes: 0, blocks: 0 })
    if (heap.peak_at !== null) points.push({ at: heap.peak_at, bytes: heap.peak_bytes, blocks: heap.peak_blocks }) // no sample need have hit it
    points.push({ at: end.at ?? 0, bytes: heap.live_at_end_bytes, blocks: heap.live_at_end_blocks })
    return points.sort((a, b) => a.at - b.at)
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
    const { file, line, column, inlined, module, role } = this.frames
    return {
      name: this.functionName(row),
      nameless: !this.texts[this.frames.function.at(row)],
      file: this.texts[file.at(row)],
      line: line.at(row),
      column: column.at(row),
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

  /** The row of the table of frames that is a stack's frame of that number, counted from the innermost, from 1; -1: none. */
  #rowAt(node, number) {
    for (let steps = 0; number > 0 && node !== NO_STACK && steps < DEEPEST; node = this.#caller(node), steps++) {
      const place = this.stacks.place.at(node)
      const row = this.placeStart[place] + number - 1
      if (row < this.placeStart[place + 1]) return row
      number = row - this.placeStart[place + 1] + 1
    }
    return -1
  }

  /** The row of the table of frames to name a stack by: where.h decides it; -1: none. */
  whereRow(node) {
    return node < 0 ? -1 : this.#rowAt(node, this.stacks.where.at(node))
  }

  /** What is the same of a function's line in every process of the side. */
  #lineKey(row) {
    return `${this.functionName(row)}\n${this.frames.file.at(row)}:${this.frames.line.at(row)}:${this.frames.column.at(row)}`
  }

  /** What is the same of all stacks that are shown as one place, in every process of the side: function, line and wrapper. */
  stackKey(node) {
    const row = this.whereRow(node)
    return row < 0 ? '' : `${this.#wrapper(node) ?? ''}\n${this.#lineKey(row)}`
  }

  where(node) {
    const row = this.whereRow(node)
    return row < 0 ? undefined : { ...this.#frame(row), wrapper: this.#wrapper(node) }
  }

  /** Names of the functions that called the one by which the stack is named, at most so many. */
  callers(node, most) {
    const names = []
    let left = node < 0 ? 0 : this.stacks.where.at(node)
    for (const [row] of left ? this.#rows(node) : []) {
      if (left-- > 0) continue
      if (names.length === most || this.frames.role.at(row) === ROLE_RUNTIME) break
      names.push(this.functionName(row))
    }
    return names
  }

  /** The name of the allocator wrapper that the place's function calls. */
  #wrapper(node) {
    const row = this.#rowAt(node, this.stacks.wrapper.at(node))
    return row < 0 ? undefined : this.functionName(row)
  }

  /** What a group of threads (table `groups`) is called. */
  groupName(id) {
    this.groupRows ??= new Map(Array.from(this.groups.id.values, (one, row) => [one, row]))
    const row = this.groupRows.get(id)
    if (row === undefined) return 'threads not known'
    const name = this.texts[this.groups.name.at(row)]
    if (name) return name
    if (this.groups.main.at(row)) return 'main'
    const frame = this.where(this.groups.stack.at(row) - 1)
    return frame ? `threads made in ${frame.name}` : 'threads without a name'
  }

  /** What tells a thread from the others: its name, or the function that it runs; undefined where neither is known. */
  threadLabel({ name, main, runs }) {
    return name || (main ? 'main' : runs?.function ? lastName(shortName(runs.function)) : undefined)
  }

  thread(id) {
    return (this.threadById ??= new Map((this.info.threads || []).map((thread) => [thread.id, thread]))).get(id)
  }

  threadName(id) {
    if (!id) return 'a thread'
    const thread = this.thread(id)
    const name = thread && this.threadLabel(thread)
    return name ? `thread ${id} (${name})` : `thread ${id}`
  }
}

/** libc and the loader call main, threads and constructors. */
const isLibc = (module) => /^(libc\.so|ld-linux)/.test(baseName(module))
const callsMain = (frame) => /^__libc_start_(main|call_main)/.test(frame.name)

/** How many frames are the program's own: main's callers are not, nor those of a thread's function or of a constructor. */
export function ownFrames(frames) {
  const main = frames.findIndex((frame) => frame.role === ROLE_MAIN)
  const start = frames.findIndex((frame, i) => i > 0 && callsMain(frame))
  let own = main >= 0 ? main + 1 : start > 0 ? start : frames.length
  while (own > 1 && isLibc(frames[own - 1].module)) own--
  let left = own
  while (left && frames[left - 1].role === ROLE_RUNTIME) left--
  return left || own
}

export class Side {
  constructor({ report, tables, sources, ranks, nameless }, bytes, index) {
    Object.assign(this, { report, sources, ranks, nameless, index })
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

  /** What is the same of all stacks that are shown as one place: of its function, line and wrapper. */
  placeKey(reference) {
    const process = reference && this.byId.get(reference[0])
    return process ? process.stackKey(reference[1]) : ''
  }

  /** What brings names to the places of the stacks that have none: ["no names in git and 2 more files: ...", ...]. */
  namesMissing(stacks) {
    const { files, advice } = this.nameless
    const byReason = advice.map(() => new Set())
    for (const frame of stacks.map((stack) => this.where(stack))) if (frame?.nameless && Object.hasOwn(files, frame.module)) byReason[files[frame.module]].add(baseName(frame.module))
    return byReason.flatMap((names, reason) => (names.size ? [`no names in ${listed([...names])}: ${advice[reason]}`] : []))
  }

  /** Source code at a frame: {changed, lines: [[number, text], ...]}; null where there is none. */
  source(frame) {
    const file = frame.line && Object.hasOwn(this.sources, frame.file) ? this.sources[frame.file] : null
    if (!file) return null
    const near = Array.from({ length: 2 * AROUND + 1 }, (_, i) => frame.line - AROUND + i)
    const lines = near.filter((number) => Object.hasOwn(file.lines, number)).map((number) => [number, file.lines[number]])
    return file.changed || lines.some(([number]) => number === frame.line) ? { changed: file.changed, lines } : null
  }

  /**
   * Findings of all processes, errors first, and those that are suppressed last; else in the order of the text report
   * (query/merged.h).  Equal ones of several processes are one: {finding, process, all: [{finding, process}, ...]}, where
   * blocks, bytes, times and seconds of `finding` are sums.
   */
  findings() {
    return (this.merged ??= this.#merge())
  }

  #merge() {
    const byId = new Map()
    for (const process of this.processes) {
      const seen = new Map() // how many of an id the process has had
      for (const finding of process.info.findings || []) {
        const number = (seen.get(finding.id) || 0) + 1
        seen.set(finding.id, number)
        const key = `${finding.id} ${finding.suppressed} ${number}`
        if (!byId.has(key)) byId.set(key, { finding, process, all: [] })
        byId.get(key).all.push({ finding, process })
      }
    }
    const { ranks } = this
    const weight = ({ finding }) => (finding.suppressed ? WEIGHTS.length : WEIGHTS.indexOf(finding.weight))
    const rank = ({ finding }) => ranks[`${finding.kind}:${finding.class ?? ''}`]
    const grows = ({ finding }) => (finding.course === 'growing' ? 0 : 1)
    const size = ({ finding }) => (finding.bytes || 0) + (finding.kept_bytes || 0)
    return [...byId.values()].map(summed).sort((a, b) => weight(a) - weight(b) || rank(a) - rank(b) || grows(a) - grows(b) || size(b) - size(a) || (b.finding.times || 0) - (a.finding.times || 0))
  }

  /** In how many of how many processes of that program. */
  spread(item) {
    const processes = new Set(item.all.map(({ process }) => process)).size
    this.byExe ??= grouped(this.processes, (process) => process.exe)
    return [processes, this.byExe.get(item.process.exe).length]
  }

  /** The processes as a tree: [{process, level, children}, ...] of the outermost; images of one pid follow each other. */
  tree() {
    return (this.roots ??= this.#tree())
  }

  #tree() {
    const latest = new Map() // pid -> its node
    const roots = []
    for (const process of this.processes) {
      const node = { process, level: 0, children: [] }
      const above = process.info.image ? latest.get(process.info.pid)?.above : latest.get(process.info.parent)
      node.above = above
      node.level = above ? above.level + 1 : 0
      ;(above ? above.children : roots).push(node)
      latest.set(process.info.pid, node)
    }
    return roots
  }
}

const MOST_LISTED = 2

/** "git, libdbus-1.so.3 and 2 more files" */
function listed(names) {
  if (names.length > MOST_LISTED) return `${names.slice(0, MOST_LISTED).join(', ')} and ${plural(names.length - MOST_LISTED, 'more file')}`
  return names.join(' and ')
}

function grouped(items, key) {
  const groups = new Map()
  for (const item of items) groups.has(key(item)) ? groups.get(key(item)).push(item) : groups.set(key(item), [item])
  return groups
}

/** Of a leak in several processes: growing if it grows in one of them; else known only where all agree. */
const courseOf = (courses) => (courses.includes('growing') ? 'growing' : courses.every((one) => one === courses[0]) ? courses[0] : null)

/** The item with what its parts `all` have together. */
export function summed(item) {
  if (item.all.length === 1) return item
  const sum = (name) => item.all.reduce((total, { finding }) => total + (finding[name] || 0), 0)
  const course = courseOf(item.all.map(({ finding }) => finding.course))
  const alike = item.all.every(({ finding }) => finding.message === item.finding.message)
  const whose = !alike ? 'in the first process: ' : item.finding.blocks ? 'in each process: ' : ''
  return { ...item, finding: { ...item.finding, message: whose + item.finding.message, course, blocks: sum('blocks'), bytes: sum('bytes'), kept_blocks: sum('kept_blocks'), kept_bytes: sum('kept_bytes'), times: sum('times'), seconds: sum('seconds') || null } }
}

export const fileLine = (frame) => (frame && frame.file ? `${baseName(frame.file)}${frame.line ? `:${frame.line}` : ''}${frame.column ? `:${frame.column}` : ''}` : '')

/** "217 processes, 428 images": an exec makes the next image of the same process. */
export function numberOf(processes) {
  const pids = new Set(processes.map((process) => process.info.pid)).size
  return plural(pids, 'process', 'processes') + (processes.length > pids ? `, ${count(processes.length)} images` : '')
}
