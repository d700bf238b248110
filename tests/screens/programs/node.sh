# A web server answers 300 requests, each with a file read and some JSON.
cat > server.js << 'END'
const http = require('http'), fs = require('fs')
const server = http.createServer((request, response) => fs.readFile(__filename, (error, text) =>
  response.end(JSON.stringify({ url: request.url, length: text.length, lines: String(text).split('\n') }))))
server.listen('node.sock', async () => {
  for (let i = 0; i < 300; i++)
    await new Promise((done) => http.get({ socketPath: 'node.sock', path: '/' + i }, (answer) => answer.on('data', JSON.parse).on('end', done)))
  server.close()
  server.closeAllConnections()
})
END
$WATCHED node server.js
