// What a reader takes along: links, and stacks as text.
import { h } from './dom.js'
import { baseName } from './format.js'

/** True once the text is in the clipboard.  Without a clipboard (a page over plain HTTP) the old way is tried. */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const box = h('textarea', { class: 'hidden', 'aria-hidden': 'true' })
    box.value = text
    document.body.append(box)
    box.select()
    const good = document.execCommand('copy')
    box.remove()
    return good
  }
}

/** Says in the element's place, for a moment, whether it went well; the words are spoken too. */
async function copied(element, text) {
  const words = element.textContent
  element.textContent = (await toClipboard(text)) ? 'Copied' : 'Not copied'
  setTimeout(() => (element.textContent = words), 1500)
}

/** A link to a place in this page, which also goes to the clipboard.  what: a finding, ... */
export function linkTo(address, what) {
  const link = h('a', { class: 'link-to', href: address, title: `Copy the link to this ${what}` }, h('span', { role: 'status' }, 'Link'), h('span', { class: 'hidden' }, ` to this ${what}`))
  link.addEventListener('click', () => copied(link.firstChild, link.href))
  return link
}

export function copyButton(word, text) {
  return h('button', { type: 'button', class: 'quiet', onclick: (event) => copied(event.currentTarget, text()) }, word)
}

/** A stack as a reader would write it into a message. */
export function stackText({ frames, why }) {
  const lines = frames.map((frame, i) => {
    const where = frame.file ? `${baseName(frame.file)}${frame.line ? `:${frame.line}` : ''}` : frame.module ? baseName(frame.module) : ''
    return `#${i}`.padEnd(4) + frame.name + (where ? ` (${where})` : '') + (frame.inlined ? ' [inlined]' : '')
  })
  return [...lines, ...(why ? [`(its callers are not known: ${why})`] : [])].join('\n')
}
