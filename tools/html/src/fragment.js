// The part of the page's address behind '#': which part is shown, of which process, and what is opened in it.
// "#memory?process=3&site=17".  It says all of that, so a link that was copied shows the same after a reload.

export function readFragment(text = location.hash) {
  const [part, rest = ''] = text.slice(1).split('?')
  return { part, values: new URLSearchParams(rest) }
}

/** values: what is null or undefined is left out. */
export function fragment(part, values = {}) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined)
  return given.length ? `#${part}?${new URLSearchParams(given)}` : `#${part}`
}

/** Shows it as the page's address, without going there. */
export const replaceFragment = (text) => history.replaceState(null, '', text)
