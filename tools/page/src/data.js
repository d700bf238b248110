// The run: unpacked, and its tables of numbers (tables.c) as arrays that are quick to walk.
import { baseName } from './format.js'

/** The JSON that the page carries. */
export async function unpack() {
  const element = document.getElementById('run')
  const letters = element.textContent.trim()
  element.textContent = ''
  const packed = Uint8Array.fromBase64 ? Uint8Array.fromBase64(letters) : Uint8Array.from(atob(letters), (c) => c.charCodeAt(0))
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).json()
}

export const ROOT_WHY = { 2: 'it could not be followed further', 3: 'deeper than frames were recorded' }
const NO_STACK = -1

const ROLE_RUNTIME = 1
const ROLE_MAIN = 2

export class Process {
  constructor(info, table, texts, side) {
    Object.assign(this, { info, texts, side, id: table.process, frames: table.frames, siteTable: table.sites, intervals: table.intervals })
    this.exe = baseName(info.exe)
    this.label = `${this.exe} (${info.pid}${info.image ? `, image ${info.image + 1}` : ''})`
    this.#readPlaces(table.frames)
    this.#readStacks(table.stacks)
    this.siteNode = Int32Array.from(table.sites.stack, (id) => this.node(id))
  }

  #readPlaces(frames) {
    this.placeStart = new Int32Array(frames.count.length + 1)
    frames.count.forEach((rows, i) => (this.placeStart[i + 1] = this.placeStart[i] + rows))
  }

  #readStacks({ id, parent, place }) {
    this.ids = new Float64Array(id.length)
    this.parent = new Int32Array(id.length)
    this.rootWhy = new Uint8Array(id.length)
    this.place = Int32Array.from(place)
    for (let i = 0, last = 0; i < id.length; i++) this.ids[i] = last += id[i]
    for (let i = 0; i < id.length; i++) {
      const odd = parent[i] & 1
      this.rootWhy[i] = odd ? parent[i] >> 1 : 0
      this.parent[i] = odd ? NO_STACK : this.node(this.ids[i] - parent[i] / 2)
    }
  }

  /** Index of a node of the stack tree by its id, or -1. */
  node(id) {
    let low = 0
    let high = this.ids.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      if (this.ids[middle] === id) return middle
      if (this.ids[middle] < id) low = middle + 1
      else high = middle - 1
    }
    return NO_STACK
  }

  /** What a row of the table of frames is called. */
  functionName(row) {
    const name = this.texts[this.frames.function[row]]
    if (name) return name
    const module = this.texts[this.frames.module[row]]
    return `${module ? baseName(module) : '?'}+0x${this.frames.offset[row].toString(16)}`
  }

  #frame(row) {
    const { file, line, inlined, module, role } = this.frames
    return {
      name: this.functionName(row),
      file: this.texts[file[row]],
      line: line[row],
      inlined: inlined[row] === 1,
      module: this.texts[module[row]],
      role: role[row],
    }
  }

  /** Frames, innermost first, of the node; and why it ends where that is not the thread's start. */
  stack(node) {
    const frames = []
    let why = 0
    for (let steps = 0; node !== NO_STACK && steps < 1024; node = this.parent[node], steps++) {
      why = this.rootWhy[node]
      const place = this.place[node]
      for (let row = this.placeStart[place]; row < this.placeStart[place + 1]; row++) frames.push(this.#frame(row))
    }
    return { frames, why: ROOT_WHY[why] }
  }

  /** The frame to name a stack by: the innermost that is not the C or C++ library's. */
  where(node) {
    const { frames } = this.stack(node)
    return frames.find((frame) => frame.role !== ROLE_RUNTIME) || frames[0]
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
  constructor({ report, tables }, index) {
    this.report = report
    this.processes = report.processes.map((info, i) => new Process(info, tables.processes[i], tables.texts, index))
    this.byId = new Map(this.processes.map((process) => [process.id, process]))
  }

  /** The stack [process, id]; null where none was recorded. */
  stack(reference) {
    const process = reference && this.byId.get(reference[0])
    const node = process ? process.node(reference[1]) : NO_STACK
    return node === NO_STACK ? null : process.stack(node)
  }

  where(reference) {
    const process = reference && this.byId.get(reference[0])
    const node = process ? process.node(reference[1]) : NO_STACK
    return node === NO_STACK ? null : process.where(node)
  }

  findings() {
    return this.processes.flatMap((process) => (process.info.findings || []).map((finding) => ({ finding, process })))
  }
}

export const fileLine = (frame) => (frame && frame.file ? `${baseName(frame.file)}${frame.line ? `:${frame.line}` : ''}` : '')
