/*
 * The call tree of one or more processes, merged by function: what flame graphs show.
 *
 * Stacks come as trees already, of addresses; all of them are put side by side under one root.  What a metric has at each
 * node is summed up over these, in one pass over arrays.  Functions are merged only where one looks: a block knows the
 * places (node, row of names) that it stands for, and its children are made of theirs when they are to be drawn.  So the
 * first picture of millions of nodes costs no more than what is wide enough to be seen in it.
 *
 * Frames of the system's libraries can be hidden: a block then has what its callees would have that are not shown.
 *
 * With two sides (a comparison) a block has two values, and is as wide as the larger ones of its leaves, where a leaf is
 * what has the same functions from the root on.
 */

import { count } from './format.js'

export const METRICS = [
  ['allocated_bytes', 'Allocated'],
  ['live_bytes', 'Live at the end'],
  ['peak_bytes', 'At the peak'],
  ['allocations', 'Calls'],
  ['temporary', 'Temporary'],
]
export const isBytes = (metric) => metric.endsWith('_bytes')

const ROOT = 0
const NONE = -1

/** Arrays of all processes, end to end. */
class Forest {
  constructor(processes) {
    this.nodes = 1 + processes.reduce((sum, process) => sum + process.parent.length + 2, 0)
    const places = 1 + processes.reduce((sum, process) => sum + process.placeStart.length + 2, 0)
    const rows = 1 + processes.reduce((sum, process) => sum + process.frames.function.length + 3, 0)
    this.parent = new Int32Array(this.nodes).fill(NONE)
    this.place = new Int32Array(this.nodes)
    this.start = new Int32Array(places + 1) // of each place's rows, innermost first
    this.label = new Int32Array(rows)
    Object.assign(this, { usedNodes: 0, usedPlaces: 0, usedRows: 0 })
  }

  /** A place that is called by one name. */
  addName(label) {
    this.label[this.usedRows++] = label
    this.start[this.usedPlaces + 1] = this.usedRows
    return this.usedPlaces++
  }

  addNode(parent, place) {
    this.parent[this.usedNodes] = parent
    this.place[this.usedNodes] = place
    return this.usedNodes++
  }

  /** The process's nodes under top; number of the first. */
  addStacks({ parent, stacks, placeStart }, top, labels, unknown) {
    const [firstNode, firstPlace] = [this.usedNodes, this.usedPlaces - 1] // its place 0 is that without names
    this.label.set(labels, this.usedRows)
    for (let i = 1; i + 1 < placeStart.length; i++) this.start[++this.usedPlaces] = this.usedRows + placeStart[i + 1]
    this.usedRows += labels.length
    const place = stacks.place.values
    for (let i = 0; i < parent.length; i++) {
      this.parent[firstNode + i] = parent[i] < 0 ? top : firstNode + parent[i]
      this.place[firstNode + i] = place[i] ? firstPlace + place[i] : unknown
    }
    this.usedNodes += parent.length
    return firstNode
  }

  /** Lists of children, as links. */
  link() {
    const { parent } = this
    this.firstChild = new Int32Array(this.usedNodes).fill(NONE)
    this.nextChild = new Int32Array(this.usedNodes).fill(NONE)
    for (let node = this.usedNodes - 1; node > ROOT; node--) {
      this.nextChild[node] = this.firstChild[parent[node]]
      this.firstChild[parent[node]] = node
    }
  }

  innermost(node) {
    return this.start[this.place[node]]
  }
  outermost(node) {
    return this.start[this.place[node] + 1] - 1
  }
  /** The row of the innermost name that is shown, of the node or its callers; the root's where none is. */
  innermostShown(node, hidden) {
    for (; node > ROOT; node = this.parent[node])
      for (let row = this.innermost(node); row <= this.outermost(node); row++) if (!hidden?.[this.label[row]]) return row
    return this.innermost(ROOT)
  }
}

export class Tree {
  /** processes of one side, or of two. */
  constructor(processes, sides) {
    this.sides = sides
    this.programs = new Set(processes.map((process) => process.info.exe))
    this.names = []
    this.modules = []
    this.nameNumbers = new Map()
    this.sites = [] // {process, nodes: of each site}
    this.stacks = 0
    this.forest = new Forest(processes)
    this.forest.addNode(NONE, this.forest.addName(this.#name('all', '')))
    const tops = this.#programTops(processes)
    for (const process of processes) this.#add(process, tops.get(process.exe) ?? ROOT)
    this.forest.link()
  }

  #name(text, module) {
    let number = this.nameNumbers.get(text)
    if (number === undefined) {
      number = this.names.push(text) - 1
      this.modules.push(module)
      this.nameNumbers.set(text, number)
    }
    return number
  }

  /** A frame for each program, if there is more than one process of a side. */
  #programTops(processes) {
    const tops = new Map()
    if (processes.every((process, i) => processes.findIndex((other) => other.side === process.side) === i)) return tops
    const number = new Map()
    for (const { exe } of processes) number.set(exe, (number.get(exe) || 0) + 1)
    for (const [exe, times] of number)
      tops.set(exe, this.forest.addNode(ROOT, this.forest.addName(this.#name(this.sides > 1 || times === 1 ? exe : `${count(times)} × ${exe}`, ''))))
    return tops
  }

  #add(process, top) {
    const { forest } = this
    const { frames, texts, siteNode } = process
    const none = siteNode.includes(NONE) ? forest.addNode(top, forest.addName(this.#name('[no stack was recorded]', ''))) : NONE
    const labels = Int32Array.from(frames.function.values, (_, row) => this.#name(process.functionName(row), texts[frames.module.at(row)]))
    const unknown = forest.addName(this.#name('?', ''))
    const first = forest.addStacks(process, top, labels, unknown)
    this.sites.push({ process, nodes: siteNode.map((node) => (node < 0 ? none : first + node)) })
    this.stacks += new Set(siteNode).size
  }

  /** 1 for each name that belongs to a library of the system, and not to a program that was watched. */
  get system() {
    return (this.systemNames ??= Uint8Array.from(this.modules, (module) => (SYSTEM.test(module) && !this.programs.has(module) ? 1 : 0)))
  }

  /** How much each library has in itself: [[path, width], ...], most first. */
  byLibrary({ ownWidth }, hidden) {
    const { forest, modules } = this
    const sums = new Map()
    for (let node = 1; node < forest.usedNodes; node++) {
      if (!ownWidth[node]) continue
      const label = forest.label[forest.innermostShown(node, hidden)]
      sums.set(modules[label], (sums.get(modules[label]) || 0) + ownWidth[node])
    }
    return [...sums].sort((a, b) => b[1] - a[1])
  }

  /** What each node has of the metric: `own` without callees, `total` with them; by side, and as drawn (`width`). */
  measure(metric) {
    const size = this.forest.usedNodes
    const own = Array.from({ length: this.sides }, () => new Float64Array(size))
    for (const { process, nodes } of this.sites) {
      const { values } = process.sites[metric]
      const sums = own[this.sides > 1 ? process.side : 0]
      for (let i = 0; i < nodes.length; i++) sums[nodes[i]] += values[i]
    }
    const total = own.map((values) => this.#summed(values))
    if (this.sides === 1) return { own, total, ownWidth: own[0], width: total[0] }
    const ownWidth = this.#widest(own)
    return { own, total, ownWidth, width: this.#summed(ownWidth) }
  }

  #summed(values) {
    const { parent } = this.forest
    const total = values.slice()
    for (let node = total.length - 1; node > ROOT; node--) total[parent[node]] += total[node]
    return total
  }

  /** Nodes that the same functions lead to share what is the larger of their sides' sums: the first of them has it. */
  #widest(own) {
    const paths = (this.paths ??= this.#hashPaths())
    const leaves = new Map()
    for (let node = 0; node < paths.length; node++) {
      if (!own.some((values) => values[node] > 0)) continue
      const leaf = leaves.get(paths[node]) || { node, sums: own.map(() => 0) }
      own.forEach((values, side) => (leaf.sums[side] += values[node]))
      leaves.set(paths[node], leaf)
    }
    const width = new Float64Array(paths.length)
    for (const { node, sums } of leaves.values()) width[node] = Math.max(...sums)
    return width
  }

  /** Of each node, a number for the functions from the root to it: 53 bits, which no two paths of a run will share. */
  #hashPaths() {
    const { forest } = this
    const high = new Int32Array(forest.usedNodes)
    const low = new Int32Array(forest.usedNodes)
    for (let node = 1; node < forest.usedNodes; node++) {
      let a = high[forest.parent[node]]
      let b = low[forest.parent[node]]
      for (let row = forest.outermost(node); row >= forest.innermost(node); row--) {
        const mixed = Math.imul(forest.label[row] + 1, 0x9e3779b1)
        a = Math.imul((a ^ mixed) + (a >>> 13), 0x85ebca6b)
        b = Math.imul((b + mixed) ^ (b >>> 15), 0xc2b2ae35) + 1
      }
      high[node] = a
      low[node] = b
    }
    const paths = new Float64Array(forest.usedNodes)
    for (let node = 0; node < paths.length; node++) paths[node] = (high[node] & 0x1fffff) * 0x100000000 + (low[node] >>> 0)
    return paths
  }

  /** Of the width, how much is in stacks with a function whose name fits. */
  matching(measured, fits) {
    const { forest } = this
    const hit = this.names.map(fits)
    const placeHit = new Uint8Array(forest.usedPlaces)
    for (let place = 0; place < placeHit.length; place++)
      for (let row = forest.start[place]; row < forest.start[place + 1]; row++) if (hit[forest.label[row]]) placeHit[place] = 1
    const under = new Uint8Array(forest.usedNodes)
    let sum = 0
    for (let node = 1; node < under.length; node++) {
      const inside = under[forest.parent[node]]
      under[node] = inside | placeHit[forest.place[node]]
      if (!inside && under[node]) sum += measured.width[node]
    }
    return { hit, sum }
  }
}

const SYSTEM = /^(\/usr)?\/lib(32|64|x32)?\/|^\[vdso\]|^linux-vdso/

const byWidth = (a, b) => b.width - a.width

/** What a block stands for: nodes, and of each the row of names that it is at. */
function blockOf(label, parent, sides) {
  return { parent, label, depth: parent ? parent.depth + 1 : 0, width: 0, own: 0, totals: new Array(sides).fill(0), nodes: [], rows: [], leaves: [] }
}

/** The block's children in the making: that of a label, and in the end all of them. */
function group(block, sides) {
  const byLabel = new Map()
  const child = (label) => {
    if (!byLabel.has(label)) byLabel.set(label, blockOf(label, block, sides))
    return byLabel.get(label)
  }
  return { child, sorted: () => [...byLabel.values()].sort(byWidth) }
}

/** Callers above callees: blocks to draw, made as they are asked for. */
export class Downward {
  /** hidden: of each name, whether it is left out; null: none is. */
  constructor(tree, measured, hidden) {
    Object.assign(this, { tree, measured, hidden, forest: tree.forest })
    this.root = blockOf(this.forest.label[ROOT], null, tree.sides)
    this.#put(this.root, ROOT, this.forest.innermost(ROOT))
  }

  #put(block, node, row) {
    const { width, total, ownWidth } = this.measured
    block.nodes.push(node)
    block.rows.push(row)
    block.width += width[node]
    if (row === this.forest.innermost(node)) block.own += ownWidth[node]
    for (let side = 0; side < total.length; side++) block.totals[side] += total[side][node]
  }

  expand(block) {
    if (block.children) return block.children
    const { forest } = this
    const { child, sorted } = group(block, this.tree.sides)
    const { hidden, measured } = this
    const put = (node, row) => {
      if (!hidden?.[forest.label[row]]) return this.#put(child(forest.label[row]), node, row)
      if (row === forest.innermost(node)) block.own += measured.ownWidth[node]
      below(node, row)
    }
    const below = (node, row) => {
      if (row > forest.innermost(node)) return put(node, row - 1)
      for (let callee = forest.firstChild[node]; callee >= 0; callee = forest.nextChild[callee])
        if (measured.total.some((total) => total[callee] > 0)) put(callee, forest.outermost(callee))
    }
    block.nodes.forEach((node, i) => below(node, block.rows[i]))
    return (block.children = sorted())
  }
}

/** Callees above callers: the leaves' own values, by the function that allocated, then by who called it, ... */
export class Upward {
  constructor(tree, measured, hidden) {
    Object.assign(this, { tree, measured, hidden, forest: tree.forest })
    this.root = blockOf(this.forest.label[ROOT], null, tree.sides)
    for (let node = 0; node < this.forest.usedNodes; node++)
      if (measured.own.some((own) => own[node] > 0)) this.#put(this.root, node, node, NONE)
  }

  #put(block, leaf, node, row) {
    block.leaves.push(leaf)
    block.nodes.push(node)
    block.rows.push(row)
    block.width += this.measured.ownWidth[leaf]
    this.measured.own.forEach((own, side) => (block.totals[side] += own[leaf]))
  }

  expand(block) {
    if (block.children) return block.children
    const { forest } = this
    const { child, sorted } = group(block, this.tree.sides)
    block.nodes.forEach((node, i) => {
      let row = block.rows[i]
      do {
        if (row === NONE) row = forest.innermost(node) // the root's: not yet at a name
        else if (row < forest.outermost(node)) row++
        else row = (node = forest.parent[node]) > ROOT ? forest.innermost(node) : NONE
      } while (row !== NONE && node !== ROOT && this.hidden?.[forest.label[row]])
      if (row !== NONE && node !== ROOT) this.#put(child(forest.label[row]), block.leaves[i], node, row)
    })
    return (block.children = sorted())
  }
}
