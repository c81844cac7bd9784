// One ClientHello of Node 0.10, for the zoo: node [--enable-ssl3] old_node_client.js PORT OPTIONS,
// where OPTIONS is JSON of tls.connect's options. Its cipher suites are OpenSSL 1.0.1's own word.
var tls = require('tls');

var options = JSON.parse(process.argv[3]);
options.host = '127.0.0.1';
options.port = Number(process.argv[2]);
options.rejectUnauthorized = false;
tls.connect(options).on('error', function () {
    process.exit(0);
});
