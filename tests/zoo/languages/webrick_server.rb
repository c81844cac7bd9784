# WEBrick's HTTPS server, for the zoo: ruby webrick_server.rb CHAIN KEY. Everything else is its default.
require "webrick"
require "webrick/https"

leaf, *issuers = OpenSSL::X509::Certificate.load_file(ARGV[0])
server = WEBrick::HTTPServer.new(
  BindAddress: "127.0.0.1",
  Port: 0,
  SSLEnable: true,
  SSLCertificate: leaf,
  SSLExtraChainCert: issuers,
  SSLPrivateKey: OpenSSL::PKey.read(File.read(ARGV[1])),
  AccessLog: [],
  StartCallback: -> {
    puts "listening on #{server.listeners.first.to_io.local_address.ip_port}"
    $stdout.flush
  },
)
trap("TERM") { server.shutdown }
server.start
