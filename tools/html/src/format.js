// Numbers, as the text reports write them.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
const group = new Intl.NumberFormat('en-US')

const MINUS = '−'
export const count = (number) => group.format(Math.round(number)).replace('-', MINUS)

export function bytes(number) {
  let unit = 0
  let value = Math.abs(number)
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit && value < 100 ? 1 : 0
  return `${number < 0 ? MINUS : ''}${value.toFixed(digits)} ${UNITS[unit]}`
}

export function seconds(number) {
  if (number === null || number === undefined) return '–'
  if (number < 0) return MINUS + seconds(-number)
  if (number === 0) return '0 s'
  if (number < 1e-3) return `${(number * 1e6).toFixed(number < 1e-5 ? 1 : 0)} µs`
  if (number < 1) return `${(number * 1e3).toFixed(number < 0.01 ? 2 : number < 0.1 ? 1 : 0)} ms`
  if (number < 120) return `${number.toFixed(2)} s`
  return `${Math.floor(number / 60)} min ${Math.round(number % 60)} s`
}

export function percent(part, whole) {
  if (!whole) return '–'
  if (!part) return '0 %'
  const value = (100 * part) / whole
  return value > 0 && value < 0.1 ? '<0.1 %' : `${value.toFixed(value < 10 ? 1 : 0)} %`
}

export const signed = (format) => (number) => (number > 0 ? '+' : '') + format(number)
export const plural = (number, one, many = one + 's') => `${count(number)} ${number === 1 ? one : many}`
export const baseName = (path) => (path ? path.slice(path.lastIndexOf('/') + 1) : '?')
