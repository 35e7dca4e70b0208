// Sends EVENTS events with npm's lumberjack-client in one window, then LATER of them in windows of
// their own. Usage: send.js MODULES PORT EVENTS LATER [CA [CERT KEY]]
// The client does not look at acknowledgements: they are read here, beside it. Prints how many
// events they cover once that is all of them; it runs until it is ended otherwise.
const fs = require('fs')
const [modules, port, events, later, ca, cert, key] = process.argv.slice(2)
const Client = require(modules + '/lumberjack-client')
const options = { host: 'localhost', port: Number(port) }
if (ca) options.ca = [fs.readFileSync(ca)]
if (cert) Object.assign(options, { cert: fs.readFileSync(cert), key: fs.readFileSync(key) })
const client = new (Client.default || Client)(options, Boolean(ca))
let sent = 0
function log() {
  client.log({
    '@timestamp': '2024-02-14T21:18:29.782Z',
    '@metadata': { beat: 'packetbeat' },
    message: 'event',
    n: sent++,
  })
}

let bytes = Buffer.alloc(0)
let acked = 0 // events of windows that are acknowledged whole
let open = Number(events) // events of the window that is under way
function take(sequence) {
  if (sequence > open) throw new Error('acknowledged ' + sequence + ' of ' + open)
  if (sequence < open) return // 0: wait; or a part
  acked += open
  open = 1
  if (sent < Number(events) + Number(later)) return log()
  console.log(acked)
  process.exit()
}
client.socket.on('data', (more) => {
  bytes = Buffer.concat([bytes, more])
  for (; bytes.length >= 6; bytes = bytes.subarray(6)) {
    if (bytes.toString('latin1', 0, 2) !== '2A') throw new Error('no acknowledgement')
    take(bytes.readUInt32BE(2))
  }
})
for (let n = 0; n < Number(events); n++) log() // they wait for the connection, and leave together
setInterval(() => {}, 1000)
