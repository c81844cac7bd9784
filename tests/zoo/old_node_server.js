// A TLS server on Node 0.10, for the zoo: node [--enable-ssl3] old_node_server.js OPTIONS, where
// OPTIONS is JSON of tls.createServer's options, with key and cert as file names.
var fs = require('fs');
var tls = require('tls');

var options = JSON.parse(process.argv[2]);
options.key = fs.readFileSync(options.key);
options.cert = fs.readFileSync(options.cert);

var server = tls.createServer(options, function (connection) {
    connection.on('error', function (error) {
        console.log('connection error: ' + error.message);
    });
    connection.end();
});
server.on('clientError', function (error) {
    console.log('client error: ' + error.message);
});
// Node 0.10.0 has connections whose errors have no listener.
process.on('uncaughtException', function (error) {
    console.log('uncaught: ' + error.message);
});
server.listen(0, '127.0.0.1', function () {
    console.log('listening on ' + server.address().port);
});
