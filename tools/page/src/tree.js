/*
 * The call tree of one or more processes, merged by function: what flame graphs show.
 *
 * Nodes are numbers, and their parents have smaller ones.  The shape is made once; a metric adds up what allocation
 * sites have of it, from the leaves.  A million nodes take a few tenths of a second, a metric some hundredths.
 * With two sides (a comparison) a node has two values, and is as wide as the larger ones of its leaves.
 */

export const METRICS = [
  ['allocated_bytes', 'Allocated'],
  ['live_bytes', 'Live at the end'],
  ['peak_bytes', 'At the peak'],
  ['allocations', 'Calls'],
  ['temporary', 'Temporary'],
]
export const isBytes = (metric) => metric.endsWith('_bytes')

const ROOT = 0

export class Tree {
  /** processes of one side, or of two. */
  constructor(processes, sides) {
    this.sides = sides
    this.names = []
    this.modules = []
    this.nameNumbers = new Map()
    this.parent = [-1]
    this.label = [this.#name('all', '')]
    this.children = new Map()
    this.sites = [] // [process, side, node of each site]
    const several = new Set(processes.map((process) => process.label)).size > sides
    for (const process of processes) this.#add(process, several ? this.#child(ROOT, this.#name(sides > 1 ? process.exe : process.label, '')) : ROOT)
    this.children = null
    this.#link()
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

  #child(parent, name) {
    const key = parent * 0x4000000 + name
    let node = this.children.get(key)
    if (node === undefined) {
      node = this.parent.push(parent) - 1
      this.label.push(name)
      this.children.set(key, node)
    }
    return node
  }

  #add(process, top) {
    const { parent, place, placeStart, frames, texts, siteNode } = process
    const rowName = new Int32Array(frames.function.length).fill(-1)
    const merged = new Int32Array(parent.length).fill(-1)
    const path = []
    const reach = (node) => {
      for (; node >= 0 && merged[node] < 0 && path.length < 1024; node = parent[node]) path.push(node)
      let at = node >= 0 && merged[node] >= 0 ? merged[node] : top
      while (path.length) {
        const next = path.pop()
        for (let row = placeStart[place[next] + 1] - 1; row >= placeStart[place[next]]; row--) {
          if (rowName[row] < 0) rowName[row] = this.#name(process.functionName(row), texts[frames.module[row]])
          at = this.#child(at, rowName[row])
        }
        merged[next] = at
      }
      return at
    }
    const nodes = Int32Array.from(siteNode, (node) => (node < 0 ? this.#child(top, this.#name('[no stack was recorded]', '')) : reach(node)))
    this.sites.push({ process, nodes })
  }

  /** Lists of children, as links. */
  #link() {
    this.parent = Int32Array.from(this.parent)
    this.label = Int32Array.from(this.label)
    this.firstChild = new Int32Array(this.parent.length).fill(-1)
    this.nextChild = new Int32Array(this.parent.length).fill(-1)
    for (let node = this.parent.length - 1; node > ROOT; node--) {
      this.nextChild[node] = this.firstChild[this.parent[node]]
      this.firstChild[this.parent[node]] = node
    }
  }

  /** What each node has of the metric: `own` without callees, `total` with them; by side, and as drawn (`width`). */
  measure(metric) {
    const size = this.parent.length
    const own = Array.from({ length: this.sides }, () => new Float64Array(size))
    for (const { process, nodes } of this.sites) {
      const values = process.siteTable[metric]
      const sums = own[this.sides > 1 ? process.side : 0]
      for (let i = 0; i < nodes.length; i++) sums[nodes[i]] += values[i]
    }
    const ownWidth = this.sides > 1 ? own[0].map((value, i) => Math.max(value, own[1][i])) : own[0]
    const add = (values) => {
      const total = Float64Array.from(values)
      for (let node = size - 1; node > ROOT; node--) total[this.parent[node]] += total[node]
      return total
    }
    const total = own.map(add)
    return { own, total, ownWidth, width: this.sides > 1 ? add(ownWidth) : total[0] }
  }

  /** Of the width, how much is in stacks with a function whose name fits. */
  matching(measured, fits) {
    const hit = this.names.map(fits)
    const under = new Uint8Array(this.parent.length)
    let sum = 0
    for (let node = 1; node < this.parent.length; node++) {
      const inside = under[this.parent[node]]
      under[node] = inside || hit[this.label[node]] ? 1 : 0
      if (!inside && under[node]) sum += measured.width[node]
    }
    return { hit, sum }
  }
}

const byWidth = (a, b) => b.width - a.width

/** Callers above callees: blocks to draw, made as they are asked for. */
export class Downward {
  constructor(tree, measured) {
    Object.assign(this, { tree, measured })
    this.root = this.#block(ROOT, null)
  }

  #block(node, parent) {
    const { tree, measured } = this
    return { node, parent, label: tree.label[node], depth: parent ? parent.depth + 1 : 0, width: measured.width[node],
      own: measured.ownWidth[node], totals: measured.total.map((total) => total[node]) }
  }

  expand(block) {
    if (block.children) return block.children
    block.children = []
    for (let node = this.tree.firstChild[block.node]; node >= 0; node = this.tree.nextChild[node])
      if (this.measured.width[node] > 0) block.children.push(this.#block(node, block))
    return block.children.sort(byWidth)
  }
}

/** Callees above callers: the leaves' own values, by the function that allocated, then by who called it, ... */
export class Upward {
  constructor(tree, measured) {
    Object.assign(this, { tree, measured })
    const leaves = []
    for (let node = 0; node < tree.parent.length; node++) if (measured.ownWidth[node] > 0) leaves.push(node)
    this.root = this.#block(tree.label[ROOT], null)
    for (const leaf of leaves) this.#put(this.root, leaf, leaf)
  }

  #block(label, parent) {
    return { parent, label, depth: parent ? parent.depth + 1 : 0, width: 0, own: 0, totals: this.measured.own.map(() => 0), leaves: [], at: [] }
  }

  #put(block, leaf, at) {
    block.leaves.push(leaf)
    block.at.push(at)
    block.width += this.measured.ownWidth[leaf]
    this.measured.own.forEach((own, side) => (block.totals[side] += own[leaf]))
  }

  expand(block) {
    if (block.children) return block.children
    const byLabel = new Map()
    block.at.forEach((node, i) => {
      if (node === ROOT) return
      const label = this.tree.label[node]
      if (!byLabel.has(label)) byLabel.set(label, this.#block(label, block))
      this.#put(byLabel.get(label), block.leaves[i], this.tree.parent[node])
    })
    block.children = [...byLabel.values()]
    return block.children.sort(byWidth)
  }
}
