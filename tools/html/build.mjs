// Makes page.html: one file with the style and the program in it, and marks where `ringtail` puts the run.
// usage: node build.mjs DIRECTORY     where node_modules is, and page.html goes
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = join(dirname(fileURLToPath(import.meta.url)), 'src')
const directory = resolve(process.argv[2])
const esbuild = createRequire(join(directory, 'package.json'))('esbuild')

async function bundle(entry) {
  const result = await esbuild.build({
    entryPoints: [join(source, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['chrome100', 'firefox113', 'safari16.4'],
    legalComments: 'inline',
    nodePaths: [join(directory, 'node_modules')],
    logLevel: 'warning',
  })
  return result.outputFiles[0].text.trim()
}

const script = (await bundle('main.js')).replaceAll('</script', '<\\/script')
const style = await bundle('style.css')
const parts = {
  '@STYLE@': style,
  '@SCRIPT@': script,
  // The browser runs this script and no other, whatever may have come into the page.
  '@SCRIPT_HASH@': createHash('sha256').update(script).digest('base64'),
}
const page = readFileSync(join(source, 'page.html'), 'utf8').replace(/@(STYLE|SCRIPT|SCRIPT_HASH)@/g, (mark) => parts[mark])
for (const mark of ['@TABLES@', '@RUN@']) if (page.split(mark).length !== 2) throw new Error(`the page must have ${mark} exactly once`)
writeFileSync(join(directory, 'page.html'), page)
