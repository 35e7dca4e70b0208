// Sends EVENTS events with npm's lumberjack-client. Usage: send.js MODULES PORT EVENTS [CA]
// It has no word for "all acknowledged": it runs until it is ended.
const fs = require('fs')
const [modules, port, events, ca] = process.argv.slice(2)
const Client = require(modules + '/lumberjack-client')
const options = { host: 'localhost', port: Number(port) }
if (ca) options.ca = [fs.readFileSync(ca)]
const client = new (Client.default || Client)(options, Boolean(ca))
for (let n = 0; n < Number(events); n++) {
  client.log({
    '@timestamp': '2024-02-14T21:18:29.782Z',
    '@metadata': { beat: 'packetbeat' },
    message: 'event',
    n,
  })
}
setInterval(() => {}, 1000)
